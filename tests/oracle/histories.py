#!/usr/bin/env python3
"""Answers for random histories: what the SELECT of each rollup gives over rows that the asker keeps.

    python tests/oracle/histories.py PROJECT

`tests/refresh` changes the sources of a small project at random and keeps their rows itself. It runs this once, and asks
with a line of JSON on the standard input; the answer is a line of JSON on the standard output:

    {"rows": {TABLE: [{COLUMN: VALUE}]}, "rollups": {NAME: SQL}}
    {NAME: {"rows": [[TEXT]]} or {"error": TEXT}}

A table that the question does not name stays as it was. Values that are no integers or booleans are text in JSON or, if
doubles, numbers; a TIMESTAMP is an instant (`...Z`), which the oracle has in the project's zone. The texts of the answer are
those of `text`.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

import rewrites as rewrite_list
from contracts import Contract, literal, quote, read_contract
from project import load
from session import connect


class Histories:
    """The sources as they stand, in one connection."""

    def __init__(self, root: Path) -> None:
        project = load(root)
        self.zone = ZoneInfo(project.zone)
        self.rewrites = rewrite_list.load()
        self.connection = connect(project, self.rewrites, threads=1)
        contracts = (read_contract(self.connection, source) for source in project.sources.values())
        self.contracts = {contract.name: contract for contract in contracts}
        for contract in self.contracts.values():
            columns = ", ".join(f"{quote(column.name)} {column.type}" for column in contract.columns)
            self.connection.execute(f"CREATE TABLE {quote(contract.name)} ({columns})")

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Takes the rows over and computes the rollups."""
        for table, rows in question["rows"].items():
            self.replace(self.contracts[table], rows)
        return {name: self.compute(name, sql) for name, sql in question["rollups"].items()}

    def replace(self, contract: Contract, rows: list[dict[str, Any]]) -> None:
        """The rows of a table, whatever it held before."""
        table = quote(contract.name)
        self.connection.execute(f"DELETE FROM {table}")
        if rows:
            values = ", ".join(self.values(contract, row) for row in rows)
            self.connection.execute(f"INSERT INTO {table} VALUES {values}")

    def values(self, contract: Contract, row: dict[str, Any]) -> str:
        """A row as SQL."""
        return "(" + ", ".join(self.value(column.type, row.get(column.name)) for column in contract.columns) + ")"

    def value(self, kind: str, value: Any) -> str:
        """A value as SQL; NULL where there is none."""
        if value is None:
            return "NULL"
        if kind == "TIMESTAMP":
            value = datetime.fromisoformat(value).astimezone(self.zone).replace(tzinfo=None).isoformat(sep=" ")
        return literal(value)

    def compute(self, name: str, sql: str) -> dict[str, Any]:
        """The rows of a rollup, or why there are none."""
        try:
            result = self.connection.execute(self.rewrites.apply(f"history/{name}", sql))
            types = [str(column[1]) for column in result.description]
            return {"rows": [[text(value, kind) for value, kind in zip(row, types)] for row in result.fetchall()]}
        except (duckdb.Error, OverflowError) as error:
            return {"error": str(error)}


def text(value: Any, kind: str) -> str:
    """A value as both sides of a comparison write it.

    DuckDB lets a sum of decimals have more digits than its type: that is an overflow here.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(text(item, kind.removesuffix("[]")) for item in value) + "]"
    if isinstance(value, Decimal):
        digits, scale = (int(number) for number in kind.removeprefix("DECIMAL(").removesuffix(")").split(","))
        if value and value.adjusted() >= digits - scale:
            raise OverflowError(f"{value} does not fit {kind}")
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def main() -> None:
    """Answers until there is no more question."""
    histories = Histories(Path(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(histories.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
