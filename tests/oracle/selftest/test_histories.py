"""The answers for random histories: texts, overflow, local time, and what is asked for again."""

from __future__ import annotations

import unittest
from typing import Any

from fixture import Fixture

from histories import Histories

PAYMENT = {"payment_id": 1, "paid_at": "2026-02-28T16:30:00Z", "amount": "-12.50", "method": None}


class Answers(unittest.TestCase):
    """Questions about the fixture's project."""

    def setUp(self) -> None:
        self.fixture = Fixture()
        self.addCleanup(self.fixture.close)
        self.histories = Histories(self.fixture.root)

    def ask(self, sql: str, rows: dict[str, Any] | None = None) -> Any:
        """The rows of one SELECT, or its error as text."""
        answer = self.histories.answer({"rows": rows or {}, "rollups": {"one": sql}})["one"]
        return answer["rows"] if "rows" in answer else answer["error"]

    def test_values_are_written_as_text(self) -> None:
        values = "CAST(-0.05 AS DECIMAL(4, 2)), NULL, true, CAST('nan' AS DOUBLE), 1e300, DATE '2026-03-01', '台北'"
        expected = ["-0.05", "NULL", "true", "nan", "1e+300", "2026-03-01", "台北"]
        self.assertEqual(self.ask(f"SELECT {values}"), [expected])
        lists = "[CAST(1 AS DECIMAL(3, 1)), NULL, -2], ['a', 'b']"
        self.assertEqual(self.ask(f"SELECT {lists}"), [["[1.0, NULL, -2.0]", "[a, b]"]])

    def test_what_does_not_fit_is_an_error(self) -> None:
        nearly = "9" * 38
        sums = f"SELECT sum(CAST(number AS DECIMAL(38, 0))) FROM (VALUES ('{nearly}'), ('1'), ('{{}}')) t(number)"
        self.assertIn("does not fit DECIMAL(38,0)", self.ask(sums.format("0")))
        self.assertEqual(self.ask(sums.format("-1")), [[nearly]])
        whole = "SELECT CAST(sum(number) AS BIGINT) FROM (VALUES (9223372036854775807), (1)) t(number)"
        self.assertIn("out of range", self.ask(whole))

    def test_times_are_those_of_the_clock_on_the_wall(self) -> None:
        sql = "SELECT date_trunc('day', paid_at)::date, max(paid_at), sum(amount) FROM payment GROUP BY 1"
        self.assertEqual(self.ask(sql, {"payment": [PAYMENT]}), [["2026-03-01", "2026-03-01T00:30:00", "-12.50"]])

    def test_rows_take_the_place_of_earlier_ones(self) -> None:
        sql = "SELECT count(*), count(method) FROM payment"
        self.assertEqual(self.ask(sql, {"payment": [PAYMENT, {**PAYMENT, "method": "it's"}]}), [["2", "1"]])
        self.assertEqual(self.ask(sql), [["2", "1"]])
        self.assertEqual(self.ask(sql, {"payment": []}), [["0", "0"]])


if __name__ == "__main__":
    unittest.main()
