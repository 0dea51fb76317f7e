"""Whether both sides gave the same rows: without that no time means anything.

Compares as the oracle does (tests/oracle/compare.py): everything equal, doubles within 1e-12, decimal averages within one unit
in the last place; reports also in the order of their rows.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "oracle"))

import reports as report_checks  # noqa: E402
import rewrites as rewrite_list  # noqa: E402
from compare import Pair, compare  # noqa: E402
from contracts import literal  # noqa: E402
from outcome import Outcome  # noqa: E402
from project import Definition, Project, load  # noqa: E402
from queries import averages  # noqa: E402
from session import connect, lake_table, utc_of_lake  # noqa: E402

FROZEN = load(Path(__file__).parent / "project")


def open_session(threads: int) -> duckdb.DuckDBPyConnection:
    """A connection for checks; it has nothing to do with the one that is measured."""
    return connect(None, rewrite_list.load(), threads)


def source_rows(lake: Path, threads: int, project: Project = FROZEN) -> dict[str, int]:
    """Rows of every source table."""
    connection = open_session(threads)
    counts = {}
    for name in project.sources:
        row = connection.execute(f"SELECT count(*) FROM {lake_table(lake, 'source', name)}").fetchone()
        counts[name] = row[0] if row else 0
    return counts


def same_rows(kind: str, lake: Path, results: Path, threads: int, project: Project = FROZEN) -> Outcome:
    """Compares every table of a kind, `rollup` or `report`, in the lake with DuckDB's file."""
    connection = open_session(threads)
    outcome = Outcome()
    for definition in (project.rollups if kind == "rollup" else project.reports).values():
        where = f"{kind}/{definition.name}"
        with outcome.reading(where):
            check_table(connection, definition, lake, results, outcome)
    return outcome


def check_table(
    connection: duckdb.DuckDBPyConnection, definition: Definition, lake: Path, results: Path, outcome: Outcome
) -> None:
    """Compares one table."""
    where = f"{definition.kind}/{definition.name}"
    actual = lake_table(lake, definition.kind, definition.name)
    if actual is None:
        outcome.differs(where, f"there is no Delta table {lake / where}")
        return
    rewrites = rewrite_list.load()
    loose = averages(connection, rewrites.apply(where, definition.sql))
    expected = utc_of_lake(connection, f"read_parquet({literal(results / f'{definition.name}.parquet')})")
    pair = Pair(where, expected, utc_of_lake(connection, actual), loose)
    if compare(connection, pair, rewrites, outcome) and definition.kind == "report":
        # The table was made by one commit; the names of its files end with their number.
        files = sorted((lake / where).glob("*.parquet"), key=lambda file: file.name.split("-")[1])
        listed = ", ".join(literal(file) for file in files)
        written = utc_of_lake(connection, f"read_parquet([{listed}])")
        connection.execute(f"CREATE OR REPLACE TEMP VIEW file_actual AS SELECT * FROM {written}")
        report_checks.check_order(connection, expected, loose, where, outcome)
