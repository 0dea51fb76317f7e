"""A night with no change: what each rollup costs inside the process when there is nothing to do."""

from __future__ import annotations

from statistics import mean, median

import printing
from contest import Nightshift, Part, alternate
from frozen import ROLLUPS
from lakes import Deliveries
from result import Result

MOST_MILLISECONDS = 5.0
IDLE = Part("idle", "A night with no change", MOST_MILLISECONDS, "after", "night", "rollups", 2)


def measure(place: Deliveries, runs: int) -> Result:
    """Runs the pipeline for a day without files, after the one that brought the new day in."""
    series = alternate(IDLE, {"nightshift": Nightshift(place, next(iter(place.limits)), False)}, runs)
    steps = series["nightshift"].steps
    each = {name: [seconds * 1000 for seconds in steps[f"refresh:{name}"]] for name in ROLLUPS}
    rows = [[name, f"{median(times):.1f} ({min(times):.1f}-{max(times):.1f})"] for name, times in each.items()]
    print(f"\n{IDLE.title}\n\n{printing.table(['rollup', 'Nightshift ms'], rows)}")
    medians = [median(times) for times in each.values()]
    print(f"mean {mean(medians):.1f} ms; the process {printing.spread(series['nightshift'].seconds)} s\n", flush=True)
    result = Result([printing.as_json(IDLE, series)])
    result.judge("a night with no change, ms of the slowest rollup", max(medians), MOST_MILLISECONDS)
    return result
