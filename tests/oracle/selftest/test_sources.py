"""The rebuilt sources against rows worked out by hand."""

from __future__ import annotations

import unittest
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from fixture import STOP_HEADER, Fixture


class Sources(unittest.TestCase):
    """One fixture a test: each changes it."""

    def setUp(self) -> None:
        self.fixture = Fixture()
        self.addCleanup(self.fixture.close)

    def rows(self, sql: str, until: date = date(2026, 3, 31)) -> list[tuple[Any, ...]]:
        """A query over the rebuilt sources."""
        connection, _ = self.fixture.rebuild(until)
        return connection.execute(sql).fetchall()

    def reviewed(self, name: str, until: date = date(2026, 3, 31)) -> list[tuple[Any, ...]]:
        """File and line of what goes to review."""
        return self.rows(f"SELECT _file, _line FROM judged.{name} WHERE _reason IS NOT NULL ORDER BY ALL", until)

    def test_upsert_keeps_the_greatest_watermark_then_file_then_line(self) -> None:
        found = self.rows("SELECT stop_id, amount, note, _file, _line, _deleted FROM kept.stop ORDER BY stop_id")
        self.assertEqual(
            found,
            [
                (1, Decimal("11.50"), "corrected", "2026-03-02/stop.csv", 2, False),
                (2, Decimal("20.00"), 'quoted, "twice"\nand on', "2026-03-01/stop.csv", 3, False),
                (3, None, None, "2026-03-02/stop.csv", 4, True),
                (8, Decimal("0.33"), "台北", "2026-03-01/stop.csv", 10, False),
                (9, Decimal("8.88"), "same watermark; later line", "2026-03-02/stop.csv", 6, False),
            ],
        )
        self.assertEqual(self.rows("SELECT stop_id FROM stop ORDER BY 1"), [(1,), (2,), (8,), (9,)])

    def test_files_after_the_date_do_not_count(self) -> None:
        found = self.rows("SELECT stop_id, amount FROM stop ORDER BY 1", date(2026, 3, 1))
        self.assertEqual(found, [(1, Decimal("10.50")), (2, Decimal("20.00")), (3, None), (8, Decimal("0.33"))])

    def test_broken_records_keep_their_lines(self) -> None:
        # The record on line 3 goes on to line 4, and those after it are one further down.
        first = [("2026-03-01/stop.csv", line) for line in (6, 7, 8, 9)]
        self.assertEqual(self.reviewed("stop"), [*first, ("2026-03-02/stop.csv", 7)])
        reasons = self.rows("SELECT _reason FROM judged.stop WHERE _line = 9 AND _reason IS NOT NULL")
        self.assertEqual(reasons, [("stop_id is no BIGINT; amount is no DECIMAL(10,2)",)])

    def test_json_lines(self) -> None:
        self.assertEqual(self.reviewed("payment"), [("2026-03-01/payment.jsonl", line) for line in (2, 3, 5, 7)])
        self.assertEqual(
            self.rows("SELECT * FROM payment ORDER BY 1"),
            [
                (1, datetime(2026, 3, 1, 10), Decimal("12.30"), "cash"),
                (5, datetime(2026, 3, 1, 11), Decimal("1.25"), None),
            ],
        )

    def test_parquet(self) -> None:
        self.assertEqual(self.rows("SELECT * FROM movement"), [(1, datetime(2026, 3, 1, 9), 5)])
        self.assertEqual(self.reviewed("movement"), [("2026-03-01/movement.parquet", line) for line in (2, 3)])

    def test_full_is_the_newest_file_unless_it_has_no_bytes(self) -> None:
        self.assertEqual(self.rows("SELECT depot_id, name FROM depot ORDER BY 1"), [(1, "North"), (2, "南")])
        self.assertEqual(self.reviewed("depot"), [("2026-03-02/depot.csv", line) for line in (4, 5)])
        self.fixture.arrive("2026-03-04", "depot.csv", "depot_id,name,tax_id\n")
        self.assertEqual(self.rows("SELECT * FROM depot"), [])

    def test_a_corrected_file_replaces_what_it_brought(self) -> None:
        self.assertEqual(len(self.rows("SELECT * FROM stop")), 4)
        line = "1,1,2026-03-01 00:30:00,5.00,1.25,again,2026-03-03 01:00:00,false"
        self.fixture.arrive("2026-03-02", "stop.csv", f"{STOP_HEADER}\n{line}\n")
        found = self.rows("SELECT stop_id, amount FROM stop ORDER BY 1")
        self.assertEqual(found, [(1, Decimal("5.00")), (2, Decimal("20.00")), (3, None), (8, Decimal("0.33"))])

    def test_unclear_local_times_go_to_review(self) -> None:
        zone = "name: fixture\ntimezone: America/New_York\n"
        self.fixture.write("nightshift.yaml", zone)
        times = ["2026-03-08 01:59:59", "2026-03-08 02:30:00", "2026-03-08 03:00:00", "2026-11-01 01:30:00"]
        lines = [f"{number},1,{at},1.00,1,,2026-03-09 00:00:00,false" for number, at in enumerate(times)]
        self.fixture.arrive("2026-03-02", "stop.csv", "\n".join([STOP_HEADER, *lines]))
        self.assertEqual(
            [row for row in self.reviewed("stop") if "03-02" in row[0]],
            [
                ("2026-03-02/stop.csv", 3),
                ("2026-03-02/stop.csv", 5),
            ],
        )


if __name__ == "__main__":
    unittest.main()
