"""One DuckDB connection, set up as every part of the oracle needs it."""

from __future__ import annotations

import tempfile
from importlib.resources import files
from pathlib import Path

import duckdb

from clock import sql_of_bucket, sql_to_utc
from contracts import literal, quote
from project import Project
from rewrites import Rewrites

HERE = Path(__file__).parent


def connect(project: Project | None, rewrites: Rewrites, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A connection with the delta extension, the settings of rewrites.yaml and the project's functions."""
    connection = duckdb.connect(config={"temp_directory": tempfile.gettempdir() + "/nightshift-oracle-spill"})
    if threads is not None:
        connection.execute(f"SET threads = {threads}")
    for name, value in rewrites.settings:
        connection.execute(f"SET {name} = {literal(value)}")
    connection.execute(f"LOAD {literal(delta_extension(connection))}")
    if project is not None:
        define_functions(connection, project)
    return connection


def delta_extension(connection: duckdb.DuckDBPyConnection) -> Path:
    """The delta extension that pip installed, loaded from where it lies: nothing goes to the user's DuckDB folder."""
    row = connection.execute("PRAGMA version").fetchone()
    assert row is not None
    folder = Path(str(files("duckdb_extension_delta"))) / "extensions" / row[0]
    return folder / "delta.duckdb_extension"


def define_functions(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """The macros of functions.sql, and what they know of the project's calendar."""
    connection.execute("CREATE SCHEMA calendar")
    connection.execute("CREATE TABLE calendar.holiday (day DATE PRIMARY KEY)")
    if project.holidays:
        connection.executemany("INSERT INTO calendar.holiday VALUES (?)", [[day] for day in sorted(project.holidays)])
    start = project.day_starts_at
    connection.execute(
        f"CREATE MACRO calendar.day_start() AS INTERVAL ({start.hour * 3600 + start.minute * 60 + start.second}) SECOND"
    )
    connection.execute(f"CREATE MACRO calendar.fiscal_year_starts() AS {project.fiscal_year_starts}")
    instant = sql_to_utc(quote("moment"), project.zone, project.ambiguous)
    connection.execute(f"CREATE MACRO calendar.epoch(moment) AS epoch({instant})")
    connection.execute((HERE / "functions.sql").read_text(encoding="utf-8"))


def lake_table(lake: Path, kind: str, name: str) -> str | None:
    """SQL that reads a Delta table with DuckDB's delta extension; None where there is none."""
    folder = lake / kind / name
    return f"delta_scan({literal(folder)})" if (folder / "_delta_log").is_dir() else None


def is_hidden(column: str) -> bool:
    """Columns of the engine's own that a reader is told to ignore."""
    return column.startswith(("_state_", "_part_"))


def described(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    """Names and types of a relation's columns."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return [(row[0], row[1]) for row in rows]


def utc_of_lake(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """A query over a lake table: visible columns, instants as naive UTC."""
    values = []
    for name, kind in described(connection, relation):
        if not is_hidden(name):
            value = f"timezone('UTC', {quote(name)})" if kind == "TIMESTAMP WITH TIME ZONE" else quote(name)
            values.append(f"{value} AS {quote(name)}")
    return f"(SELECT {', '.join(values)} FROM {relation})"


def utc_of_oracle(connection: duckdb.DuckDBPyConnection, relation: str, project: Project) -> str:
    """A query over an oracle table: naive local times as naive UTC."""
    values = []
    for name, kind in described(connection, relation):
        if kind == "TIMESTAMP":
            value = sql_of_bucket(quote(name), project.zone, project.ambiguous)
        elif kind == "TIMESTAMP WITH TIME ZONE":
            value = f"timezone('UTC', {quote(name)})"
        else:
            value = quote(name)
        values.append(f"{value} AS {quote(name)}")
    return f"(SELECT {', '.join(values)} FROM {relation})"
