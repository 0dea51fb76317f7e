#!/usr/bin/env python3
"""Nightshift beside DuckDB on the same Delta tables: all rollups from nothing, reports over sources, one new day.

    python=$(tests/oracle/environment.sh) && "$python" benches/run.py --binary target/release/nightshift

README.md beside this file says what is measured. Exit code: 0 every target met, 1 a target missed or the answers differ,
2 the benchmark could not run.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import duckdb

import check
import machine
import options
import printing
from contest import PARTS, DuckDb, Nightshift, Part, Series, alternate, same_answers
from place import FROZEN_DIGEST, Limits, Place, TenSources, say
from process import CommandFailed, leave

MOST_SLOWER = 1.5
MOST_BYTES = 1 << 30
LEAST_SPILLING_STEPS = 3
OVERLAP = (
    "Nightshift's steps run side by side: their seconds overlap, and each ratio is too great. DuckDB's run in turn."
)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benches/run.py", description=(__doc__ or "").split("\n")[0])
    options.add_to(parser)
    parser.add_argument(
        "--only", action="append", choices=[part.name for part in PARTS], help="one part; may be repeated"
    )
    parser.add_argument(
        "--memory", metavar="SIZE", help="measure what a limit such as 512MiB costs, instead of the three targets"
    )
    return options.read(parser)


def limits_of(given: argparse.Namespace) -> dict[str, Limits]:
    """What the sides may use: a batch's 16 GiB or four fifths of the machine, and the limit that is asked for."""
    free = {"free": Limits(machine.batch_memory(), given.threads)}
    return free | ({"limited": Limits(given.memory, given.threads)} if given.memory else {})


def measure(place: Place, given: argparse.Namespace) -> tuple[list[dict[str, Any]], bool]:
    """The three parts beside DuckDB; whether every target is met."""
    measured: list[dict[str, Any]] = []
    verdicts: list[tuple[str, bool]] = []
    sides: dict[str, Nightshift | DuckDb] = {
        "nightshift": Nightshift(place, "free", False),
        "duckdb": DuckDb(place, "free", False),
    }
    for part in chosen(given):
        if not same_answers(part, place, list(sides.values()), given.threads):
            return measured, False
        series = alternate(part, sides, given.runs)
        ours, theirs = series["nightshift"], series["duckdb"]
        print(f"\n{part.title}\n\n{printing.queries_table(ours, theirs)}\n{OVERLAP}\n", flush=True)
        measured.append(printing.as_json(part, series))
        verdicts.append(
            printing.verdict(
                f"{part.name}, Nightshift's share of DuckDB's time", ours.median / theirs.median, part.target
            )
        )
    return measured, report(verdicts)


def measure_limited(place: Place, given: argparse.Namespace) -> tuple[list[dict[str, Any]], bool]:
    """The three parts with and without the limit; whether every target is met."""
    measured: list[dict[str, Any]] = []
    parts: list[dict[str, Series]] = []
    free, limited = Nightshift(place, "free", True), Nightshift(place, "limited", True)
    sides: dict[str, Nightshift | DuckDb] = {
        "free": free,
        "limited": limited,
        "duckdb limited": DuckDb(place, "limited", True, may_fail=True),
    }
    for part in chosen(given):
        if not same_answers(part, place, [limited, DuckDb(place, "free", False)], given.threads):
            return measured, False
        series = alternate(part, sides, given.runs)
        print(
            f"\n{part.title}, with {given.memory}\n\n{printing.limited_table(*series.values())}\n{OVERLAP}\n",
            flush=True,
        )
        for name, text in series["duckdb limited"].failures.items():
            print(f"DuckDB failed in {name}: {text}")
        measured.append(printing.as_json(part, series))
        parts.append(series)
    seconds = {name: sum(part[name].median for part in parts) for name in ("free", "limited")}
    spilling = sum(spilled > 0 for part in parts for spilled in part["limited"].spilled.values())
    verdicts = [
        printing.verdict(
            "time with the limit, as a multiple of that without", seconds["limited"] / seconds["free"], MOST_SLOWER
        ),
        printing.verdict(
            "peak of the process tree, GiB",
            max(part["limited"].peak_bytes for part in parts) / machine.GIB,
            MOST_BYTES / machine.GIB,
        ),
        printing.verdict("steps that spilled", spilling, LEAST_SPILLING_STEPS, least=True),
    ]
    return measured, report(verdicts)


def chosen(given: argparse.Namespace) -> list[Part]:
    """The parts to run."""
    return [part for part in PARTS if not given.only or part.name in given.only]


def report(verdicts: list[tuple[str, bool]]) -> bool:
    """Prints the targets; true where all are met."""
    for line, _ in verdicts:
        print(line)
    return all(met for _, met in verdicts)


def main() -> int:
    """Prepares, measures, prints; gives the exit code."""
    given = arguments()
    limits = limits_of(given)
    place = TenSources(given.data, given.scale, given.binary.absolute(), limits)
    if machine.load() > 0.5:
        say(f"note: the machine is busy (load {machine.load():.1f}); times will be too long, on both sides")
    try:
        place.prepare()
        place.restore("history")
        rows = check.source_rows(place.lake, given.threads)
        print_conditions(given, limits["free"], rows)
        measured, passed = (measure_limited if given.memory else measure)(place, given)
    except CommandFailed as error:
        say(f"the benchmark could not run: {error}")
        return 2
    if given.output:
        everything = {
            "machine": machine.describe(),
            "duckdb": duckdb.__version__,
            "frozen": FROZEN_DIGEST,
            "limits": {name: vars(one) for name, one in limits.items()},
            "scale": given.scale,
            "source_rows": rows,
            "passed": passed,
            "parts": measured,
        }
        given.output.parent.mkdir(parents=True, exist_ok=True)
        given.output.write_text(json.dumps(everything, indent=2) + "\n")
    return 0 if passed else 1


def print_conditions(given: argparse.Namespace, limits: Limits, rows: dict[str, int]) -> None:
    """Under which conditions the figures hold."""
    print(f"{sum(rows.values()):,} rows in {len(rows)} source tables: ", end="")
    print(", ".join(f"{name} {count:,}" for name, count in rows.items()))
    print(f"{given.threads} threads, {limits.memory}; DuckDB {duckdb.__version__}; frozen files {FROZEN_DIGEST}")
    print(f"{given.runs} runs after one to warm up; seconds are median (least-greatest)", flush=True)


if __name__ == "__main__":
    leave(main())
