"""What every side computes, and the digest that tells whether figures of two runs can be compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import check  # noqa: F401  (it knows where the oracle is)
import generator
from place import digest, files_in
from project import Project, load

HERE = Path(__file__).parent
PROJECT = load(HERE / "project")
QUERIES = HERE / "duckdb"
MERGEABLE = ("delivery_hourly", "delivery_daily", "delivery_monthly", "delivery_yearly", "segment_daily")
# With the pipeline that refreshes nothing else.
REBUILT = {"customers_monthly": "distinct", "median_daily": "median"}
# Those that DuckDB can compute from a finer one.
CASCADE = MERGEABLE[:4]
ROLLUPS = (*MERGEABLE, *REBUILT)

_SIDES = [file for side in ("project", "duckdb", "sqlmesh", "dbt") for file in files_in(HERE / side)]
DIGEST = digest([*_SIDES, Path(generator.__file__)])[:12]


def project_of(names: tuple[str, ...]) -> Project:
    """The project with some of its rollups only."""
    return replace(PROJECT, rollups={name: PROJECT.rollups[name] for name in names})


def columns() -> dict[str, list[str]]:
    """The columns of each rollup, in their order, as its header lists them."""
    return {name: list(rollup.header["columns"]) for name, rollup in PROJECT.rollups.items()}


def grain_of(name: str) -> str:
    """`day` for a daily rollup."""
    grain = PROJECT.rollups[name].grain
    assert grain is not None
    return grain
