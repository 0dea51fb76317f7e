#!/usr/bin/env python3
"""Makes zones.json: what Python's zoneinfo says about instants and buckets around changes of the clock, for the Rust tests.

    python tests/oracle/zones.py            writes tests/oracle/zones.json
    python tests/oracle/zones.py --check    fails where the file is not what would be written

Every instant is text in UTC (`2026-11-01T05:30:00Z`), every local time is text without a zone. The file has three lists.

`instants`: an instant with its local time and the `kind` of that, its `date` and the starts of its buckets. `hour` is the local time of the
instant, cut to the hour with the same fold, as an instant: an hour that happens twice is two buckets; where only half an
hour repeats (Lord Howe), the cut is unique and both halves belong to one bucket; where the cut does not exist, the bucket
starts with the first instant after the gap. `day`, `month` and `year` are the first instants that have that business date
or begin that month or year.

`days`: a business date with its first instant and that of the next one, for a `day_starts_at`. It is the first instant
at which the clock shows that time of that date, or the end of the gap that swallows it.

`locals`: a local time with the instants that it means: `earlier` by the clock as it ran before the change, `later` as it
ran after it; `first` is the first instant at which the clock shows it, or the end of the gap; `kind` is unique, missing or
twice.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from clock import UTC, Transition, transitions

ZONES = ("Asia/Taipei", "America/New_York", "America/Havana", "Australia/Lord_Howe")
YEARS = (2024, 2027)
STEPS = tuple(
    timedelta(minutes=minutes)
    for minutes in (-1500, -150, -91, -61, -31, -30, -15, -1, 0, 1, 15, 30, 45, 75, 150, 1500)
)
STARTS = ("00:00", "00:30", "05:00")
# For Taipei, which has no changes: hours at which the UTC date and the local one differ, ends of months and years.
STEADY = (
    "2025-12-31T15:59:59",
    "2025-12-31T16:00:00",
    "2026-01-31T16:30:00",
    "2026-02-16T20:15:00",
    "2026-02-28T15:59:59",
    "2026-02-28T16:00:00",
    "2026-11-23T15:59:59",
    "2026-11-23T17:30:00",
    "2026-11-24T00:00:00",
)
# Every half hour of 24 November at Taipei until 08:00, when the UTC date becomes the same.
MORNING = tuple(datetime(2026, 11, 23, 16) + timedelta(minutes=30 * step) for step in range(17))
TARGET = Path(__file__).parent / "zones.json"


def changes(zone: str) -> list[Transition]:
    """The changes of the clock that get cases."""
    return [change for change in transitions(zone) if YEARS[0] <= change.instant.year <= YEARS[1]]


def utc(moment: datetime) -> str:
    """An instant as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local(moment: datetime) -> str:
    """A wall time as text."""
    return moment.replace(tzinfo=None).isoformat(sep="T")


def kind_of(wall: datetime, zone: ZoneInfo) -> str:
    """Whether a wall time means one instant, none or two: PEP 495's own way to ask."""
    early = wall.replace(tzinfo=zone, fold=0)
    late = wall.replace(tzinfo=zone, fold=1)
    if early.utcoffset() == late.utcoffset():
        return "unique"
    return "missing" if early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall else "twice"


def day_start(day: date, zone: ZoneInfo, starts_at: time = time()) -> datetime:
    """The first instant of a business date."""
    wall = datetime.combine(day, starts_at)
    if kind_of(wall, zone) != "missing":
        return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    # The end of the gap: the first instant whose wall time is later. A gap begins and ends on a full minute.
    moment = wall.replace(tzinfo=zone, fold=1, second=0).astimezone(UTC)
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += timedelta(minutes=1)
    return moment


def business_date(moment: datetime, zone: ZoneInfo, starts_at: time = time()) -> date:
    """The date whose range from `day_start` to the next `day_start` has the instant."""
    day = moment.astimezone(zone).date() + timedelta(days=1)
    while day_start(day, zone, starts_at) > moment:
        day -= timedelta(days=1)
    return day


