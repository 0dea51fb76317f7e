"""Every rollup's SELECT, run as it stands over the rebuilt sources, against the Delta table that the engine keeps."""

from __future__ import annotations

from pathlib import Path

import duckdb

from compare import Pair, compare
from contracts import quote
from outcome import Outcome
from project import Project, ProjectError
from queries import averages, in_order
from rewrites import Rewrites
from session import lake_table, utc_of_lake, utc_of_oracle


def compute(connection: duckdb.DuckDBPyConnection, project: Project, rewrites: Rewrites, outcome: Outcome) -> list[str]:
    """Makes a table of every rollup, finer before coarser where one reads the other; gives the names that came out."""
    sqls = {name: rewrites.apply(f"rollup/{name}", rollup.sql) for name, rollup in project.rollups.items()}
    try:
        order = in_order(connection, project.rollups, sqls)
    except ProjectError as error:
        outcome.differs("rollups", str(error))
        return []
    made = []
    for name in order:
        try:
            connection.execute(f"CREATE OR REPLACE TABLE {quote(name)} AS {sqls[name]}")
            made.append(name)
        except duckdb.Error as error:
            outcome.differs(f"rollup/{name}", f"DuckDB cannot run its SELECT: {error}")
    return made


def check(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    rewrites: Rewrites,
    lake: Path,
    names: list[str],
    outcome: Outcome,
) -> None:
    """Compares the rollups, which `compute` made, with the lake."""
    for name in names:
        where = f"rollup/{name}"
        relation = lake_table(lake, "rollup", name)
        if relation is None:
            outcome.differs(where, f"there is no Delta table {lake / where}")
            continue
        with outcome.reading(where):
            pair = Pair(
                where,
                utc_of_oracle(connection, quote(name), project),
                utc_of_lake(connection, relation),
                rewrites.averages_of(where) | averages(connection, rewrites.apply(where, project.rollups[name].sql)),
                where in rewrites.may_be_empty,
            )
            compare(connection, pair, rewrites, outcome)
