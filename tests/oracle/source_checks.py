"""The rebuilt sources against the lake: source/<name> row by row, review/<name> record by record."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from compare import Pair, compare, count
from contracts import literal, quote
from outcome import Outcome
from project import Project
from rewrites import Rewrites
from session import described, lake_table, utc_of_lake, utc_of_oracle
from sources import Rebuilt

REVIEW_COLUMNS = ("file", "hash", "line", "reasons", "record")


def check(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    rewrites: Rewrites,
    lake: Path,
    rebuilt: dict[str, Rebuilt],
    outcome: Outcome,
) -> None:
    """Compares every rebuilt source with its two tables in the lake."""
    for name, source in rebuilt.items():
        conserve(connection, name, source, outcome)
        relation = lake_table(lake, "source", name)
        if relation is None:
            outcome.differs(f"source/{name}", f"there is no Delta table {lake / 'source' / name}")
            continue
        with outcome.reading(f"source/{name}"):
            compare_rows(connection, project, rewrites, source, relation, outcome)
        with outcome.reading(f"review/{name}"):
            check_review(connection, rewrites, lake, source, outcome)


def compare_rows(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    rewrites: Rewrites,
    source: Rebuilt,
    relation: str,
    outcome: Outcome,
) -> None:
    """Compares the contract's columns, in their order, and the hidden ones that say where each row came from."""
    name = source.contract.name
    where = f"source/{name}"
    kept = f"kept.{quote(name)}"
    wanted = [column for column, _ in described(connection, kept)]
    present = [column for column, _ in described(connection, relation)]
    visible = [column for column in present if not column.startswith("_")]
    if visible != [column for column in wanted if not column.startswith("_")]:
        outcome.differs(where, f"its columns are {', '.join(visible)}, which is not what the contract says")
        return
    missing = [column for column in wanted if column not in present]
    if missing:
        outcome.differs(where, f"has no column {', '.join(missing)}")
        return
    columns = ", ".join(quote(column) for column in wanted)
    pair = Pair(
        where,
        utc_of_oracle(connection, kept, project),
        f"(SELECT {columns} FROM {utc_of_lake(connection, relation)})",
        may_be_empty=where in rewrites.may_be_empty,
    )
    compare(connection, pair, rewrites, outcome)


def conserve(connection: duckdb.DuckDBPyConnection, name: str, source: Rebuilt, outcome: Outcome) -> None:
    """Says how the records of a source's files were judged; each is kept or goes to review."""
    judged = f"judged.{quote(name)}"
    records = count(connection, judged)
    valid = count(connection, f"{judged} WHERE _reason IS NULL")
    review = count(connection, f"{judged} WHERE _reason IS NOT NULL")
    kept = count(connection, f"kept.{quote(name)}")
    outcome.note(
        f"source/{name}: {len(source.files)} files, {records} records = {valid} valid + {review} for review; {kept} rows kept"
    )
    if source.contract.upsert is None and kept != valid:
        outcome.differs(f"source/{name}", f"{valid} records are valid but {kept} rows were kept: a fault of the oracle")


def hash_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_review(
    connection: duckdb.DuckDBPyConnection,
    rewrites: Rewrites,
    lake: Path,
    source: Rebuilt,
    outcome: Outcome,
) -> None:
    """The review table has the file, line and text of each record that breaks the contract, each once, with a reason.

    Rows about earlier bytes of a corrected file are history and left out by the file's hash.
    """
    name = source.contract.name
    where = f"review/{name}"
    records = f"judged.{quote(name)} WHERE _reason IS NOT NULL"
    relation = lake_table(lake, "review", name)
    if relation is None:
        if count(connection, records):
            outcome.differs(
                where, f"there is no Delta table, but {count(connection, records)} records break the contract"
            )
        return
    present = {column for column, _ in described(connection, relation)}
    missing = [column for column in REVIEW_COLUMNS if column not in present]
    if missing:
        outcome.differs(where, f"has no column {', '.join(missing)}")
        return
    bad = f"(SELECT DISTINCT _file FROM {records} UNION SELECT DISTINCT file FROM {relation})"
    concerned = {row[0] for row in connection.execute(f"SELECT * FROM {bad}").fetchall()}
    hashes = [(one.identity, hash_of(one.path)) for one in source.files if one.identity in concerned]
    values = ", ".join(f"({literal(identity)}, {literal(value)})" for identity, value in hashes) or "('', '')"
    # A row of a Parquet file has no text of its own: there must be one, whichever it is.
    is_parquet = source.contract.format == "parquet"
    expected, actual = ("true", "coalesce(record, '') <> ''") if is_parquet else ("_text", "record")
    pair = Pair(
        where,
        f"(SELECT _file AS file, _line AS line, {expected} AS record, true AS reasoned FROM {records})",
        f"(SELECT file, line, {actual} AS record, coalesce(reasons, '') <> '' AS reasoned "
        f"FROM {relation} WHERE (file, hash) IN (VALUES {values}))",
        may_be_empty=True,
    )
    compare(connection, pair, rewrites, outcome)
