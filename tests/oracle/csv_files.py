"""Delivered CSV files, compressed and split ones too, as a table with the report's types."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import duckdb

from compare import Typed, columns_of
from contracts import literal, quote
from outcome import Outcome

SUFFIX = {"": ".csv", "gzip": ".csv.gz", "zstd": ".csv.zst"}
# Types whose text has just one right form, which is DuckDB's own.
ONE_FORM = frozenset({"integer", "decimal", "date", "boolean"})


def load(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    stem: str,
    options: dict[str, Any],
    where: str,
    outcome: Outcome,
) -> bool:
    """Makes the table `file_actual` of all parts; false where there is nothing that could be compared."""
    suffix = SUFFIX[options.get("compress") or ""]
    if options.get("rows_per_file"):
        paths = listed_parts(folder, stem, suffix, int(options["rows_per_file"]), where, outcome)
    else:
        paths = [folder / f"{stem}{suffix}"]
    missing = [path for path in paths if not path.is_file()]
    if missing or not paths:
        outcome.differs(where, f"there is no file {missing[0] if missing else folder / f'{stem}-0001{suffix}'}")
        return False
    columns = columns_of(connection, "report_expected")
    return read_texts(connection, paths, columns, options, where, outcome) and cast(connection, columns, where, outcome)


def listed_parts(folder: Path, stem: str, suffix: str, most: int, where: str, outcome: Outcome) -> list[Path]:
    """The parts that <stem>.parts.csv names, checked against what it says of them and against what else lies there."""
    listing = folder / f"{stem}.parts.csv"
    if not listing.is_file():
        outcome.differs(where, f"there is no list of parts {listing}")
        return []
    with listing.open(encoding="utf-8", newline="") as stream:
        parts = list(csv.DictReader(stream))
    paths = [folder / part["file"] for part in parts]
    lying_there = sorted(folder.glob(f"{stem}-[0-9][0-9][0-9][0-9]{suffix}"))
    if sorted(paths) != lying_there:
        outcome.differs(where, f"the list names {len(paths)} parts, {len(lying_there)} lie there")
    for number, (part, path) in enumerate(zip(parts, paths), start=1):
        if path.name != f"{stem}-{number:04}{suffix}":
            outcome.differs(where, f"part {number} is called {path.name}")
        rows = int(part["rows"])
        if rows > most or (rows < most and number < len(parts)):
            outcome.differs(where, f"{path.name} has {rows} rows; every part but the last should have {most}")
        if path.is_file():
            content = path.read_bytes()
            if (len(content), hashlib.sha256(content).hexdigest()) != (int(part["bytes"]), part["sha256"]):
                outcome.differs(where, f"{path.name} is not the file that the list of parts describes")
    return paths


def read_texts(
    connection: duckdb.DuckDBPyConnection,
    paths: list[Path],
    columns: list[Typed],
    options: dict[str, Any],
    where: str,
    outcome: Outcome,
) -> bool:
    """Makes the table `file_text` with every field as text: nothing between commas is NULL, `""` is the empty text."""
    delimiter = options.get("delimiter", ",")
    for path in paths:
        header = header_of(connection, path, delimiter)
        if header != [column.name for column in columns]:
            outcome.differs(where, f"{path.name} has the header {', '.join(header)}")
            return False
    texts = ", ".join(f"{literal(column.name)}: 'VARCHAR'" for column in columns)
    # Files of one column write NULL as "" too, as an empty line would be lost.
    quoted_nulls = "true" if len(columns) == 1 else "false"
    try:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE file_text AS "
            + " UNION ALL ".join(
                f"SELECT * FROM read_csv({literal(path)}, header = true, auto_detect = false, delim = {literal(delimiter)}, "
                f"quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = {quoted_nulls}, new_line = '\\r\\n', "
                f"columns = {{{texts}}})"
                for path in paths
            )
        )
    except duckdb.Error as error:
        outcome.differs(where, f"DuckDB cannot read it: {error}")
        return False
    return True


def header_of(connection: duckdb.DuckDBPyConnection, path: Path, delimiter: str) -> list[str]:
    """The names in a file's first line."""
    row = connection.execute(
        f"SELECT * FROM read_csv({literal(path)}, header = false, auto_detect = false, delim = '\\0', quote = '', "
        "escape = '', columns = {'line': 'VARCHAR'}) LIMIT 1"
    ).fetchone()
    return next(csv.reader([row[0]], delimiter=delimiter)) if row else []


def cast(connection: duckdb.DuckDBPyConnection, columns: list[Typed], where: str, outcome: Outcome) -> bool:
    """Makes `file_actual` out of `file_text`; a text that is no value of its column's type is a difference."""
    fine = True
    for column in columns:
        name, value = quote(column.name), f"TRY_CAST({quote(column.name)} AS {column.type})"
        wrong = f"{name} IS NOT NULL AND {value} IS NULL"
        if column.family in ONE_FORM:
            wrong = f"{name} IS NOT NULL AND ({value} IS NULL OR CAST({value} AS VARCHAR) <> {name})"
        row = connection.execute(f"SELECT count(*), min({name}) FROM file_text WHERE {wrong}").fetchone()
        if row and row[0]:
            outcome.differs(
                where, f"{row[0]} fields of {column.name} are not written as {column.type}, such as `{row[1]}`"
            )
            fine = False
    values = ", ".join(f"TRY_CAST({quote(column.name)} AS {column.type}) AS {quote(column.name)}" for column in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE file_actual AS SELECT {values} FROM file_text")
    return fine
