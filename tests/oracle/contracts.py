"""Source contracts, read by letting DuckDB execute each `CREATE TABLE` as it stands and asking it what it understood."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Optional

import duckdb

from project import Definition, ProjectError

EXTENSIONS = {"csv": "csv", "jsonl": "jsonl", "parquet": "parquet"}


@dataclass(frozen=True)
class Column:
    """A column of a contract, with DuckDB's name of its type."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True)
class Upsert:
    """How rows of an upsert source replace one another."""

    key: tuple[str, ...]
    watermark: str
    delete_when: Optional[str]


@dataclass(frozen=True)
class Contract:
    """What a source promises. `load` is append, full or upsert."""

    name: str
    format: str
    file: str
    delimiter: str
    load: str
    upsert: Optional[Upsert]
    ambiguous: str
    columns: tuple[Column, ...]
    checks: tuple[str, ...]
    primary_key: tuple[str, ...]


def quote(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """A SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def read_load(definition: Definition) -> tuple[str, Optional[Upsert]]:
    """The header's `load`: a word, or an upsert with its key."""
    load: Any = definition.header.get("load", "append")
    if isinstance(load, str):
        return load, None
    rules = load["upsert"]
    key = rules["key"]
    columns = (key,) if isinstance(key, str) else tuple(key)
    return "upsert", Upsert(columns, rules["watermark"], rules.get("delete_when"))


def read_contract(connection: duckdb.DuckDBPyConnection, definition: Definition) -> Contract:
    """Executes a contract in a schema of its own and describes the table that came out."""
    connection.execute("CREATE OR REPLACE SCHEMA contract")
    connection.execute("USE contract")
    try:
        connection.execute(definition.sql)
    except duckdb.Error as error:
        raise ProjectError(f"{definition.path}: DuckDB does not understand the contract: {error}") from error
    finally:
        connection.execute("USE main")
    described = connection.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE schema_name = 'contract' AND table_name = ? ORDER BY column_index",
        [definition.name],
    ).fetchall()
    if not described:
        raise ProjectError(f"{definition.path}: creates no table `{definition.name}`")
    constraints = connection.execute(
        "SELECT constraint_type, expression, constraint_column_names FROM duckdb_constraints() "
        "WHERE schema_name = 'contract' AND table_name = ? ORDER BY constraint_index",
        [definition.name],
    ).fetchall()
    connection.execute("DROP SCHEMA contract CASCADE")
    load, upsert = read_load(definition)
    header = definition.header
    format_name = header.get("format", PurePath(header.get("file", "")).suffix.lstrip(".") or "csv")
    return Contract(
        name=definition.name,
        format=format_name,
        file=header.get("file") or f"{definition.name}.{EXTENSIONS[format_name]}",
        delimiter=header.get("delimiter", ","),
        load=load,
        upsert=upsert,
        ambiguous=header.get("ambiguous", "review"),
        columns=tuple(Column(name, kind, nullable) for name, kind, nullable in described),
        checks=tuple(expression for kind, expression, _ in constraints if kind == "CHECK"),
        primary_key=next((tuple(names) for kind, _, names in constraints if kind == "PRIMARY KEY"), ()),
    )
