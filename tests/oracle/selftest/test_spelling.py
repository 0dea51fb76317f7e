"""Which texts are values of which types."""

from __future__ import annotations

import unittest
from datetime import datetime
from decimal import Decimal

import fixture  # noqa: F401  (puts the oracle on the path)

import duckdb

from contracts import Column, Contract
from spelling import typed_value


def value(text: str, kind: str, zone: str = "Asia/Taipei", ambiguous: str = "review") -> object:
    """What the oracle makes of a text; None where it refuses it."""
    column = Column("c", kind, True)
    contract = Contract("t", "csv", "t.csv", ",", "append", None, ambiguous, (column,), (), ())
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    row = connection.execute(
        f"SELECT {typed_value(column, contract, zone)} FROM (SELECT ? AS text_c)", [text]
    ).fetchone()
    assert row is not None
    return row[0]


class Spelling(unittest.TestCase):
    """By type."""

    def test_numbers(self) -> None:
        self.assertEqual(value(" -7 ", "BIGINT"), -7)
        for text in ("1.0", "1e3", "x", "9223372036854775808", "１"):
            self.assertIsNone(value(text, "BIGINT"), text)
        for text, expected in (("1.5e3", "1500"), ("15e-1", "1.5"), (".5", "0.5"), ("5.", "5"), ("1.2300", "1.23")):
            self.assertEqual(value(text, "DECIMAL(10,2)"), Decimal(expected), text)
        for text in ("1.234", "100000000", "1,5", "NaN", "12e-3", "", "-"):
            self.assertIsNone(value(text, "DECIMAL(10,2)"), text)
        self.assertEqual(value("-1.5e3", "DOUBLE"), -1500.0)
        for text in ("nan", "inf", "1e999"):
            self.assertIsNone(value(text, "DOUBLE"), text)

    def test_booleans_and_dates(self) -> None:
        self.assertIs(value("TRUE", "BOOLEAN"), True)
        self.assertIs(value("n", "BOOLEAN"), False)
        self.assertIsNone(value("maybe", "BOOLEAN"))
        for text in ("2026-02-29", "2026-2-9", "epoch", "2026-02-09x"):
            self.assertIsNone(value(text, "DATE"), text)

    def test_times(self) -> None:
        expected = datetime(2026, 11, 23, 17, 30)
        for text in ("2026-11-23 17:30", "2026-11-23T17:30:00", "2026-11-23T09:30Z", "2026-11-23 17:30:00.000000000"):
            self.assertEqual(value(text, "TIMESTAMP"), expected, text)
        for text in ("2026-11-23T09:30:00Z", "2026-11-23T18:30+0900", "2026-11-23 17:30:00,0+08"):
            self.assertEqual(value(text, "TIMESTAMP WITH TIME ZONE"), expected, text)
        self.assertIsNone(value("2026-11-23 17:30:00", "TIMESTAMP WITH TIME ZONE"))
        for text in ("2026-11-23T24:00:00", "24/11/2025", "2026-11-23 17:30:00.1234567", "now"):
            self.assertIsNone(value(text, "TIMESTAMP"), text)

    def test_missing_local_times(self) -> None:
        missing = "2026-03-08 02:30:00"
        self.assertEqual(value(missing, "TIMESTAMP", "America/New_York", "earlier"), datetime(2026, 3, 8, 3, 30))
        self.assertEqual(value(missing, "TIMESTAMP", "America/New_York", "later"), datetime(2026, 3, 8, 1, 30))


if __name__ == "__main__":
    unittest.main()
