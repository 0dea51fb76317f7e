#!/usr/bin/env python3
"""One new day beside DuckDB's recompute, SQLMesh and dbt; a night with no change; ten times as many days of history.

    python=$(tests/oracle/environment.sh) && "$python" benches/change/run.py --binary target/release/nightshift

README.md beside this file says what is measured. Exit code: 0 every target met, 1 a target missed or the answers differ,
2 the benchmark could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

sys.path.append(str(Path(__file__).parent.parent))

import check  # noqa: E402
import idle  # noqa: E402
import machine  # noqa: E402
import night  # noqa: E402
import options  # noqa: E402
import peers  # noqa: E402
import tenfold  # noqa: E402
from frozen import DIGEST, PROJECT, ROLLUPS  # noqa: E402
from generator import HISTORY_DAYS, ROWS_PER_DAY, Amount  # noqa: E402
from lakes import Deliveries  # noqa: E402
from place import Limits, say  # noqa: E402
from process import CommandFailed, leave  # noqa: E402
from result import Result  # noqa: E402

PARTS = ("night", "idle", "tenfold")
FEWER_ROWS = 10  # a day, where there are ten times as many days


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benches/change/run.py", description=(__doc__ or "").split("\n")[0])
    options.add_to(parser)
    parser.add_argument("--only", action="append", choices=PARTS, help="one part; may be repeated")
    parser.add_argument(
        "--full-history",
        action="store_true",
        help="ten times the days with all their rows, 300 million, instead of a tenth of each day's (needs 15 GB)",
    )
    return options.read(parser)


def places(given: argparse.Namespace) -> tuple[Deliveries, Deliveries, Deliveries]:
    """For the night, and for the short and the long history."""
    limits = {"free": Limits(machine.batch_memory(), given.threads)}
    rows = max(1, round(ROWS_PER_DAY * given.scale))
    some = rows if given.full_history else max(1, rows // FEWER_ROWS)

    def of(rows: int, days: int) -> Deliveries:
        return Deliveries(given.data, Amount(rows, days), given.binary.absolute(), limits)

    return of(rows, HISTORY_DAYS), of(some, HISTORY_DAYS), of(some, HISTORY_DAYS * tenfold.TIMES)


def results(given: argparse.Namespace) -> Iterator[Result]:
    """Prepares and measures one part after the other."""
    chosen = given.only or PARTS
    place, short, long = places(given)
    if "night" in chosen or "idle" in chosen:
        place.prepare()
        print_conditions(place, given)
    if "night" in chosen:
        sides = (peers.SqlMesh(place, given.data), peers.Dbt(place, given.data))
        peers.prepare(place, sides, ROLLUPS)
        yield night.measure(place, sides, given.runs)
    if "idle" in chosen:
        yield idle.measure(place, given.runs)
    if "tenfold" in chosen:
        for one in (short, long):
            one.prepare()
            print_conditions(one, given)
        yield tenfold.measure(short, long, given.runs)


def print_conditions(place: Deliveries, given: argparse.Namespace) -> None:
    """Under which conditions the figures hold."""
    place.restore("built")
    rows = check.source_rows(place.lake, given.threads, PROJECT)
    print(f"{place.amount.history_days:,} days of {place.amount.rows_per_day:,} rows, then a new one: ", end="")
    print(", ".join(f"{name} {count:,}" for name, count in rows.items()))
    limits = next(iter(place.limits.values()))
    print(f"{limits.threads} threads, {limits.memory}; DuckDB {duckdb.__version__}; frozen files {DIGEST}")
    print(f"{given.runs} runs after one to warm up; seconds are median (least-greatest)", flush=True)


def write(given: argparse.Namespace, found: list[Result]) -> None:
    """Everything that was measured, as JSON."""
    everything = {
        "machine": machine.describe(),
        "duckdb": duckdb.__version__,
        "frozen": DIGEST,
        "memory": machine.batch_memory(),
        "threads": given.threads,
        "scale": given.scale,
        "passed": all(result.passed for result in found),
        "verdicts": [line for result in found for line, _ in result.verdicts],
        "parts": [part for result in found for part in result.measured],
    }
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(everything, indent=2) + "\n")


def main() -> int:
    """Prepares, measures, prints; gives the exit code."""
    given = arguments()
    if machine.load() > 0.5:
        say(f"note: the machine is busy (load {machine.load():.1f}); times will be too long, on all sides")
    found: list[Result] = []
    try:
        for result in results(given):
            found.append(result)
            if not result.same_answers:
                break
    except CommandFailed as error:
        say(f"the benchmark could not run: {error}")
        return 2
    for line, _ in [verdict for result in found for verdict in result.verdicts]:
        print(line)
    if given.output:
        write(given, found)
    return 0 if all(result.passed for result in found) else 1


if __name__ == "__main__":
    leave(main())
