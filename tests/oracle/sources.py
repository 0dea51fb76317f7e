"""Every source table, rebuilt from the raw files by the rules of its contract, and compared with the lake.

What one file says about itself (types, NOT NULL, CHECK, keys twice) is judged once and kept as Parquet in a scratch
folder, by month of arrival (large files on their own) and under a key of paths, sizes and times; a night then reads only
what is new. What files say together (the newest file, the winning row) is worked out each time.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from clock import sql_unclear
from contracts import Contract, literal, quote, read_contract
from project import Project
from records import RawFile, batches, find_files
from spelling import stored_type, typed_value

HERE = Path(__file__).parent
LARGE_FILE = 4 * 1024 * 1024


@dataclass(frozen=True)
class Rebuilt:
    """A source as the oracle has it: `kept.<name>` holds its rows, `judged.<name>` every record of its files."""

    contract: Contract
    files: tuple[RawFile, ...]


def reasons(contract: Contract, zone: str) -> list[str]:
    """SQL that gives a reason to refuse the row, or NULL, for everything that one row can break."""
    found = ["_fault"]
    needed = set(contract.upsert.key + (contract.upsert.watermark,)) if contract.upsert else set()
    for column in contract.columns:
        name, text = quote(column.name), quote("text_" + column.name)
        if column.type != "VARCHAR":
            found.append(
                f"CASE WHEN {text} IS NOT NULL AND {name} IS NULL THEN {literal(f'{column.name} is no {column.type}')} END"
            )
        if not column.nullable or column.name in needed:
            found.append(f"CASE WHEN {text} IS NULL AND _fault IS NULL THEN {literal(f'{column.name} is missing')} END")
        if column.type == "TIMESTAMP" and contract.ambiguous == "review":
            unclear = sql_unclear(name, zone)
            if unclear != "false":
                found.append(f"CASE WHEN {unclear} THEN {literal(f'{column.name} is no clear local time')} END")
    found += [f"CASE WHEN NOT ({check}) THEN {literal('CHECK ' + check)} END" for check in contract.checks]
    return found


def texts_query(contract: Contract, records: str) -> str:
    """SQL that gives every record with its fields as text, empty ones as NULL."""
    hidden = "_date, _file, _line, _text, _fault"
    if contract.format == "csv":
        fields = [f"nullif({quote('text_' + c.name)}, '') AS {quote('text_' + c.name)}" for c in contract.columns]
        return f"SELECT {', '.join(fields)}, {hidden} FROM {records}"
    if contract.format == "jsonl":
        fields = []
        for column in contract.columns:
            path = literal(f'$."{column.name}"')
            fields.append(f"json_extract_string(_object, {path}) AS {quote('text_' + column.name)}")
        fault = (
            "coalesce(_fault, CASE WHEN NOT json_valid(_text) THEN 'not JSON' "
            "WHEN json_type(CASE WHEN json_valid(_text) THEN _text END) <> 'OBJECT' THEN 'not a JSON object' END)"
        )
        return (
            f"SELECT {', '.join(fields)}, {hidden} FROM (SELECT _date, _file, _line, _text, {fault} AS _fault, "
            f"CASE WHEN {fault} IS NULL THEN _text END AS _object FROM {records})"
        )
    fields = [f"CAST({quote(c.name)} AS VARCHAR) AS {quote('text_' + c.name)}" for c in contract.columns]
    return f"SELECT {', '.join(fields)}, {hidden} FROM {records}"


def parquet_records(files: list[RawFile]) -> str:
    """SQL that reads Parquet files with the hidden columns of every record."""
    paths = ", ".join(literal(file.path) for file in files)
    return (
        "(SELECT *, parse_path(filename)[-2] AS _date, parse_path(filename)[-2] || '/' || parse_filename(filename) "
        "AS _file, file_row_number + 1 AS _line, NULL::VARCHAR AS _text, NULL::VARCHAR AS _fault "
        f"FROM read_parquet([{paths}], union_by_name = true, filename = true, file_row_number = true))"
    )


def judging_query(contract: Contract, zone: str, records: str) -> str:
    """SQL that gives every record with its values and the reason, if any, for which it goes to review."""
    names = ", ".join(quote(column.name) for column in contract.columns)
    values = ", ".join(f"{typed_value(column, contract, zone)} AS {quote(column.name)}" for column in contract.columns)
    reason = f"nullif(concat_ws('; ', {', '.join(reasons(contract, zone))}), '')"
    twice = "NULL::VARCHAR"
    if contract.load != "upsert" and contract.primary_key:
        key = ", ".join(quote(name) for name in contract.primary_key)
        turn = f"row_number() OVER (PARTITION BY _file, _reason IS NULL, {key} ORDER BY _line)"
        twice = f"CASE WHEN _reason IS NULL AND {turn} > 1 THEN {literal(f'key {key} comes twice')} END"
    return f"""
        WITH texts AS ({texts_query(contract, records)}),
        typed AS (SELECT *, {values} FROM texts),
        judged AS (SELECT {names}, _date, _file, _line, _text, {reason} AS _reason FROM typed)
        SELECT {names}, _date, _file, _line, coalesce(_reason, {twice}) AS _reason,
            CASE WHEN coalesce(_reason, {twice}) IS NOT NULL THEN _text END AS _text FROM judged"""


def code_stamp() -> str:
    """Changes whenever the reading or judging of raw files may change."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    for name in ("sources.py", "records.py", "contracts.py", "clock.py", "spelling.py", "functions.sql"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


