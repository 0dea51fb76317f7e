"""What a check found: how much was compared, and every difference as text that a person can act on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

import duckdb


@dataclass
class Outcome:
    """Collects comparisons and differences; a check that compared nothing does not pass."""

    tables: int = 0
    rows: int = 0
    columns: int = 0
    differences: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def compared(self, rows: int, columns: int) -> None:
        """One more table, file or sheet was compared as a whole."""
        self.tables += 1
        self.rows += rows
        self.columns += columns

    def differs(self, what: str, difference: str) -> None:
        """Records a difference under the name of the table or file that has it."""
        self.differences.setdefault(what, []).append(difference)

    @contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Whatever DuckDB cannot read in the block is a difference of that table or file, and the check goes on."""
        try:
            yield
        except duckdb.Error as error:
            self.differs(what, f"DuckDB cannot read it: {error}")

    def note(self, text: str) -> None:
        """Records something worth knowing that is no difference."""
        self.notes.append(text)

    @property
    def passed(self) -> bool:
        """True where something was compared and nothing differed."""
        return not self.differences and self.tables > 0 and self.rows > 0

    def print(self, title: str) -> None:
        """Prints the differences and the counts."""
        stream: TextIO = sys.stdout
        for what, texts in self.differences.items():
            print(f"DIFFERENT {what}", file=stream)
            for text in texts:
                print("  " + text.replace("\n", "\n  "), file=stream)
        for text in self.notes:
            print(f"note: {text}", file=stream)
        if self.tables == 0 or self.rows == 0:
            print(f"{title}: nothing was compared", file=stream)
        verdict = "equal" if self.passed else f"{len(self.differences)} different" if self.differences else "refused"
        print(
            f"{title}: {verdict}; compared {self.tables} tables, {self.rows} rows, {self.columns} columns", file=stream
        )
