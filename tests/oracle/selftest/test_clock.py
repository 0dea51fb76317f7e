"""The SQL of clock.py against the cases of zones.json, which zoneinfo made; and zones.json against its script."""

from __future__ import annotations

import json
import unittest
from datetime import datetime
from typing import Any

import duckdb
import fixture  # noqa: F401  (puts the oracle on the path)

import zones
from clock import sql_of_bucket, sql_to_local, sql_to_utc, sql_unclear

CASES: dict[str, list[dict[str, Any]]] = json.loads(zones.TARGET.read_text(encoding="utf-8"))


def naive(text: str) -> datetime:
    """A time of the file, without its zone."""
    return datetime.fromisoformat(text.rstrip("Z"))


def evaluate(expression: str, moments: list[datetime]) -> list[Any]:
    """The expression for each of the times, in a column called `moment`."""
    query = f"SELECT {expression} FROM (SELECT unnest($moments) AS moment, generate_subscripts($moments, 1) AS n) ORDER BY n"
    return [row[0] for row in duckdb.execute(query, {"moments": moments}).fetchall()]


def times(cases: list[dict[str, Any]], name: str) -> list[datetime]:
    """One field of all cases."""
    return [naive(case[name]) for case in cases]


class Clock(unittest.TestCase):
    """Each function of clock.py that makes SQL."""

    def test_from_local_time(self) -> None:
        for zone in zones.ZONES:
            cases = [case for case in CASES["locals"] if case["zone"] == zone]
            local = times(cases, "local")
            for ambiguous in ("earlier", "later"):
                found = evaluate(sql_to_utc('"moment"', zone, ambiguous), local)
                self.assertEqual(found, times(cases, ambiguous), zone)
            unclear = evaluate(sql_unclear('"moment"', zone), local)
            self.assertEqual(unclear, [case["kind"] != "unique" for case in cases], zone)

    def test_to_local_time_and_its_hour(self) -> None:
        for zone in zones.ZONES:
            cases = [case for case in CASES["instants"] if case["zone"] == zone]
            local = evaluate(sql_to_local('"moment"', zone), times(cases, "instant"))
            self.assertEqual(local, times(cases, "local"), zone)
            # Local time alone does not tell the two hours apart that look the same: contracts send such rows to review.
            repeated = evaluate(sql_unclear('"moment"', zone), local)
            cuts = [moment.replace(minute=0, second=0) for moment in local]
            for ambiguous in ("earlier", "later"):
                hours = evaluate(sql_of_bucket('"moment"', zone, ambiguous), cuts)
                wrong = [
                    case
                    for case, hour, twice in zip(cases, hours, repeated)
                    if not twice and hour != naive(case["hour"])
                ]
                self.assertEqual(wrong, [], zone)

    def test_the_file_is_what_its_script_makes(self) -> None:
        self.assertEqual(zones.TARGET.read_text(encoding="utf-8"), zones.text())


if __name__ == "__main__":
    unittest.main()