class Rebuilder:
    """Rebuilds the sources of a project in one connection, up to a date."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, project: Project, incoming: Path, scratch: Path) -> None:
        self.connection = connection
        self.project = project
        self.incoming = incoming
        self.scratch = scratch
        self.stamp = code_stamp()
        connection.execute("CREATE SCHEMA IF NOT EXISTS kept")
        connection.execute("CREATE SCHEMA IF NOT EXISTS judged")

    def rebuild_all(self, until: date) -> dict[str, Rebuilt]:
        """Makes a table of every source; `main.<name>` shows what the project's SQL sees of it."""
        return {name: self.rebuild(name, until) for name in self.project.sources}

    def rebuild(self, name: str, until: date) -> Rebuilt:
        """Makes `judged.<name>`, `kept.<name>` and the view `<name>`."""
        contract = read_contract(self.connection, self.project.sources[name])
        files = find_files(self.incoming, contract.file)
        counted = [file for file in files if file.date <= until.isoformat()]
        if contract.load == "full":
            files = counted = [file for file in counted if file.size > 0][-1:]
        judged = [self.judge(contract, label, group) for label, group in groups(files).items()]
        self.keep(contract, [path for path in judged if path is not None], until)
        return Rebuilt(contract, tuple(counted))

    def judge(self, contract: Contract, label: str, files: list[RawFile]) -> Path | None:
        """The judged records of a group of files, from the scratch folder where they are there already."""
        filled = [file for file in files if file.size > 0]
        if not filled:
            return None
        key = hashlib.sha256(repr((self.stamp, self.project.zone, contract, files)).encode()).hexdigest()
        place = hashlib.sha256(str(self.incoming.absolute()).encode()).hexdigest()[:16]
        path = self.scratch / place / f"{contract.name}.{label}.{key[:32]}.parquet"
        if path.exists():
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        earlier = list(path.parent.glob(f"{contract.name}.{label}.*.parquet"))
        if contract.format == "parquet":
            records = parquet_records(filled)
        else:
            self.connection.register("raw_records", batches(filled, contract))
            records = "raw_records"
        partial = path.with_suffix(f".{os.getpid()}.partial")
        query = judging_query(contract, self.project.zone, records)
        self.connection.execute(f"COPY ({query}) TO {literal(partial)} (FORMAT parquet)")
        if contract.format != "parquet":
            self.connection.unregister("raw_records")
        partial.rename(path)
        for old in earlier:
            old.unlink(missing_ok=True)
        return path

    def keep(self, contract: Contract, judged: list[Path], until: date) -> None:
        """The tables of one source out of its judged records."""
        name = quote(contract.name)
        columns = ", ".join(quote(column.name) for column in contract.columns)
        if judged:
            records = f"read_parquet([{', '.join(literal(path) for path in judged)}])"
        else:
            nothing = ", ".join(f"NULL::{stored_type(column)} AS {quote(column.name)}" for column in contract.columns)
            hidden = "'' AS _date, '' AS _file, 0::BIGINT AS _line, NULL::VARCHAR AS _reason, NULL::VARCHAR AS _text"
            records = f"(SELECT {nothing}, {hidden} WHERE false)"
        self.connection.execute(
            f"CREATE OR REPLACE VIEW judged.{name} AS SELECT * FROM {records} WHERE _date <= {literal(until)}"
        )
        valid = f"FROM judged.{name} WHERE _reason IS NULL"
        if contract.upsert is None:
            query = f"SELECT {columns}, _file, _line {valid}"
            visible = ""
        else:
            key = ", ".join(quote(column) for column in contract.upsert.key)
            order = f"{quote(contract.upsert.watermark)} DESC, _file DESC, _line DESC"
            deleted = f"coalesce(CAST(({contract.upsert.delete_when or 'false'}) AS BOOLEAN), false)"
            query = (
                f"SELECT {columns}, _file, _line, {deleted} AS _deleted {valid} "
                f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}) = 1"
            )
            visible = "WHERE NOT _deleted"
        self.connection.execute(f"CREATE OR REPLACE TABLE kept.{name} AS {query}")
        self.connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {columns} FROM kept.{name} {visible}")


def groups(files: list[RawFile]) -> dict[str, list[RawFile]]:
    """Files that are judged together: those of a month, but a large one alone, as it is not worth doing it again for a small."""
    found: dict[str, list[RawFile]] = {}
    for file in files:
        found.setdefault(file.date if file.size > LARGE_FILE else file.date[:7], []).append(file)
    return found
