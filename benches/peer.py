"""DuckDB's side of the benchmark: one process that computes all rollups or all reports from the lake's Delta tables.

    python benches/peer.py rollups --lake DIR --results DIR --spill DIR --threads 2 --memory 16GiB

Prints the seconds of each query as JSON. run.py starts it; the start of the process is part of what it measures, so nothing is
imported here but DuckDB.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

QUERIES = Path(__file__).parent / "duckdb"
GRAINS = ("hourly", "daily", "monthly", "yearly")
# The engine's own codec, level included.
PARQUET = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="peer")
    parser.add_argument("kind", choices=("rollups", "cascade", "reports"))
    parser.add_argument("--queries", type=Path, default=QUERIES, help="session.sql, and a folder a kind")
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--spill", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--memory", required=True)
    parser.add_argument("--date", required=True, help="business date of the reports")
    return parser.parse_args()


def connect(given: argparse.Namespace) -> duckdb.DuckDBPyConnection:
    """A connection with the settings, macros and views of session.sql."""
    connection = duckdb.connect(
        config={"threads": given.threads, "memory_limit": given.memory, "temp_directory": str(given.spill)}
    )
    found = importlib.util.find_spec("duckdb_extension_delta")
    assert found is not None and found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0]) / "extensions" / f"v{duckdb.__version__}"
    connection.execute(f"LOAD '{folder / 'delta.duckdb_extension'}'")
    session = (given.queries / "session.sql").read_text(encoding="utf-8")
    connection.execute(session.replace("{lake}", str(given.lake)))
    return connection


def queries(kind: str, folder: Path = QUERIES) -> list[Path]:
    """The files of a kind, finer rollups first: a coarser one may read what they gave."""
    if kind == "reports":
        return sorted((folder / kind).glob("*.sql"))
    return [path for grain in GRAINS for path in sorted((folder / kind / grain).glob("*.sql"))]


def compute(connection: duckdb.DuckDBPyConnection, path: Path, given: argparse.Namespace) -> None:
    """Runs one query into a Parquet file, under whose name later queries can read it."""
    target = given.results / f"{path.stem}.parquet"
    sql = path.read_text(encoding="utf-8").replace("$business_date", f"DATE '{given.date}'")
    connection.execute(f"COPY ({sql}) TO '{target}' ({PARQUET})")
    if given.kind != "reports":
        connection.execute(f"CREATE VIEW {path.stem} AS FROM read_parquet('{target}')")


def main() -> None:
    """Runs everything; a query that fails (for want of memory) is reported, and the others go on."""
    given = arguments()
    began = time.perf_counter()
    connection = connect(given)
    report: dict[str, Any] = {"session": time.perf_counter() - began, "queries": {}, "failures": {}}
    for path in queries(given.kind, given.queries):
        began = time.perf_counter()
        try:
            compute(connection, path, given)
        except duckdb.Error as error:
            report["failures"][path.stem] = str(error).splitlines()[0]
        report["queries"][path.stem] = time.perf_counter() - began
    print(json.dumps(report))
    sys.stdout.flush()
    # Extensions keep threads of their own; waiting for the interpreter to take everything apart is no part of the work.
    os._exit(1 if report["failures"] else 0)


if __name__ == "__main__":
    main()
