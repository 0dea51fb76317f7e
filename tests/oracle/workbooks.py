"""Delivered workbooks, opened by openpyxl, as a table with the report's types: each cell must have its column's type."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Optional

import duckdb
import openpyxl
import pyarrow

from compare import Typed, columns_of
from contracts import quote
from outcome import Outcome

ROWS_PER_SHEET = 1_048_575
SHEET_DIGITS = 15
BATCH_ROWS = 20_000
ABOUT = frozenset({"About", "About this file"})
DATE_FORMATS = {"date": "yyyy-mm-dd", "time": "yyyy-mm-dd hh:mm:ss"}


class WrongCell(Exception):
    """A cell whose type is not that of its column; the message says what it is instead."""


def as_in_cells(connection: duckdb.DuckDBPyConnection) -> str:
    """The expected rows as cells can hold them: the empty text is an empty cell, as NULL is."""
    values = [
        f"nullif({quote(column.name)}, '') AS {quote(column.name)}" if column.type == "VARCHAR" else quote(column.name)
        for column in columns_of(connection, "report_expected")
    ]
    return f"(SELECT {', '.join(values)} FROM report_expected)"


def whole_number(value: Any) -> int:
    """An integer, as a number or, beyond what Excel keeps, as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise WrongCell("no number")
    if isinstance(value, str):
        if not re.fullmatch(r"-?\d+", value) or len(value.lstrip("-")) <= SHEET_DIGITS:
            raise WrongCell("text")
        return int(value)
    if int(value) != value:
        raise WrongCell("no whole number")
    return int(value)


