#!/usr/bin/env python3
"""The oracle: proves that what the engine wrote is what the project's SQL gives over the raw files.

    python tests/oracle/main.py rollups --project DIR --lake DIR --incoming DIR --date 2026-02-22

Nothing that the engine computed goes into the answer: sources are rebuilt from data/incoming (sources.py), rollups and
reports are computed by DuckDB from the project's SQL (rollups.py, reports.py), and rewrites.yaml names all that is done to
that SQL. Start reading in compare.py, which says what equal means. Exit code: 0 equal, 1 different or nothing compared,
2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import date
from pathlib import Path

import duckdb

import reports
import rewrites as rewrite_list
import rollups
import source_checks
from outcome import Outcome
from project import ProjectError, load, reports_of_pipeline
from session import connect
from sources import Rebuilder

COMMANDS = ("sources", "rollups", "reports", "readers", "all")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="oracle", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--project", type=Path, default=Path("."), help="folder with nightshift.yaml")
    parser.add_argument("--target", help="a target of nightshift.yaml, whose paths hold")
    parser.add_argument("--lake", type=Path, help="instead of the project's")
    parser.add_argument("--incoming", type=Path, help="instead of the project's")
    parser.add_argument("--output", type=Path, help="instead of the project's")
    parser.add_argument("--date", type=date.fromisoformat, help="business date of the batch: files up to it count")
    parser.add_argument("--only", default="", help="names of sources, rollups or reports, with commas")
    parser.add_argument("--pipeline", help="only the reports that this pipeline makes")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the reports")
    parser.add_argument("--scratch", type=Path, default=default_scratch(), help="where parsed raw files are kept")
    parser.add_argument("--threads", type=int, help="of DuckDB")
    given = parser.parse_args()
    if given.command != "readers" and given.date is None:
        parser.error(f"{given.command} needs --date")
    return given


def default_scratch() -> Path:
    """A folder outside the project."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "nightshift-oracle"


def chosen(names: list[str], only: str, kind: str, command: str) -> list[str]:
    """The names to compare; a name in `--only` that does not exist is an error where it can mean nothing else."""
    wanted = [name for name in only.split(",") if name]
    unknown = [name for name in wanted if name not in names]
    if unknown and command != "all":
        raise ProjectError(f"there is no {kind} {', '.join(unknown)}")
    return [name for name in names if not wanted or name in wanted]


def check_readers(connection: duckdb.DuckDBPyConnection, lake: Path, outcome: Outcome) -> None:
    """Runs readers.py, which is loaded only now: its three packages take longer to load than a night's rollups to check."""
    import readers

    readers.check(connection, lake, outcome)


def check(given: argparse.Namespace, outcome: Outcome) -> None:
    """Runs the command."""
    rewrites = rewrite_list.load()
    if given.command == "readers" and given.lake is not None:
        check_readers(connect(None, rewrites, given.threads), given.lake, outcome)
        return
    project = load(given.project, given.target)
    lake = given.lake or project.paths["lake"]
    connection = connect(project, rewrites, given.threads)
    if given.command == "readers":
        check_readers(connection, lake, outcome)
        return
    rebuilder = Rebuilder(connection, project, given.incoming or project.paths["incoming"], given.scratch)
    rebuilt = rebuilder.rebuild_all(given.date)
    if given.command in ("sources", "all"):
        names = chosen(list(rebuilt), given.only, "source", given.command)
        source_checks.check(connection, project, rewrites, lake, {name: rebuilt[name] for name in names}, outcome)
    if given.command == "sources":
        return
    made = rollups.compute(connection, project, rewrites, outcome)
    if given.command in ("rollups", "all"):
        names = chosen(list(project.rollups), given.only, "rollup", given.command)
        rollups.check(connection, project, rewrites, lake, [name for name in made if name in names], outcome)
    if given.command in ("reports", "all"):
        parameters = dict(entry.split("=", 1) for entry in given.parameter)
        night = reports.Night(lake, given.output or project.paths["output"], given.date, parameters)
        made_tonight = reports_of_pipeline(project, given.pipeline) if given.pipeline else list(project.reports)
        names = chosen(made_tonight, given.only, "report", given.command)
        reports.check(connection, project, rewrites, night, names, outcome)
    if given.command == "all":
        check_readers(connection, lake, outcome)


def main() -> int:
    """Runs and prints; gives the exit code."""
    given = arguments()
    outcome = Outcome()
    began = time.monotonic()
    try:
        check(given, outcome)
    except (ProjectError, ValueError) as error:
        print(f"oracle: {error}", file=sys.stderr)
        return 2
    outcome.print(f"oracle {given.command}")
    print(f"oracle {given.command}: {time.monotonic() - began:.1f} s", file=sys.stderr)
    return 0 if outcome.passed else 1


def leave(code: int) -> None:
    """Ends the process at once, with all that was printed.

    DuckDB, Polars and delta-rs each keep native threads that the interpreter's own end does not wait for; destroying what
    they use while they run aborts the process now and then ("terminate called without an active exception") after the
    answer was given. The answer is the exit code, so nothing is left to destroy.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
