"""What DuckDB's own parser says about a query: the tables that it reads, its averages, whether it sorts its result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from graphlib import TopologicalSorter
from typing import Any

import duckdb

from project import Definition, ProjectError


def syntax_tree(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    """The query as DuckDB parsed it."""
    row = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True, "error_message": "no result"}
    if tree.get("error"):
        raise ProjectError(f"DuckDB cannot parse it: {tree.get('error_message')}")
    node: dict[str, Any] = tree["statements"][0]["node"]
    return node


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the tree."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from nodes(value)


def tables_of(connection: duckdb.DuckDBPyConnection, sql: str, known: frozenset[str]) -> frozenset[str]:
    """Those of the known tables that the query names."""
    named = (node.get("table_name") for node in nodes(syntax_tree(connection, sql)) if node.get("type") == "BASE_TABLE")
    return frozenset(name for name in named if name in known)


def is_sorted(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether the outermost query has an ORDER BY."""
    modifiers = syntax_tree(connection, sql).get("modifiers", [])
    return any(modifier.get("type") == "ORDER_MODIFIER" for modifier in modifiers)


def averages(connection: duckdb.DuckDBPyConnection, sql: str) -> frozenset[str]:
    """Columns whose own expression calls avg: if they are decimals, the last place may differ by one unit."""
    found = set()
    for item in syntax_tree(connection, sql).get("select_list", []):
        if item.get("alias") and any(node.get("function_name") in ("avg", "mean") for node in nodes(item)):
            found.add(item["alias"])
    return frozenset(found)


def in_order(
    connection: duckdb.DuckDBPyConnection, definitions: dict[str, Definition], sqls: dict[str, str]
) -> list[str]:
    """Names such that whatever reads another one comes after it."""
    known = frozenset(definitions)
    sorter = TopologicalSorter({name: tables_of(connection, sqls[name], known) - {name} for name in definitions})
    return list(sorter.static_order())
