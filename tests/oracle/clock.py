"""Local time and instants, by Python's zoneinfo and never by DuckDB's own time zones.

The oracle keeps times as naive local timestamps, as an analyst thinks of them. Where the lake has instants, the offset in
force is written into the SQL as plain numbers that come from here. What local time cannot say is beyond it: which of two
instants a text with a zone of its own meant, in an hour that happens twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

UTC = timezone.utc
FIRST_YEAR = 1970
LAST_YEAR = 2060


@dataclass(frozen=True)
class Transition:
    """A moment at which the offset of a zone changes. Offsets are seconds east of UTC."""

    instant: datetime
    before: int
    after: int

    @property
    def first_local(self) -> datetime:
        """Local wall time at which the gap or the repeated stretch begins."""
        return naive(self.instant) + timedelta(seconds=min(self.before, self.after))

    @property
    def last_local(self) -> datetime:
        """Local wall time at which the gap or the repeated stretch ends, itself outside."""
        return naive(self.instant) + timedelta(seconds=max(self.before, self.after))

    @property
    def is_gap(self) -> bool:
        """The clock is put forward: the local times in between do not exist."""
        return self.after > self.before


def naive(instant: datetime) -> datetime:
    """UTC wall time without a zone."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def offset_at(zone: ZoneInfo, instant: datetime) -> int:
    """Seconds east of UTC at an instant."""
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def pin_down(zone: ZoneInfo, low: datetime, high: datetime) -> Transition:
    """The transition between two instants with different offsets, to the second."""
    before, after = offset_at(zone, low), offset_at(zone, high)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low).total_seconds() // 2)
        if offset_at(zone, middle) == before:
            low = middle
        else:
            high = middle
    return Transition(high, before, after)


@lru_cache(maxsize=None)
def transitions(zone_name: str, first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR) -> tuple[Transition, ...]:
    """Every change of a zone's offset in a range of years."""
    zone = ZoneInfo(zone_name)
    found = []
    moment = datetime(first_year, 1, 1, tzinfo=UTC)
    while moment.year <= last_year:
        following = moment + timedelta(days=1)
        if offset_at(zone, moment) != offset_at(zone, following):
            found.append(pin_down(zone, moment, following))
        moment = following
    return tuple(found)


def sql_interval(seconds: int) -> str:
    """Seconds as a SQL interval."""
    return f"INTERVAL ({seconds}) SECOND"


def sql_timestamp(moment: datetime) -> str:
    """A naive time as a SQL literal."""
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


def offset_case(expression: str, zone: str, boundary: Callable[[Transition], datetime]) -> str:
    """SQL for the offset in force at a time; `boundary` gives the time from which on a change of the clock holds."""
    changes = transitions(zone)
    last = offset_at(ZoneInfo(zone), datetime(LAST_YEAR, 12, 31, tzinfo=UTC))
    arms = []
    for change in changes:
        arms.append(f"WHEN {expression} < {sql_timestamp(boundary(change))} THEN {sql_interval(change.before)}")
    return f"(CASE {' '.join(arms)} ELSE {sql_interval(last)} END)" if arms else sql_interval(last)


def once(expression: str, body: Callable[[str], str]) -> str:
    """SQL that uses an expression many times but computes (and writes) it once."""
    if expression.startswith('"') and expression.endswith('"'):
        return body(expression)
    return f"list_transform([{expression}], lambda moment: {body('moment')})[1]"


def sql_to_utc(expression: str, zone: str, ambiguous: str = "earlier") -> str:
    """SQL from naive local time to naive UTC.

    `earlier` takes the offset before the change for a time that does not exist or happens twice, `later` the one after.
    """

    def boundary(change: Transition) -> datetime:
        return change.first_local if ambiguous == "later" else change.last_local

    return once(expression, lambda moment: f"({moment} - {offset_case(moment, zone, boundary)})")


def sql_of_bucket(expression: str, zone: str, ambiguous: str) -> str:
    """As `sql_to_utc`, for results: a time that does not exist is the start of an hour that the gap cut off, so the gap's end."""

    def boundary(change: Transition) -> datetime:
        return change.first_local if ambiguous == "later" and not change.is_gap else change.last_local

    return once(expression, lambda moment: f"({moment} - {offset_case(moment, zone, boundary)})")


def sql_to_local(expression: str, zone: str) -> str:
    """SQL from naive UTC to naive local time."""

    def boundary(change: Transition) -> datetime:
        return naive(change.instant)

    return once(expression, lambda moment: f"({moment} + {offset_case(moment, zone, boundary)})")


def sql_unclear(expression: str, zone: str) -> str:
    """SQL that is true for a naive local time that does not exist or happens twice."""
    stretches = [
        f"({expression} >= {sql_timestamp(change.first_local)} AND {expression} < {sql_timestamp(change.last_local)})"
        for change in transitions(zone)
    ]
    return f"({' OR '.join(stretches)})" if stretches else "false"
