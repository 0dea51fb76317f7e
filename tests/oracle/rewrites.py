"""The checked-in list of everything in which the oracle departs from the project's SQL: rewrites.yaml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


@dataclass(frozen=True)
class TextRewrite:
    """A textual change of the SQL of some files, with the reason for it."""

    where: str
    find: re.Pattern[str]
    replace: str
    reason: str


@dataclass(frozen=True)
class Rewrites:
    """The list, ready for use. `where` is a pattern such as `rollup/depot_daily` or `report/*`."""

    settings: tuple[tuple[str, str], ...]
    types: tuple[tuple[str, str], ...]
    texts: tuple[TextRewrite, ...]
    averages: tuple[tuple[str, frozenset[str]], ...]
    may_be_empty: frozenset[str]

    def apply(self, where: str, sql: str) -> str:
        """The SQL as the oracle runs it."""
        for rewrite in self.texts:
            if fnmatchcase(where, rewrite.where):
                sql = rewrite.find.sub(rewrite.replace, sql)
        return sql

    def allows_type(self, duckdb_type: str, lake_type: str) -> bool:
        """Whether the list says that DuckDB has one type where the engine rightly has another."""
        return any(
            fnmatchcase(duckdb_type, one) and fnmatchcase(lake_type, other) and scale(duckdb_type) == scale(lake_type)
            for one, other in self.types
        )

    def averages_of(self, where: str) -> frozenset[str]:
        """Columns that hold decimal averages: one unit in the last place of play."""
        found: frozenset[str] = frozenset()
        for pattern, columns in self.averages:
            if fnmatchcase(where, pattern):
                found |= columns
        return found


def scale(type_name: str) -> str:
    """Digits after the point of a decimal type's name, else nothing."""
    found = re.search(r",(\d+)\)$", type_name)
    return found.group(1) if found else ""


def load(path: Path = HERE / "rewrites.yaml") -> Rewrites:
    """Reads the list."""
    listed: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    for section, entries in listed.items():
        for entry in entries or []:
            if not entry.get("reason"):
                raise ValueError(f"{path}: an entry of `{section}` gives no reason: {entry}")
    return Rewrites(
        settings=tuple((entry["name"], entry["value"]) for entry in listed.get("settings") or []),
        types=tuple((entry["duckdb"], entry["lake"]) for entry in listed.get("types") or []),
        texts=tuple(
            TextRewrite(entry["where"], re.compile(entry["find"], re.IGNORECASE), entry["replace"], entry["reason"])
            for entry in listed.get("texts") or []
        ),
        averages=tuple((entry["where"], frozenset(entry["columns"])) for entry in listed.get("averages") or []),
        may_be_empty=frozenset(entry["where"] for entry in listed.get("may_be_empty") or []),
    )
