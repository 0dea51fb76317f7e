"""Compares two relations in one DuckDB connection as multisets of rows, column by column.

Everything is equal or different, except: doubles within 1e-12 relative, and decimal averages (named by the caller) within
one unit in the last place. Both relations must already hold their times in the same form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from contracts import quote
from outcome import Outcome
from rewrites import Rewrites

DOUBLE_TOLERANCE = 1e-12
SAMPLE_ROWS = 8
DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)


@dataclass(frozen=True)
class Typed:
    """A column of a relation with DuckDB's name of its type."""

    name: str
    type: str

    @property
    def scale(self) -> int:
        """Digits after the point of a decimal."""
        found = DECIMAL.fullmatch(self.type)
        return int(found.group(2)) if found else 0

    @property
    def family(self) -> str:
        """What kind of value it holds, whatever its width."""
        if self.type in INTEGERS:
            return "integer"
        if DECIMAL.fullmatch(self.type):
            return "decimal"
        if self.type in ("DOUBLE", "FLOAT"):
            return "double"
        if self.type.startswith("TIMESTAMP"):
            return "time"
        return self.type.lower()

    @property
    def wide(self) -> str:
        """The type in which both sides are compared."""
        wide = {"integer": "HUGEINT", "double": "DOUBLE", "time": "TIMESTAMP"}
        if self.family == "decimal":
            return f"DECIMAL(38,{self.scale})"
        return wide.get(self.family, self.type)


@dataclass(frozen=True)
class Pair:
    """Two relations that should hold the same rows."""

    name: str
    expected: str
    actual: str
    averages: frozenset[str] = field(default_factory=frozenset)
    may_be_empty: bool = False


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> list[Typed]:
    """Columns of a table, a view or a query in parentheses."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return [Typed(row[0], row[1]) for row in described]


def compare(connection: duckdb.DuckDBPyConnection, pair: Pair, rewrites: Rewrites, outcome: Outcome) -> bool:
    """Compares and records in `outcome`; true where nothing differs."""
    expected = columns_of(connection, pair.expected)
    actual = columns_of(connection, pair.actual)
    if not same_columns(pair, expected, actual, rewrites, outcome):
        return False
    total = materialize(connection, pair, expected)
    outcome.compared(total, len(expected))
    if total == 0 and not pair.may_be_empty:
        outcome.differs(pair.name, "the expected table is empty: this comparison proves nothing")
        return False
    tolerant = [
        column
        for column in expected
        if column.family == "double" or (column.family == "decimal" and column.name in pair.averages)
    ]
    found = count(connection, "difference")
    if found and tolerant:
        forgive_singles(connection, expected, tolerant)
        if count(connection, "difference"):
            forgive(connection, expected, tolerant)
        found = count(connection, "difference")
    if found:
        outcome.differs(pair.name, describe(connection, expected, total))
    return not found


def same_columns(
    pair: Pair, expected: Sequence[Typed], actual: Sequence[Typed], rewrites: Rewrites, outcome: Outcome
) -> bool:
    """Checks names, order and types; false where the rows cannot be compared."""
    wanted, found = [column.name for column in expected], [column.name for column in actual]
    if wanted != found:
        outcome.differs(pair.name, f"columns\n  expected {', '.join(wanted)}\n  found    {', '.join(found)}")
        return False
    comparable = True
    for one, other in zip(expected, actual):
        if one.type != other.type and not rewrites.allows_type(one.type, other.type):
            outcome.differs(pair.name, f"type of {one.name}: expected {one.type}, found {other.type}")
        comparable &= one.family == other.family and one.scale == other.scale
    return comparable


def materialize(connection: duckdb.DuckDBPyConnection, pair: Pair, columns: Sequence[Typed]) -> int:
    """Makes the table `difference` of rows whose counts differ (`_excess` > 0: the oracle has more); gives the row count."""
    values = ", ".join(f"CAST({quote(column.name)} AS {column.wide}) AS {quote(column.name)}" for column in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE expected AS SELECT {values} FROM {pair.expected}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE difference AS SELECT {names(columns)}, sum(_sign)::BIGINT AS _excess FROM ("
        f"SELECT *, 1 AS _sign FROM expected UNION ALL SELECT {values}, -1 FROM {pair.actual}"
        f") GROUP BY {names(columns)} HAVING sum(_sign) <> 0"
    )
    return count(connection, "expected")


def names(columns: Iterable[Typed], prefix: str = "") -> str:
    """A list of columns as SQL."""
    return ", ".join(prefix + quote(column.name) for column in columns)


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Rows of a relation."""
    row = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0


def within(column: Typed, one: str, other: str) -> str:
    """SQL: two values of a tolerant column are near enough."""
    equal = f"{one} IS NOT DISTINCT FROM {other}"
    if column.family == "double":
        # Without this nothing is too far from infinity, and to DuckDB NaN is no more than NaN.
        near = f"isfinite({one}) AND isfinite({other}) AND "
        near += f"abs({one} - {other}) <= {DOUBLE_TOLERANCE} * greatest(abs({one}), abs({other}))"
    else:
        near = f"abs(CAST({one} - {other} AS {column.wide})) <= CAST('1e-{column.scale}' AS {column.wide})"
    return f"({equal} OR coalesce({near}, false))"


