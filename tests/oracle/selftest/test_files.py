"""Delivered CSV files and workbooks: right ones pass, and every way to be wrong is found."""

from __future__ import annotations

import csv
import gzip
import hashlib
import unittest
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
from fixture import UNTIL, Fixture, arrow
from test_lake import oracle

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

import reports
import rewrites as rewrite_list
import rollups
from outcome import Outcome
from project import load

Rows = list[list[Any]]
Change = Callable[[list[str], Rows], object]
CLOCK = "%Y-%m-%d %H:%M:%S"


def written(value: Any) -> str:
    """A value as the engine writes it into a CSV file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.strftime(CLOCK)
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def csv_text(names: list[str], rows: Rows) -> str:
    """A CSV file."""
    lines = [names, *([written(value) for value in row] for row in rows)]
    return "".join(",".join(line) + "\r\n" for line in lines)


class Files(unittest.TestCase):
    """One fixture for all; each test writes all files anew."""

    fixture: Fixture
    table: pyarrow.Table
    names: list[str]
    rows: Rows
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.fixture = Fixture()
        cls.addClassCleanup(cls.fixture.close)
        cls.fixture.fill_lake()
        connection, _ = cls.fixture.rebuild()
        project = load(cls.fixture.root)
        rollups.compute(connection, project, rewrite_list.load(), Outcome())
        night = reports.Night(cls.fixture.lake, cls.fixture.output, UNTIL, {})
        parameters = reports.parameters_of(project.reports["stops"], night)
        cursor = connection.execute(f"CREATE TABLE result AS {project.reports['stops'].sql}", parameters)
        cls.table = arrow(connection, "result")
        cursor = connection.execute("SELECT * FROM result")
        cls.names = [column[0] for column in cursor.description or ()]
        cls.rows = [list(row) for row in cursor.fetchall()]
        cls.folder = cls.fixture.output / UNTIL.isoformat()
        cls.folder.mkdir(parents=True)

    def setUp(self) -> None:
        self.fixture.put("report/stops", self.table)
        self.write_csv(lambda names, rows: None)
        self.write_parts(lambda names, rows: None)
        self.write_workbook(lambda names, rows: None)

    def changed(self, change: Change) -> tuple[list[str], Rows]:
        """Header and rows with a change."""
        names, rows = list(self.names), [list(row) for row in self.rows]
        change(names, rows)
        return names, rows

    def write_csv(self, change: Change) -> None:
        """stops.csv"""
        (self.folder / "stops.csv").write_bytes(csv_text(*self.changed(change)).encode())

    def write_parts(self, change: Change) -> None:
        """stops-0001.csv.gz and so on, two rows each."""
        names, rows = self.changed(change)
        listed = []
        for number, start in enumerate(range(0, len(rows), 2), start=1):
            part = rows[start : start + 2]
            path = self.folder / f"stops-{number:04}.csv.gz"
            path.write_bytes(gzip.compress(csv_text(names, part).encode(), mtime=0))
            content = path.read_bytes()
            listed.append([path.name, len(part), len(content), hashlib.sha256(content).hexdigest()])
        with (self.folder / "stops.parts.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows([["file", "rows", "bytes", "sha256"], *listed])

    def write_workbook(self, change: Change, look: Callable[[Worksheet], None] = lambda sheet: None) -> None:
        """stops.xlsx"""
        names, rows = self.changed(change)
        workbook = openpyxl.Workbook()
        sheet = workbook.active
        sheet.title = "Stops"
        sheet.freeze_panes = "A2"
        sheet.column_dimensions["A"].width = 14
        sheet.append(names)
        for row in rows:
            sheet.append([float(value) if isinstance(value, Decimal) else value for value in row])
        for cells in sheet.iter_rows(min_row=2):
            for cell in cells:
                if isinstance(cell.value, float):
                    cell.number_format = "#,##0.00"
                elif isinstance(cell.value, (date, datetime)):
                    cell.number_format = "yyyy-mm-dd hh:mm:ss" if cell.column == 2 else "yyyy-mm-dd"
        workbook.create_sheet("About").append(["Title", "Stops"])
        look(sheet)
        workbook.save(self.folder / "stops.xlsx")

    def refused(self, where: str, expected: str) -> None:
        """The oracle finds a difference there, and nowhere else."""
        code, printed = oracle(self.fixture, "reports")
        self.assertEqual(code, 1, printed)
        self.assertEqual(printed.count("DIFFERENT"), 1, printed)
        self.assertIn(f"DIFFERENT {where}\n", printed)
        self.assertRegex(printed, expected)

    def test_right_files_pass(self) -> None:
        self.assertGreaterEqual(len(self.rows), 3)
        code, printed = oracle(self.fixture, "reports")
        self.assertEqual(code, 0, printed)
        self.assertIn("compared 4 tables", printed)

    def test_the_delta_table(self) -> None:
        self.fixture.put("report/stops", self.table.slice(1))
        self.refused("report/stops", "missing")
        other_day = self.table.set_column(
            0, "until", pyarrow.array([date(2026, 3, 30)] * len(self.table), pyarrow.date32())
        )
        self.fixture.put("report/stops", pyarrow.concat_tables([self.table, other_day]))
        self.assertEqual(oracle(self.fixture, "reports")[0], 0)

    def test_csv(self) -> None:
        amount = self.names.index("amount")
        hour = self.names.index("hour")

        def set_value(column: int, value: Any) -> Change:
            return lambda names, rows: rows[0].__setitem__(column, value)

        faults: list[tuple[Change, str]] = [
            (set_value(amount, Decimal("123.45")), "amount should be"),
            (set_value(amount, "7.770"), "not written as DECIMAL"),
            (set_value(amount, "a lot"), "not written as DECIMAL"),
            (set_value(hour, "2026-03-02 04:00:00"), "hour=|hour should be"),
            (lambda names, rows: rows.pop(), "missing"),
            (lambda names, rows: rows.append(rows[0]), "surplus"),
            (lambda names, rows: rows.reverse(), "another order"),
            (lambda names, rows: names.__setitem__(0, "day"), "header"),
        ]
        for change, expected in faults:
            with self.subTest(expected):
                self.write_csv(change)
                self.refused("report/stops csv", expected)
        (self.folder / "stops.csv").unlink()
        self.refused("report/stops csv", "there is no file")

    def test_parts(self) -> None:
        self.write_parts(lambda names, rows: rows.pop())
        (self.folder / "stops-0002.csv.gz").touch()
        self.refused("report/stops csv", "missing|no file|lie there")
        self.setUp()
        part = self.folder / "stops-0001.csv.gz"
        part.write_bytes(gzip.compress(gzip.decompress(part.read_bytes()), compresslevel=1, mtime=1))
        self.refused("report/stops csv", "is not the file that the list")

    def test_workbook(self) -> None:
        stops, amount = self.names.index("stops"), self.names.index("amount")

        def set_value(column: int, value: Any) -> Change:
            return lambda names, rows: rows[0].__setitem__(column, value)

        def reformat(sheet: Worksheet) -> None:
            sheet.cell(2, 1).number_format = "0"

        faults: list[tuple[Change, Callable[[Worksheet], None], str]] = [
            (set_value(stops, "1"), lambda sheet: None, "cells of stops have the wrong type"),
            (set_value(amount, 7.775), lambda sheet: None, "more than 2 decimals"),
            (set_value(amount, 7.78), lambda sheet: None, "amount should be"),
            (lambda names, rows: rows.pop(), lambda sheet: None, "missing"),
            (lambda names, rows: rows.reverse(), lambda sheet: None, "another order"),
            (lambda names, rows: None, reformat, "cells of until have the wrong type"),
            (lambda names, rows: None, lambda sheet: setattr(sheet, "freeze_panes", None), "not frozen"),
            (lambda names, rows: None, lambda sheet: setattr(sheet, "title", "Sheet1"), "is called"),
        ]
        for change, look, expected in faults:
            with self.subTest(expected):
                self.write_workbook(change, look)
                self.refused("report/stops xlsx", expected)
        (self.folder / "stops.xlsx").write_bytes(b"PK")
        self.refused("report/stops xlsx", "openpyxl cannot open it")


if __name__ == "__main__":
    unittest.main()
