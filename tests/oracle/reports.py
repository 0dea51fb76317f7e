"""Every report's query over the oracle's own sources and rollups, against the Delta table and the files that were delivered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

import csv_files
import workbooks
from clock import sql_to_local
from compare import Pair, compare, count
from contracts import quote
from outcome import Outcome
from project import Definition, Project, ProjectError
from queries import averages, is_sorted, nodes, syntax_tree
from rewrites import Rewrites
from session import described, is_hidden, lake_table, utc_of_oracle

PARAMETER_TYPES: dict[str, Callable[[str], Any]] = {
    "date": date.fromisoformat,
    "integer": int,
    "decimal": Decimal,
    "string": str,
    "boolean": lambda text: text.lower() == "true",
    "timestamp": datetime.fromisoformat,
}


@dataclass(frozen=True)
class Night:
    """What the reports of one night are compared with."""

    lake: Path
    output: Path
    business_date: date
    parameters: dict[str, str]

    @property
    def folder(self) -> Path:
        """Where the night's files are."""
        return self.output / self.business_date.isoformat()


@dataclass(frozen=True)
class Shape:
    """What a report's query says about its rows."""

    ordered: bool
    averages: frozenset[str]
    may_be_empty: bool


def parameters_of(report: Definition, night: Night) -> dict[str, Any]:
    """Typed parameters: what the command line gives, else the default, else for a date the business date."""
    found: dict[str, Any] = {}
    for name, declared in (report.header.get("parameters") or {}).items():
        rules = declared if isinstance(declared, dict) else {"type": declared}
        convert = PARAMETER_TYPES[rules.get("type", "string")]
        text = night.parameters.get(name, rules.get("default"))
        if text is not None:
            found[name] = convert(text)
        elif rules.get("type") == "date":
            found[name] = night.business_date
        else:
            raise ProjectError(f"{report.path}: no value for ${name}; give one with --parameter {name}=...")
    return found


def used(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Those parameters that a query names: DuckDB refuses more than it needs."""
    named = {
        node.get("identifier") for node in nodes(syntax_tree(connection, sql)) if node.get("type") == "VALUE_PARAMETER"
    }
    return {name: value for name, value in parameters.items() if name in named}


def check(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    rewrites: Rewrites,
    night: Night,
    names: list[str],
    outcome: Outcome,
) -> None:
    """Computes and compares the reports of those names."""
    for name in names:
        report = project.reports[name]
        where = f"report/{name}"
        try:
            parameters = parameters_of(report, night)
            sql = rewrites.apply(where, report.sql)
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE report_expected AS {sql}", used(connection, sql, parameters)
            )
            shape = Shape(
                ordered=is_sorted(connection, sql),
                averages=rewrites.averages_of(where) | averages(connection, sql),
                may_be_empty=where in rewrites.may_be_empty,
            )
        except (duckdb.Error, ProjectError) as error:
            outcome.differs(where, f"DuckDB cannot run it: {error}")
            continue
        if not report.header.get("table") and not report.header.get("output"):
            outcome.differs(where, "delivers neither a table nor files: nothing to compare")
        with outcome.reading(where):
            check_table(connection, project, rewrites, report, shape, night, parameters, outcome)
        check_files(connection, rewrites, report, shape, night, outcome)


def check_table(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    rewrites: Rewrites,
    report: Definition,
    shape: Shape,
    night: Night,
    parameters: dict[str, Any],
    outcome: Outcome,
) -> None:
    """Compares with the rows of report/<name> that the night replaced."""
    table = report.header.get("table")
    if not table:
        return
    where = f"report/{report.name}"
    relation = lake_table(night.lake, "report", report.name)
    if relation is None:
        outcome.differs(where, f"there is no Delta table {night.lake / where}")
        return
    predicate = table.get("replace", "true") if isinstance(table, dict) else "true"
    given = used(connection, f"SELECT {predicate}", parameters)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE report_actual AS {replaced_rows(connection, relation, project.zone, predicate)}",
        given,
    )
    outside = f"SELECT count(*) FROM report_expected WHERE ({predicate}) IS NOT TRUE"
    row = connection.execute(outside, given).fetchone()
    if row and row[0]:
        outcome.differs(where, f"{row[0]} rows of the query do not satisfy `replace: {predicate}`")
    expected = utc_of_oracle(connection, "report_expected", project)
    pair = Pair(where, expected, "report_actual", shape.averages, shape.may_be_empty)
    compare(connection, pair, rewrites, outcome)


def replaced_rows(connection: duckdb.DuckDBPyConnection, relation: str, zone: str, predicate: str) -> str:
    """SQL for the rows that satisfy the predicate, which sees local times; the result has instants as naive UTC."""
    local, result = [], []
    for name, kind in described(connection, relation):
        if is_hidden(name):
            continue
        if kind == "TIMESTAMP WITH TIME ZONE":
            utc = f"timezone('UTC', {quote(name)})"
            local += [f"{sql_to_local(utc, zone)} AS {quote(name)}", f"{utc} AS {quote('utc ' + name)}"]
            result.append(f"{quote('utc ' + name)} AS {quote(name)}")
        else:
            local.append(quote(name))
            result.append(quote(name))
    return f"SELECT {', '.join(result)} FROM (SELECT {', '.join(local)} FROM {relation}) WHERE {predicate}"


def check_files(
    connection: duckdb.DuckDBPyConnection,
    rewrites: Rewrites,
    report: Definition,
    shape: Shape,
    night: Night,
    outcome: Outcome,
) -> None:
    """Compares with every file that the header asks for."""
    outputs = report.header.get("output") or []
    outputs = [outputs] if isinstance(outputs, (str, dict)) else outputs
    for output in outputs:
        kind, options = (output, {}) if isinstance(output, str) else next(iter(output.items()))
        where = f"report/{report.name} {kind}"
        reader = {"csv": csv_files.load, "xlsx": workbooks.load}.get(kind)
        if reader is None:
            outcome.differs(where, f"the oracle cannot read {kind}")
            continue
        loaded = reader(connection, night.folder, report.name, options or {}, where, outcome)
        if not loaded:
            continue
        expected = workbooks.as_in_cells(connection) if kind == "xlsx" else "report_expected"
        pair = Pair(where, expected, "file_actual", shape.averages, shape.may_be_empty)
        if compare(connection, pair, rewrites, outcome) and shape.ordered:
            check_order(connection, expected, shape.averages, where, outcome)


def check_order(
    connection: duckdb.DuckDBPyConnection, expected: str, loose: frozenset[str], where: str, outcome: Outcome
) -> None:
    """A sorted report has its rows in that order in the file too; a tie that falls either way is a fault of its ORDER BY."""
    names = [
        quote(name)
        for name, kind in described(connection, expected)
        if kind not in ("DOUBLE", "FLOAT") and name not in loose
    ]
    if not names:
        return
    columns = ", ".join(names)
    numbered = f"SELECT row_number() OVER () AS _row, {columns} FROM"
    other = " OR ".join(f"e.{name} IS DISTINCT FROM a.{name}" for name in names)
    moved = count(
        connection,
        f"({numbered} {expected}) e JOIN ({numbered} file_actual) a ON e._row = a._row WHERE {other}",
    )
    if moved:
        outcome.differs(where, f"{moved} rows stand in another order than the query gives")
