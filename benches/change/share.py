"""How much of a source a night touches: the bytes of its files that hold a row of a touched bucket, by the Delta log's statistics.

A bucket is touched if the new day's file has a row in it; its corrections leave the time of a row as it was. A file holds a row
of a bucket unless its least and greatest time say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
from deltalake import DeltaTable

ZONE = ZoneInfo("Asia/Taipei")
TIME = "delivered_at"


@dataclass(frozen=True)
class Share:
    """The touched buckets and bytes of a source."""

    buckets: int
    touched_bytes: int
    all_bytes: int

    @property
    def of_bytes(self) -> float:
        """Between 0 and 1."""
        return self.touched_bytes / self.all_bytes


def touched(source: Path, new_file: Path, grain: str) -> Share:
    """What the new day's file touches of a source's table, by buckets of a grain such as `month`."""
    buckets = buckets_of(new_file, grain)
    sizes = [
        (size, any(start <= last and first < end for start, end in buckets)) for size, first, last in files(source)
    ]
    return Share(len(buckets), sum(size for size, is_touched in sizes if is_touched), sum(size for size, _ in sizes))


def buckets_of(file: Path, grain: str) -> list[tuple[datetime, datetime]]:
    """The buckets in which a file has rows: the local time at which each begins, and that at which the next one does."""
    start = f"CAST(date_trunc('{grain}', {TIME}) AS TIMESTAMP)"
    query = f"SELECT DISTINCT {start} AS start, start + INTERVAL 1 {grain} FROM read_parquet('{file}') ORDER BY start"
    with duckdb.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(query).fetchall()]


def files(source: Path) -> list[tuple[int, datetime, datetime]]:
    """For each data file of a table's newest version its size, and its least and greatest time, local."""
    actions = DeltaTable(source).get_add_actions(flatten=True)
    columns = ("size_bytes", f"min.{TIME}", f"max.{TIME}")
    rows = zip(*(actions.column(name).to_pylist() for name in columns))
    return [(size, local(first), local(last)) for size, first, last in rows]


def local(instant: datetime) -> datetime:
    """The project's clock at an instant."""
    return instant.astimezone(ZONE).replace(tzinfo=None)