def forgive_singles(connection: duckdb.DuckDBPyConnection, columns: Sequence[Typed], tolerant: Sequence[Typed]) -> None:
    """Takes out of `difference` two rows that are alone with their exact values and within the tolerances: nearly all there are.

    `forgive` would find them too, but a sort and two joins for each of them cost ten times as much.
    """
    loose = {column.name for column in tolerant}
    exact = names(column for column in columns if column.name not in loose)
    if not exact:
        return
    fields = ", ".join(f"{quote(column.name)}: {quote(column.name)}" for column in tolerant)
    sides = ", ".join(
        f"max({quote(column.name)}) FILTER ({sign}_excess > 0) AS {quote(side + column.name)}"
        for column in tolerant
        for sign, side in (("", "e "), ("-", "a "))
    )
    near = " AND ".join(within(column, quote("e " + column.name), quote("a " + column.name)) for column in tolerant)
    values = ", ".join(
        f"_row.{quote(column.name)}" if column.name in loose else quote(column.name) for column in columns
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE difference AS SELECT {values}, _row._excess AS _excess FROM ("
        f"SELECT {exact}, unnest(_rows) AS _row FROM ("
        f"SELECT {exact}, list({{{fields}, _excess: _excess}}) AS _rows, sum(abs(_excess)) AS _count, "
        f"sum(_excess) AS _balance, {sides} FROM difference GROUP BY {exact}) "
        f"WHERE NOT (_count = 2 AND _balance = 0 AND {near}))"
    )


def forgive(connection: duckdb.DuckDBPyConnection, columns: Sequence[Typed], tolerant: Sequence[Typed]) -> None:
    """Takes out of `difference` the rows that have a partner within the tolerances."""
    loose = {column.name for column in tolerant}
    exact = [column for column in columns if column.name not in loose]
    partition = f"PARTITION BY {names(exact)} " if exact else ""

    def side(sign: str) -> str:
        return (
            f"SELECT {names(columns)}, row_number() OVER ({partition}ORDER BY {names(tolerant)}) AS _turn FROM ("
            f"SELECT {names(columns)}, unnest(range({sign}_excess)) FROM difference WHERE {sign}_excess > 0)"
        )

    same = " AND ".join(
        [f"e.{quote(column.name)} IS NOT DISTINCT FROM a.{quote(column.name)}" for column in exact]
        + ["e._turn = a._turn"]
    )
    near = " AND ".join(within(column, f"e.{quote(column.name)}", f"a.{quote(column.name)}") for column in tolerant)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE difference AS WITH e AS ({side('')}), a AS ({side('-')}) "
        f"SELECT {names(columns, 'e.')}, 1 AS _excess FROM e ANTI JOIN a ON {same} AND {near} UNION ALL "
        f"SELECT {names(columns, 'a.')}, -1 FROM a ANTI JOIN e ON {same} AND {near}"
    )


def key_of(connection: duckdb.DuckDBPyConnection, columns: Sequence[Typed]) -> list[Typed]:
    """The shortest run of leading columns that tells the expected rows apart; all of them if none does."""
    total = count(connection, "expected")
    for length in range(1, len(columns)):
        if count(connection, f"(SELECT DISTINCT {names(columns[:length])} FROM expected)") == total:
            return list(columns[:length])
    return list(columns)


def shown(value: Any) -> str:
    """A value as a person reads it."""
    return "NULL" if value is None else repr(value) if isinstance(value, (str, float)) else str(value)


def describe(connection: duckdb.DuckDBPyConnection, columns: Sequence[Typed], total: int) -> str:
    """How many rows differ, and a sample of them by key."""
    missing = count(connection, "difference WHERE _excess > 0")
    surplus = count(connection, "difference WHERE _excess < 0")
    lines = [f"of {total} expected rows {missing} are not there as they should be; {surplus} rows should not be there"]
    key = key_of(connection, columns)
    others = [column for column in columns if column not in key]
    order = names(key)
    rows = connection.execute(
        f"SELECT {names(columns)}, _excess FROM difference ORDER BY {order}, _excess DESC LIMIT {SAMPLE_ROWS * 4}"
    ).fetchall()
    seen: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in rows:
        seen.setdefault(row[: len(key)], []).append(row)
    for values, group in list(seen.items())[:SAMPLE_ROWS]:
        label = ", ".join(f"{column.name}={shown(value)}" for column, value in zip(key, values))
        lines.append(f"{label}: {difference_of(group, others, len(key))}")
    if len(seen) > SAMPLE_ROWS or len(rows) == SAMPLE_ROWS * 4:
        lines.append("...")
    return "\n".join(lines)


def difference_of(group: Sequence[tuple[Any, ...]], others: Sequence[Typed], first: int) -> str:
    """What is wrong with the rows of one key."""
    wanted = [row for row in group if row[-1] > 0]
    found = [row for row in group if row[-1] < 0]
    if len(wanted) == 1 and len(found) == 1 and others:
        return "; ".join(
            f"{column.name} should be {shown(one)}, is {shown(other)}"
            for column, one, other in zip(others, wanted[0][first:], found[0][first:])
            if one != other
        )
    parts = []
    for rows, word in ((wanted, "missing"), (found, "surplus")):
        for row in rows:
            values = ", ".join(f"{column.name}={shown(value)}" for column, value in zip(others, row[first:]))
            times = f" {abs(row[-1])} times" if abs(row[-1]) > 1 else ""
            parts.append(f"{word}{times}" + (f" ({values})" if values else ""))
    return "; ".join(parts)
