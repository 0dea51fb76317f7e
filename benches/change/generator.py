"""The files that arrive: a history of deliveries, a file a month, and one new day with late rows and corrections.

Everything follows from a row's number by DuckDB's hash(), so that the same amount gives the same rows. A day has the same number
of rows as any other. The new day's file holds a day's rows, of which every hundredth was delivered on one of the thirty days
before, and corrections of rows of these thirty days.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

ROWS_PER_DAY = 41_000
HISTORY_DAYS = 730
# A usual day: in the middle of a month, with all that is late in the same year.
NEW_DAY = date(2024, 6, 17)
LATE_DAYS = 30
ONE_LATE_IN = 100
CORRECTIONS_PER_DAY = 200
CUSTOMERS = 100_000
DEPOTS = 12
PRODUCTS = 8
OPENS_AT = 7  # o'clock; the last lorry comes before 21:00
OPEN_HOURS = 14
PARQUET = "FORMAT parquet, COMPRESSION zstd"


@dataclass(frozen=True)
class Amount:
    """How much there is."""

    rows_per_day: int = ROWS_PER_DAY
    history_days: int = HISTORY_DAYS

    @property
    def first_day(self) -> date:
        """The first day of the history."""
        return NEW_DAY - timedelta(days=self.history_days)

    @property
    def history_rows(self) -> int:
        """Rows of the history; they have the numbers from 0."""
        return self.rows_per_day * self.history_days

    @property
    def corrections(self) -> int:
        """How many rows of the history the new day corrects."""
        return max(1, self.rows_per_day * CORRECTIONS_PER_DAY // ROWS_PER_DAY)


def write_files(incoming: Path, amount: Amount) -> None:
    """Writes all files, each whole or not at all."""
    connection = duckdb.connect()
    first = True
    for last_day, numbers in months(amount):
        folder = incoming / last_day.isoformat()
        if first:
            write(connection, customers(), folder / "customer.parquet")
            first = False
        write(connection, history_rows(amount, numbers), folder / "delivery.parquet")
    write(connection, new_rows(amount), incoming / NEW_DAY.isoformat() / "delivery.parquet")
    connection.close()


def write(connection: duckdb.DuckDBPyConnection, sql: str, file: Path) -> None:
    """Writes what a query gives."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".partial")
    connection.execute(f"COPY ({sql}) TO '{unfinished}' ({PARQUET})")
    unfinished.rename(file)


def months(amount: Amount) -> Iterator[tuple[date, range]]:
    """For each month its last day in the history, and the numbers of its rows."""
    day, last = amount.first_day, NEW_DAY - timedelta(days=1)
    while day <= last:
        end = min(last, day.replace(day=calendar.monthrange(day.year, day.month)[1]))
        numbers = range((day - amount.first_day).days, (end - amount.first_day).days + 1)
        yield end, range(numbers.start * amount.rows_per_day, numbers.stop * amount.rows_per_day)
        day = end + timedelta(days=1)


def customers() -> str:
    """SQL of all customers: most are households."""
    segment = "['household', 'household', 'household', 'restaurant', 'restaurant', 'industry', 'institution']"
    return (
        f"SELECT number + 1 AS customer_id, {segment}[CAST(1 + hash(number, 'segment') % 7 AS INTEGER)] AS segment "
        f"FROM range({CUSTOMERS}) t(number)"
    )


def history_rows(amount: Amount, numbers: range) -> str:
    """SQL of some rows of the history."""
    day = f"DATE '{amount.first_day}' + CAST(number // {amount.rows_per_day} AS INTEGER)"
    return deliveries(f"SELECT number, {day} AS day FROM range({numbers.start}, {numbers.stop}) t(number)")


def new_rows(amount: Amount) -> str:
    """SQL of the new day's file: the day's rows, then the corrections."""
    first = amount.history_rows
    late = f"(number - {first}) % {ONE_LATE_IN} = {ONE_LATE_IN // 2}"
    days_late = f"1 + CAST(hash(number, 'late') % {LATE_DAYS} AS INTEGER)"
    day = f"DATE '{NEW_DAY}' - CASE WHEN {late} THEN {days_late} ELSE 0 END"
    numbers = f"SELECT number, {day} AS day FROM range({first}, {first + amount.rows_per_day}) t(number)"
    arrived = f"greatest(updated_at, TIMESTAMP '{NEW_DAY} 06:00:00')"
    return f"SELECT * REPLACE ({arrived} AS updated_at) FROM ({deliveries(numbers)}) UNION ALL ({corrections(amount)})"


def corrections(amount: Amount) -> str:
    """SQL of whole rows for keys that the history has, spread over the last days.

    Each has one piece more; one in twenty ends in another way, one in twenty is removed.
    """
    window = LATE_DAYS * amount.rows_per_day
    step = window // amount.corrections
    number = f"{amount.history_rows - window} + turn * {step} + CAST(hash(turn, 'correction') % {step} AS BIGINT)"
    numbers = f"SELECT turn, {number} AS number FROM range({amount.corrections}) t(turn)"
    day = f"DATE '{amount.first_day}' + CAST(number // {amount.rows_per_day} AS INTEGER)"
    rows = deliveries(f"SELECT turn, number, {day} AS day FROM ({numbers})", "turn, ")
    other_end = "CASE WHEN status = 'completed' THEN 'returned' ELSE 'completed' END"
    return (
        "SELECT * EXCLUDE (turn) REPLACE (quantity + 1 AS quantity, "
        "CAST(unit_price * (quantity + 1) AS DECIMAL(14, 2)) AS amount, "
        f"CASE WHEN turn % 20 = 0 THEN {other_end} ELSE status END AS status, "
        f"TIMESTAMP '{NEW_DAY} 21:30:00' + to_seconds(turn) AS updated_at, "
        f"turn % 20 = 10 AS is_deleted) FROM ({rows})"
    )


def deliveries(numbers: str, also: str = "") -> str:
    """SQL of whole rows for a query that gives their numbers and days."""

    def choice(topic: str, count: int) -> str:
        return f"CAST(hash(number, '{topic}') % {count} AS INTEGER)"

    drawn = (
        f"SELECT {also}number + 1 AS delivery_id, CAST(1 + {choice('customer', CUSTOMERS)} AS BIGINT) AS customer_id, "
        f"CAST(1 + {choice('product', PRODUCTS)} AS BIGINT) AS product_id, "
        f"CAST(day AS TIMESTAMP) + to_hours({OPENS_AT}) + to_seconds({choice('second', OPEN_HOURS * 3600)}) "
        f"AS delivered_at, 1 + {choice('quantity', 6)} AS quantity, {choice('price', 60)} AS price, "
        f"{choice('status', 100)} AS outcome, {choice('entered', 7200)} AS entered FROM ({numbers})"
    )
    unit_price = "CAST(180 + product_id * 75 + price * 0.5 AS DECIMAL(10, 2))"
    return (
        f"SELECT {also}delivery_id, customer_id, "
        f"CAST(1 + hash(customer_id, 'depot') % {DEPOTS} AS BIGINT) AS depot_id, product_id, "
        f"delivered_at, quantity, {unit_price} AS unit_price, CAST({unit_price} * quantity AS DECIMAL(14, 2)) AS amount, "
        "CASE WHEN outcome < 96 THEN 'completed' WHEN outcome < 99 THEN 'failed' ELSE 'returned' END AS status, "
        f"delivered_at + to_seconds(600 + entered) AS updated_at, false AS is_deleted FROM ({drawn})"
    )