def hour_start(moment: datetime, zone: ZoneInfo) -> datetime:
    """The start of the hour bucket."""
    wall = moment.astimezone(zone)
    cut = wall.replace(minute=0, second=0, microsecond=0, fold=wall.fold)
    if kind_of(cut.replace(tzinfo=None), zone) != "missing":
        return cut.astimezone(UTC)
    return day_start(cut.date(), zone, cut.time())


def instant_case(zone_name: str, moment: datetime) -> dict[str, Any]:
    """One entry of `instants`."""
    zone = ZoneInfo(zone_name)
    wall = moment.astimezone(zone)
    day = business_date(moment, zone)
    return {
        "zone": zone_name,
        "instant": utc(moment),
        "local": local(wall),
        "fold": wall.fold,
        "kind": kind_of(wall.replace(tzinfo=None, fold=0), zone),
        "date": day.isoformat(),
        "hour": utc(hour_start(moment, zone)),
        "day": utc(day_start(day, zone)),
        "month": utc(day_start(day.replace(day=1), zone)),
        "year": utc(day_start(day.replace(month=1, day=1), zone)),
        "business_dates": {
            starts_at: business_date(moment, zone, time.fromisoformat(starts_at)).isoformat() for starts_at in STARTS
        },
    }


def instants() -> Iterator[dict[str, Any]]:
    """Instants around every change, and steady ones."""
    for zone in ZONES:
        moments = {datetime.fromisoformat(text).replace(tzinfo=UTC) for text in STEADY}
        moments |= {moment.replace(tzinfo=UTC) for moment in MORNING}
        moments |= {change.instant + step for change in changes(zone) for step in STEPS}
        yield from (instant_case(zone, moment) for moment in sorted(moments))


def days() -> Iterator[dict[str, Any]]:
    """The days around every change."""
    for zone_name in ZONES:
        zone = ZoneInfo(zone_name)
        near = {change.instant.astimezone(zone).date() for change in changes(zone_name)} or {date(2026, 11, 24)}
        for day in sorted(day + timedelta(days=step) for day in near for step in (-1, 0, 1)):
            for starts_at in STARTS:
                start = day_start(day, zone, time.fromisoformat(starts_at))
                end = day_start(day + timedelta(days=1), zone, time.fromisoformat(starts_at))
                yield {
                    "zone": zone_name,
                    "date": day.isoformat(),
                    "day_starts_at": starts_at,
                    "start": utc(start),
                    "end": utc(end),
                    "minutes": round((end - start).total_seconds() / 60),
                }


def locals_() -> Iterator[dict[str, Any]]:
    """Wall times before, in and after every gap and every repeated stretch."""
    for zone_name in ZONES:
        zone = ZoneInfo(zone_name)
        walls = {datetime(2026, 11, 24, 1, 30)}
        for change in changes(zone_name):
            first, last = change.first_local, change.last_local
            second = timedelta(seconds=1)
            walls |= {first - second, first, first + (last - first) / 2, last - second, last, last + timedelta(hours=1)}
        for wall in sorted(walls):
            yield {
                "zone": zone_name,
                "local": local(wall),
                "kind": kind_of(wall, zone),
                "first": utc(day_start(wall.date(), zone, wall.time())),
                "earlier": utc(wall.replace(tzinfo=zone, fold=0)),
                "later": utc(wall.replace(tzinfo=zone, fold=1)),
            }


def text() -> str:
    """The whole file, one case a line."""
    parts = []
    for name, cases in (("instants", instants()), ("days", days()), ("locals", locals_())):
        lines = ",\n".join("    " + json.dumps(case) for case in cases)
        parts.append(f'  "{name}": [\n{lines}\n  ]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> int:
    """Writes or checks the file."""
    wanted = text()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") == wanted:
            return 0
        print(f"{TARGET} is not what {Path(__file__).name} makes; run it and look at the difference", file=sys.stderr)
        return 1
    TARGET.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
