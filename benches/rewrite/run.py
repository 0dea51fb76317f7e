#!/usr/bin/env python3
"""Twelve questions about sources, answered from rollups and without them.

    python=$(tests/oracle/environment.sh) && "$python" benches/rewrite/run.py --binary target/release/nightshift

README.md beside this file says what is measured. Exit code: 0 every target met, 1 a target missed or the answers differ,
2 the benchmark could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

BENCHES = Path(__file__).parent.parent
sys.path += [str(BENCHES), str(BENCHES / "change")]

import machine  # noqa: E402
import options  # noqa: E402
import printing  # noqa: E402
from generator import HISTORY_DAYS, ROWS_PER_DAY, Amount  # noqa: E402
from lakes import Deliveries  # noqa: E402
from place import Limits, say  # noqa: E402
from process import CommandFailed, leave, run_or_fail  # noqa: E402

QUERIES = sorted((Path(__file__).parent / "queries").glob("*.sql"))
NOTHING = "SELECT 1 AS one"
LEAST_ANSWERED = 8
LEAST_FASTER = 20.0


@dataclass
class Question:
    """A question, what answered it, and what it took with and without rollups."""

    name: str
    rollup: str | None = None
    same: bool = True
    rewritten: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)


class Asking:
    """Asks questions of a lake."""

    def __init__(self, place: Deliveries) -> None:
        self.base = [str(place.binary), "--project", str(place.work), "--target", "free", "--format", "json", "sql"]

    def ask(self, *words: str) -> tuple[dict, float]:
        """The answer, and the seconds from the process's start to its end."""
        finished = run_or_fail([*self.base, "--limit", "all", *words])
        return json.loads(finished.stdout), finished.seconds


def measure(place: Deliveries, runs: int) -> tuple[list[Question], list[float]]:
    """Each question in turns with and without rollups, and a question of nothing."""
    asking = Asking(place)
    questions = [Question(path.stem) for path in QUERIES]
    nothing: list[float] = []
    for turn in range(runs + 1):
        idle = asking.ask(NOTHING)[1]
        if turn > 0:
            nothing.append(idle)
        for question, path in zip(questions, QUERIES):
            answered, seconds = asking.ask("--file", str(path))
            plain, plain_seconds = asking.ask("--file", str(path), "--no-rewrite")
            question.same &= answered["rows"] == plain["rows"] and bool(plain["rows"])
            question.rollup = answered["answered_from"][0]["rollup"] if answered["answered_from"] else None
            if turn > 0:
                question.rewritten.append(seconds)
                question.plain.append(plain_seconds)
    return questions, nothing


def report(questions: list[Question], nothing: list[float]) -> bool:
    """Prints what was measured; whether every target is met."""
    start = median(nothing)
    rows, factors = [], []
    for question in questions:
        factor = net(question.plain, start) / net(question.rewritten, start)
        whole = median(question.plain) / median(question.rewritten)
        if question.rollup:
            factors.append(factor)
        rows.append(
            [
                question.name,
                question.rollup or "the source",
                printing.spread(question.rewritten),
                printing.spread(question.plain),
                f"{whole:.1f}",
                f"{factor:.1f}" if question.rollup else "",
                "yes" if question.same else "NO",
            ]
        )
    header = ["question", "answered from", "s", "without s", "process x", "question x", "same"]
    print(f"\n{printing.table(header, rows)}\n")
    print(f"a process that asks nothing takes {printing.spread(nothing)} s, which is taken off in `question x`")
    same = all(question.same for question in questions)
    verdicts = {
        f"identical answers: {'all' if same else 'NOT all'}": same,
        f"answered from rollups: {len(factors)} of {len(questions)}, at least {LEAST_ANSWERED}": len(factors) >= LEAST_ANSWERED,
        f"the slowest of them: {min(factors, default=0):.1f} times faster, at least {LEAST_FASTER:.0f}": min(factors, default=0) >= LEAST_FASTER,
    }
    for line, passed in verdicts.items():
        print(f"{'met' if passed else 'MISSED'}: {line}")
    return all(verdicts.values())


def net(seconds: list[float], start: float) -> float:
    """What a question took beside the start of its process; a millisecond at least."""
    return max(median(seconds) - start, 0.001)


def main() -> int:
    """Prepares, measures, prints; gives the exit code."""
    parser = argparse.ArgumentParser(prog="benches/rewrite/run.py", description=(__doc__ or "").split("\n")[0])
    options.add_to(parser)
    given = options.read(parser)
    if machine.load() > 0.5:
        say(f"note: the machine is busy (load {machine.load():.1f}); times will be too long, on both sides")
    amount = Amount(max(1, round(ROWS_PER_DAY * given.scale)), HISTORY_DAYS)
    place = Deliveries(given.data, amount, given.binary.absolute(), {"free": Limits(machine.batch_memory(), given.threads)})
    try:
        place.prepare()
        place.restore("after")
        questions, nothing = measure(place, given.runs)
    except CommandFailed as error:
        say(f"the benchmark could not run: {error}")
        return 2
    met = report(questions, nothing)
    if given.output:
        told = {"machine": machine.describe(), "nothing": nothing, "questions": [vars(question) for question in questions], "passed": met}
        given.output.parent.mkdir(parents=True, exist_ok=True)
        given.output.write_text(json.dumps(told, indent=2) + "\n")
    return 0 if met else 1


if __name__ == "__main__":
    leave(main())
