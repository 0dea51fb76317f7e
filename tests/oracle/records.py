"""Raw files, cut into records: one row a record with its line number and every field still as text.

CSV is cut by Python's csv module, because a broken record must neither stop the reading nor shift the line numbers of the
records after it. JSON lines stay whole here (DuckDB takes them apart); Parquet is read by DuckDB alone.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, TextIO

import pyarrow

from contracts import Contract

# Fields (None where the record is broken), first line, text, and what is wrong with it, if anything.
Record = tuple[Optional[list[str]], int, str, Optional[str]]

BATCH_RECORDS = 20_000
DATE_FOLDER = re.compile(r"\d{4}-\d{2}-\d{2}")
BROKEN_TEXT = re.compile("[\ud800-\udfff]")

csv.field_size_limit(sys.maxsize)


@dataclass(frozen=True)
class RawFile:
    """A file that arrived: its date folder, its name and what tells that it changed."""

    path: Path
    date: str
    name: str
    size: int
    modified: int

    @property
    def identity(self) -> str:
        """How the lake names the file."""
        return f"{self.date}/{self.name}"


def find_files(incoming: Path, name: str) -> list[RawFile]:
    """Every file of that name, in the order of the date folders."""
    files = []
    for folder in sorted(incoming.iterdir()) if incoming.is_dir() else []:
        path = folder / name
        if DATE_FOLDER.fullmatch(folder.name) and path.is_file():
            state = path.stat()
            files.append(RawFile(path, folder.name, name, state.st_size, state.st_mtime_ns))
    return files


class LineFeed:
    """Hands lines to a reader and remembers the text and the first line of the record that it is at."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._line = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._stream:
            self._lines.append(line)
            yield line

    def take(self) -> tuple[int, str]:
        """First line number (from 1) and text of the record just read."""
        first = self._line + 1
        self._line += len(self._lines)
        text = self._lines[0] if len(self._lines) == 1 else "".join(self._lines)
        self._lines.clear()
        return first, text.rstrip("\r\n")


def csv_records(file: RawFile, contract: Contract) -> Iterator[Record]:
    """Fields in the contract's order, line, text and fault of every record after the header."""
    with file.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        feed = LineFeed(stream)
        reader = csv.reader(feed, delimiter=contract.delimiter)
        header = next(reader, None)
        if header is None:
            return
        feed.take()
        names = [column.name for column in contract.columns]
        missing = [name for name in names if name not in header]
        if missing:
            raise ValueError(f"{file.path}: the header lacks {', '.join(missing)}")
        order = [header.index(name) for name in names]
        in_order = order == list(range(len(header)))
        for fields in reader:
            line, text = feed.take()
            if not fields:
                continue
            if len(fields) != len(header):
                yield None, line, readable(text), f"{len(fields)} fields instead of {len(header)}"
            elif not text.isascii() and BROKEN_TEXT.search(text):
                yield None, line, readable(text), "not UTF-8"
            else:
                yield list(fields) if in_order else [fields[index] for index in order], line, text, None


def readable(text: str) -> str:
    """Text in which bytes that are not UTF-8 became replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def json_records(file: RawFile) -> Iterator[Record]:
    """The text of every line that is not blank."""
    with file.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            text = line.rstrip("\r\n")
            if not text.strip():
                continue
            fault = "not UTF-8" if not text.isascii() and BROKEN_TEXT.search(text) else None
            yield None, number, readable(text) if fault else text, fault


def batches(files: list[RawFile], contract: Contract) -> pyarrow.RecordBatchReader:
    """All records of some files as a stream of Arrow batches, so that memory holds one batch at a time."""
    names = [f"text_{column.name}" for column in contract.columns] if contract.format == "csv" else []
    schema = pyarrow.schema(
        [(name, pyarrow.string()) for name in names]
        + [(name, pyarrow.string()) for name in ("_date", "_file")]
        + [("_line", pyarrow.int64()), ("_text", pyarrow.string()), ("_fault", pyarrow.string())]
    )

    def rows_of(file: RawFile) -> Iterator[Record]:
        return csv_records(file, contract) if contract.format == "csv" else json_records(file)

    def stream() -> Iterator[pyarrow.RecordBatch]:
        for file in files:
            held = []
            for record in rows_of(file):
                held.append(record)
                if len(held) == BATCH_RECORDS:
                    yield pack(held, file)
                    held = []
            if held:
                yield pack(held, file)

    def pack(held: list[Record], file: RawFile) -> pyarrow.RecordBatch:
        fields, lines, texts, faults = zip(*held)
        filled = (row or (None,) * len(names) for row in fields)
        columns = [pyarrow.array(values, pyarrow.string()) for values in zip(*filled)] if names else []
        same = [pyarrow.array([value] * len(held), pyarrow.string()) for value in (file.date, file.identity)]
        rest = [pyarrow.array(lines, pyarrow.int64()), pyarrow.array(texts, pyarrow.string())]
        return pyarrow.record_batch(columns + same + rest + [pyarrow.array(faults, pyarrow.string())], schema=schema)

    return pyarrow.RecordBatchReader.from_batches(schema, stream())
