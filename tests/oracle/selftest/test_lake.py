"""The oracle passes a right lake and finds every way in which it can be wrong."""

from __future__ import annotations

import contextlib
import io
import sys
import unittest
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from unittest import mock

import deltalake
import pyarrow
import pyarrow.compute
from fixture import UNTIL, Fixture

import main

Change = Callable[[pyarrow.Table], pyarrow.Table]


def oracle(fixture: Fixture, command: str, *more: str) -> tuple[int, str]:
    """Runs the command line; gives the exit code and what it printed."""
    printed = io.StringIO()
    line = ["oracle", command, "--project", str(fixture.root), "--scratch", str(fixture.scratch), "--date", str(UNTIL)]
    with mock.patch.object(sys, "argv", [*line, *more]):
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = main.main()
    return code, printed.getvalue()


def changed(column: str, change: Callable[[Any], Any], row: int = 0) -> Change:
    """One value of one row, the rows sorted so that it is always the same."""

    def spoil(table: pyarrow.Table) -> pyarrow.Table:
        values = table[column].to_pylist()
        values[row] = change(values[row])
        index = table.schema.get_field_index(column)
        return table.set_column(index, table.schema.field(index), pyarrow.array(values, table.schema.field(index).type))

    return lambda table: spoil(table.sort_by([(name, "ascending") for name in ("day", "depot_id")]))


def retyped(column: str, kind: pyarrow.DataType) -> Change:
    """A column with another type."""

    def change(table: pyarrow.Table) -> pyarrow.Table:
        index = table.schema.get_field_index(column)
        return table.set_column(index, column, table[column].cast(kind))

    return change


class Lake(unittest.TestCase):
    """One lake for all tests; each puts back what it spoiled."""

    fixture: Fixture

    @classmethod
    def setUpClass(cls) -> None:
        cls.fixture = Fixture()
        cls.addClassCleanup(cls.fixture.close)
        cls.fixture.fill_lake()

    def spoiled(self, name: str, change: Change, command: str = "rollups") -> tuple[int, str]:
        """The oracle's word on a lake with one table changed."""
        right = self.fixture.get(name)
        self.fixture.put(name, change(right))
        try:
            return oracle(self.fixture, command)
        finally:
            self.fixture.put(name, right)

    def test_a_right_lake_passes(self) -> None:
        for command, tables in (("sources", 8), ("rollups", 2), ("readers", 10)):
            code, printed = oracle(self.fixture, command)
            self.assertEqual(code, 0, printed)
            self.assertIn(f"compared {tables} tables", printed)

    def test_every_fault_is_found(self) -> None:
        faults: dict[str, tuple[Change, str]] = {
            "decimal": (changed("amount", lambda value: value + Decimal("0.01")), "amount should be"),
            "double": (changed("distance_km", lambda value: value * (1 + 1e-11)), "distance_km should be"),
            "count": (changed("stops", lambda value: value + 1), "stops should be"),
            "text": (changed("last_note", lambda value: f"{value} "), "last_note should be"),
            "null": (changed("last_note", lambda value: None), "is NULL"),
            "an hour off": (changed("hour", lambda value: value.replace(hour=(value.hour + 1) % 24)), "hour="),
            "average": (changed("average_amount", lambda value: value + Decimal("0.0002")), "average_amount should be"),
            "a row missing": (lambda table: table.slice(1), "1 expected rows|missing"),
            "a row twice": (lambda table: pyarrow.concat_tables([table, table.slice(0, 1)]), "surplus"),
            "empty": (lambda table: table.slice(0, 0), "missing"),
            "a column left out": (lambda table: table.drop_columns(["last_note"]), "columns"),
            "a column too many": (lambda table: table.append_column("extra", table["day"]), "columns"),
            "columns swapped": (lambda table: table.select([*table.column_names[1:], "hour"]), "columns"),
            "another scale": (retyped("amount", pyarrow.decimal128(24, 3)), "type of amount"),
            "money as double": (retyped("amount", pyarrow.float64()), "type of amount"),
            "date as text": (retyped("day", pyarrow.string()), "type of day"),
        }
        for fault, (change, expected) in faults.items():
            with self.subTest(fault):
                code, printed = self.spoiled("rollup/stop_hourly", change)
                self.assertEqual(code, 1, printed)
                self.assertIn("DIFFERENT rollup/stop_hourly", printed)
                self.assertRegex(printed, expected)

    def test_what_may_differ_passes(self) -> None:
        tolerated: dict[str, Change] = {
            "double": changed("distance_km", lambda value: value * (1 + 1e-14)),
            "average": changed("average_amount", lambda value: value + Decimal("0.0001")),
            "state columns": lambda table: table.append_column("_state_rows", table["stops"]).append_column(
                "_part_day", pyarrow.array(["2026-03"] * len(table))
            ),
        }
        for name, change in tolerated.items():
            with self.subTest(name):
                code, printed = self.spoiled("rollup/stop_hourly", change)
                self.assertEqual(code, 0, printed)

    def test_sources(self) -> None:
        faults: dict[str, tuple[str, Change]] = {
            "an old version won": ("source/stop", lambda table: table.slice(1)),
            "a deleted row came back": (
                "source/stop",
                lambda table: table.set_column(
                    table.schema.get_field_index("_deleted"), "_deleted", pyarrow.array([False] * len(table))
                ),
            ),
            "a review row is lost": ("review/stop", lambda table: table.slice(1)),
            "a review row stands twice": (
                "review/payment",
                lambda table: pyarrow.concat_tables([table, table.slice(0, 1)]),
            ),
        }
        for fault, (name, change) in faults.items():
            with self.subTest(fault):
                code, printed = self.spoiled(name, change, "sources")
                self.assertEqual(code, 1, printed)
                self.assertIn(f"DIFFERENT {name}", printed)

    def test_review_of_earlier_bytes_is_history(self) -> None:
        def with_history(table: pyarrow.Table) -> pyarrow.Table:
            old = table.slice(0, 1)
            index = old.schema.get_field_index("hash")
            old = old.set_column(
                index, old.schema.field(index), pyarrow.array(["0" * 64], old.schema.field(index).type)
            )
            return pyarrow.concat_tables([table, old])

        code, printed = self.spoiled("review/stop", with_history, "sources")
        self.assertEqual(code, 0, printed)

    def test_a_missing_table_and_a_missing_file_are_found(self) -> None:
        folder = self.fixture.lake / "rollup" / "stop_daily"
        folder.rename(folder.with_name("away"))
        code, printed = oracle(self.fixture, "rollups")
        folder.with_name("away").rename(folder)
        self.assertEqual(code, 1)
        self.assertIn("there is no Delta table", printed)
        table = deltalake.DeltaTable(str(folder))
        path = next(iter(folder.glob(table.get_add_actions().column("path").to_pylist()[0])))
        content = path.read_bytes()
        self.addCleanup(path.write_bytes, content)
        path.write_bytes(content[:-4] + b"1RAP")
        code, printed = oracle(self.fixture, "readers")
        self.assertEqual(code, 1)
        self.assertRegex(printed, "DIFFERENT rollup/stop_daily\n  duckdb cannot read it")

    def test_nothing_to_compare_does_not_pass(self) -> None:
        empty = self.fixture.root / "nothing"
        empty.mkdir(exist_ok=True)
        code, printed = oracle(self.fixture, "readers", "--lake", str(empty))
        self.assertEqual(code, 1)
        self.assertIn("nothing was compared", printed)


if __name__ == "__main__":
    unittest.main()
