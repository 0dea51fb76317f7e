"""Ten times as many days of history, each with as many rows: the night may hardly take longer or read more."""

from __future__ import annotations

from statistics import median

import printing
from contest import Bound, DuckDb, Nightshift, Part, Series, alternate
from frozen import QUERIES, ROLLUPS
from lakes import Deliveries
from night import compare
from result import Result

TIMES = 10
MOST = 1.3
MIB = 1 << 20
NIGHT = Part("tenfold", "One new day after ten times as many days", MOST, "built", "night", "rollups", 1)


def measure(short: Deliveries, long: Deliveries, runs: int) -> Result:
    """Compares both answers with DuckDB's, then runs both nights in turns."""
    contestants = {}
    for name, place in (("short", short), ("long", long)):
        ours = Nightshift(place, next(iter(place.limits)), False)
        ours.run(NIGHT)
        DuckDb(place, next(iter(place.limits)), False, queries=QUERIES).run(NIGHT)
        if not compare(place, f"{place.amount.history_days} days", ROLLUPS):
            return Result(same_answers=False)
        contestants[name] = Bound(ours, NIGHT)
    series = alternate(NIGHT, contestants, runs)
    days = [f"{place.amount.history_days} days" for place in (short, long)]
    print(f"\n{NIGHT.title}, {short.amount.rows_per_day:,} rows each\n\n{steps_table(series, days)}\n", flush=True)
    result = Result([printing.as_json(NIGHT, series)])
    result.judge("ten times the days, time", series["long"].median / series["short"].median, MOST)
    result.judge("ten times the days, bytes read", series["long"].read_bytes / series["short"].read_bytes, MOST)
    return result


def steps_table(series: dict[str, Series], days: list[str]) -> str:
    """Each step's seconds after both histories, with the ratio, and what was read."""
    short, long = series["short"], series["long"]
    rows = []
    for step, seconds in sorted(short.steps.items()):
        longer = long.steps[step]
        rows.append(
            [step, printing.spread(seconds), printing.spread(longer), f"{median(longer) / median(seconds):.2f}"]
        )
    whole = [printing.spread(short.seconds), printing.spread(long.seconds), f"{long.median / short.median:.2f}"]
    rows.append(["process, from start to end", *whole])
    read = [f"{short.read_bytes / MIB:.1f}", f"{long.read_bytes / MIB:.1f}"]
    rows.append(["read, MiB", *read, f"{long.read_bytes / short.read_bytes:.2f}"])
    return printing.table(["step", *(f"{one} s" for one in days), "ratio"], rows)