def decimal_of(scale: int) -> Callable[[Any], Decimal]:
    """Reads a decimal: the shortest decimal of the cell's double, which has all digits that the value had."""
    unit = Decimal(1).scaleb(-scale)

    def read(value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise WrongCell("no number")
        try:
            number = Decimal(value if isinstance(value, str) else repr(value))
        except InvalidOperation:
            raise WrongCell("text") from None
        if isinstance(value, str) and len(number.normalize().as_tuple().digits) <= SHEET_DIGITS:
            raise WrongCell("text")
        if number != number.quantize(unit):
            raise WrongCell(f"more than {scale} decimals")
        return number.quantize(unit)

    return read


def double(value: Any) -> float:
    """A double; what Excel has no number for is text."""
    if isinstance(value, str) and value in ("NaN", "inf", "-inf"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise WrongCell("no number")
    return float(value)


def day(value: Any) -> date:
    """A date: openpyxl gives a datetime where the cell has a date format."""
    if isinstance(value, str) and value < "1900-03-01":
        return date.fromisoformat(value)
    if not isinstance(value, datetime) or value.time() != time():
        raise WrongCell("no date")
    return value.date()


def moment(value: Any) -> datetime:
    """A date with a time."""
    if not isinstance(value, datetime):
        raise WrongCell("no date with time")
    return value


def text(value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        raise WrongCell("no text")
    return value


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise WrongCell("no boolean")
    return value


def reader_of(column: Typed) -> tuple[Callable[[Any], Any], pyarrow.DataType]:
    """How a column's cells are read, and the Arrow type of what comes out."""
    readers: dict[str, tuple[Callable[[Any], Any], pyarrow.DataType]] = {
        "integer": (whole_number, pyarrow.int64()),
        "decimal": (decimal_of(column.scale), pyarrow.decimal128(38, column.scale)),
        "double": (double, pyarrow.float64()),
        "date": (day, pyarrow.date32()),
        "time": (moment, pyarrow.timestamp("us")),
        "boolean": (boolean, pyarrow.bool_()),
    }
    return readers.get(column.family, (text, pyarrow.string()))


def load(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    stem: str,
    options: dict[str, Any],
    where: str,
    outcome: Outcome,
) -> bool:
    """Makes the table `file_actual` of all data sheets; false where there is nothing that could be compared."""
    path = folder / f"{stem}.xlsx"
    if not path.is_file():
        outcome.differs(where, f"there is no file {path}")
        return False
    try:
        workbook = openpyxl.load_workbook(path, read_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        outcome.differs(where, f"openpyxl cannot open it: {error}")
        return False
    sheets = [sheet for sheet in workbook.worksheets if sheet.title not in ABOUT]
    if not sheets:
        outcome.differs(where, "has no sheet with data")
        return False
    wanted = options.get("sheet") or stem[:31]
    for number, sheet in enumerate(sheets, start=1):
        title = wanted if number == 1 else f"{wanted[: 31 - len(f' ({number})')]} ({number})"
        if sheet.title != title:
            outcome.differs(where, f"sheet {number} is called `{sheet.title}`, not `{title}`")
    check_looks(path, len(sheets), where, outcome)
    columns = columns_of(connection, "report_expected")
    table = read_sheets(sheets, columns, where, outcome)
    workbook.close()
    if table is None:
        return False
    connection.register("file_cells", table)
    names = ", ".join(f"CAST({quote(column.name)} AS {column.type}) AS {quote(column.name)}" for column in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE file_actual AS SELECT {names} FROM file_cells")
    connection.unregister("file_cells")
    return True


def check_looks(path: Path, sheets: int, where: str, outcome: Outcome) -> None:
    """Frozen header, widths and filter, which openpyxl does not show while it streams."""
    with zipfile.ZipFile(path) as archive:
        for number in range(1, sheets + 1):
            with archive.open(f"xl/worksheets/sheet{number}.xml") as stream:
                head = stream.read(20_000)
            if not re.search(rb'<pane [^>]*ySplit="1"[^>]*state="frozen"', head):
                outcome.differs(where, f"sheet {number}: the header is not frozen")
            if b"<col " not in head:
                outcome.differs(where, f"sheet {number}: the columns have no widths")


def read_sheets(sheets: list[Any], columns: list[Typed], where: str, outcome: Outcome) -> Optional[pyarrow.Table]:
    """The rows of all sheets; what is wrong with cells is recorded once a column."""
    readers = [reader_of(column) for column in columns]
    schema = pyarrow.schema([(column.name, kind) for column, (_, kind) in zip(columns, readers)])
    wrong: dict[str, list[str]] = {}
    batches: list[pyarrow.RecordBatch] = []

    def convert(row: tuple[Any, ...]) -> list[Any]:
        values: list[Any] = []
        for column, (read, _), cell in zip(columns, readers, row):
            try:
                values.append(None if cell.value is None else read(cell.value))
                check_format(column, cell)
            except WrongCell as problem:
                wrong.setdefault(column.name, []).append(f"{cell.coordinate} is {cell.value!r}: {problem}")
                values.append(None)
        return values

    for number, sheet in enumerate(sheets, start=1):
        rows = rows_of(sheet)
        header = [cell.value for cell in next(rows, ())]
        if header != [column.name for column in columns]:
            outcome.differs(where, f"sheet {number} has the header {', '.join(map(str, header))}")
            return None
        held: list[list[Any]] = []
        total = 0
        for row in rows:
            held.append(convert(row + (EMPTY,) * (len(columns) - len(row))))
            total += 1
            if len(held) == BATCH_ROWS:
                batches.append(pack(held, schema))
                held = []
        if held:
            batches.append(pack(held, schema))
        if total > ROWS_PER_SHEET or (number < len(sheets) and total != ROWS_PER_SHEET):
            outcome.differs(where, f"sheet {number} has {total} rows")
    for name, cells in wrong.items():
        outcome.differs(where, f"{len(cells)} cells of {name} have the wrong type, such as {cells[0]}")
    return None if wrong else pyarrow.Table.from_batches(batches, schema)


class Empty:
    """Stands for the cells that a short row leaves out."""

    value = None
    coordinate = ""


EMPTY = Empty()


def rows_of(sheet: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of cells, even where the sheet does not say how many there are."""
    sheet.reset_dimensions()
    return iter(sheet.iter_rows())


def check_format(column: Typed, cell: Any) -> None:
    """Numbers and dates are shown as what they are."""
    if cell.value is None or isinstance(cell.value, str):
        return
    shown = cell.number_format
    if column.family in DATE_FORMATS and shown != DATE_FORMATS[column.family]:
        raise WrongCell(f"shown as `{shown}`")
    if column.family == "decimal" and shown == "General":
        raise WrongCell("without a number format")


def pack(rows: list[list[Any]], schema: pyarrow.Schema) -> pyarrow.RecordBatch:
    """Rows as an Arrow batch."""
    arrays = [pyarrow.array(values, field.type) for values, field in zip(zip(*rows), schema)]
    return pyarrow.record_batch(arrays, schema=schema)
