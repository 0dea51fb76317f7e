"""The folder for one amount of deliveries: files that arrive, and lakes with the history and with the new day in them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb

import generator
from generator import Amount
from place import Limits, Place, Snapshot, digest, say

HERE = Path(__file__).parent


class Deliveries(Place):
    """All that one amount of deliveries needs."""

    # `after` has the new day in it: a night with no change begins there.
    snapshots = (Snapshot("built", "history"), Snapshot("after", "night", 1))

    def __init__(self, root: Path, amount: Amount, binary: Path, limits: dict[str, Limits]) -> None:
        self.amount = amount
        folder = root / f"change-{amount.rows_per_day}-rows-{amount.history_days}-days"
        super().__init__(folder, HERE / "project", generator.NEW_DAY - timedelta(days=1), binary, limits)

    @property
    def incoming(self) -> Path:
        """Where files arrive."""
        return self.work / "data" / "incoming"

    @property
    def new_file(self) -> Path:
        """The new day's deliveries."""
        return self.incoming / generator.NEW_DAY.isoformat() / "delivery.parquet"

    def content(self) -> str:
        """The generator, and DuckDB for its hash()."""
        return f"{digest([Path(generator.__file__)])} DuckDB {duckdb.__version__}"

    def generate(self) -> None:
        """Writes the files of the history and of the new day."""
        days = f"{self.amount.history_days} days of {self.amount.rows_per_day} rows"
        say(f"generating {days} and a new day in {self.folder} (once)")
        generator.write_files(self.incoming, self.amount)
