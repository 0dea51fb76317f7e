"""Who runs what: the parts of the benchmark, the contestants, and the alternating runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Protocol

import check
import peer
import process
from place import Place, say

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Part:
    """One of the three comparisons, with the share of DuckDB's time that it may take."""

    name: str
    title: str
    target: float
    snapshot: str  # where Nightshift starts
    pipeline: str  # what Nightshift runs
    kind: str  # what DuckDB computes, and what is compared
    days_after: int = 0  # the last day of the history

    def day(self, place: Place) -> date:
        """The business date."""
        return place.last_day + timedelta(days=self.days_after)


PARTS = (
    Part("rollups", "All rollups from nothing", 0.8, "history", "rollups", "rollups"),
    Part("reports", "Reports over sources", 0.9, "history", "reports", "reports"),
    Part(
        "day",
        "One new day with ingest, checks and commits, beside DuckDB building all rollups anew",
        0.15,
        "built",
        "daily",
        "rollups",
        1,
    ),
)


@dataclass(frozen=True)
class Sample:
    """One run of one contestant."""

    seconds: float
    peak_bytes: int
    steps: dict[str, float]
    read_bytes: int = 0
    spilled: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


@dataclass
class Series:
    """The runs of one contestant that count."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def seconds(self) -> list[float]:
        """Wall time of each run."""
        return [sample.seconds for sample in self.samples]

    @property
    def steps(self) -> dict[str, list[float]]:
        """Seconds of each step in each run."""
        return {name: [sample.steps[name] for sample in self.samples] for name in self.samples[0].steps}

    @property
    def spilled(self) -> dict[str, int]:
        """The least that a step spilled in any run."""
        return {name: min(sample.spilled[name] for sample in self.samples) for name in self.samples[0].spilled}

    @property
    def peak_bytes(self) -> int:
        """The greatest peak of all runs."""
        return max(sample.peak_bytes for sample in self.samples)

    @property
    def read_bytes(self) -> float:
        """The median of what was read."""
        return median(sample.read_bytes for sample in self.samples)

    @property
    def failures(self) -> dict[str, str]:
        """What failed in any run."""
        return {name: text for sample in self.samples for name, text in sample.failures.items()}

    @property
    def median(self) -> float:
        """Of the wall times."""
        return median(self.seconds)


class Contestant(Protocol):
    """Whoever can do a part's work."""

    def run(self, part: Part) -> Sample:
        """Puts back what it works on, outside the clock, then does the work."""
        ...


@dataclass(frozen=True)
class Bound:
    """A contestant that always does the same part, whatever the others do."""

    contestant: Contestant
    part: Part

    def run(self, _: Part) -> Sample:
        """Does that part."""
        return self.contestant.run(self.part)


class Nightshift:
    """Our side: the binary, under one of the place's limits."""

    def __init__(self, place: Place, limits: str, watch_memory: bool) -> None:
        self.place, self.limits, self.watch_memory = place, limits, watch_memory

    def run(self, part: Part) -> Sample:
        """Puts the lake back, then runs the pipeline."""
        self.place.restore(part.snapshot)
        command = self.place.command(part.pipeline, part.day(self.place), self.limits)
        finished = process.run(command, self.watch_memory)
        try:
            summary = json.loads(finished.stdout)
        except json.JSONDecodeError:
            summary = {"steps": []}
        failed = [f"{step['step']}: {step['detail']}" for step in summary["steps"] if step["state"] != "succeeded"]
        if finished.code != 0 or failed or not summary["steps"]:
            raise process.CommandFailed(
                "\n".join([" ".join(command), f"ended with {finished.code}", *failed, finished.stderr])
            )
        return Sample(
            finished.seconds,
            finished.peak_bytes,
            {step["step"]: step["seconds"] for step in summary["steps"]},
            finished.read_bytes,
            {step["step"]: step["spill_bytes"] for step in summary["steps"]},
        )


class DuckDb:
    """The other side: one Python process with DuckDB, under the same limits. It reads the lake as Nightshift left it."""

    def __init__(
        self,
        place: Place,
        limits: str,
        watch_memory: bool,
        may_fail: bool = False,
        queries: Path = peer.QUERIES,
    ) -> None:
        self.place, self.limits, self.watch_memory, self.may_fail = place, place.limits[limits], watch_memory, may_fail
        self.queries = queries

    def run(self, part: Part) -> Sample:
        """Runs all queries of the part."""
        place = self.place
        folders = [
            "--lake",
            str(place.lake),
            "--results",
            str(place.clear_results()),
            "--spill",
            str(place.folder / "duckdb-spill"),
        ]
        limits = ["--threads", str(self.limits.threads), "--memory", self.limits.memory]
        command = [
            sys.executable,
            str(HERE / "peer.py"),
            part.kind,
            "--queries",
            str(self.queries),
            *folders,
            *limits,
            "--date",
            part.day(place).isoformat(),
        ]
        finished = process.run(command, self.watch_memory)
        try:
            report = json.loads(finished.stdout)
        except json.JSONDecodeError:
            report = {
                "queries": {},
                "failures": {"the process": f"ended with {finished.code}: {finished.stderr[-2000:]}"},
            }
        if report["failures"] and not self.may_fail:
            failures = [f"{name}: {text}" for name, text in report["failures"].items()]
            raise process.CommandFailed("\n".join([" ".join(command), *failures]))
        return Sample(
            finished.seconds,
            finished.peak_bytes,
            report["queries"],
            finished.read_bytes,
            failures=report["failures"],
        )


def alternate(part: Part, contestants: Mapping[str, Contestant], runs: int) -> dict[str, Series]:
    """One run of each contestant to warm up, then so many that count, in turns."""
    series = {name: Series() for name in contestants}
    for turn in range(runs + 1):
        for name, contestant in contestants.items():
            sample = contestant.run(part)
            note = " (warm-up)" if turn == 0 else ""
            say(f"{part.name} {turn}/{runs} {name}: {sample.seconds:.2f} s{note}")
            if turn > 0:
                series[name].samples.append(sample)
    return series


def same_answers(part: Part, place: Place, sides: Sequence[Contestant], threads: int) -> bool:
    """Runs each side once more before the clock counts and compares what they wrote; prints every difference."""
    for side in sides:
        side.run(part)
    kind = "report" if part.kind == "reports" else "rollup"
    outcome = check.same_rows(kind, place.lake, place.results, threads)
    expected = len(check.FROZEN.reports if kind == "report" else check.FROZEN.rollups)
    outcome.print(f"same answers, {part.name}")
    return outcome.passed and outcome.tables == expected
