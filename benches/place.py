"""The folder that the benchmark works in: a copy of the frozen project, its data, and lakes to go back to before each run.

    <root>/<settings>/work/         the project's copy; data/incoming stays, lake and ledger are put back before each run
    <root>/<settings>/history/      lake and ledger with the history in the source tables
    <root>/<settings>/built/        the same with all rollups built
    <root>/<settings>/duckdb/       what DuckDB wrote

Parquet files never change, so going back is a matter of hard links.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import process

FROZEN = Path(__file__).parent / "project"
FIRST_DAY = date(2024, 11, 20)
HISTORY_DAYS = 400
SEED = 1
# 30 million rows in the ten source tables after the history.
DELIVERIES_PER_DAY = 18_250


@dataclass(frozen=True)
class Limits:
    """What both sides may use."""

    memory: str
    threads: int


@dataclass(frozen=True)
class Snapshot:
    """A lake and ledger to go back to: what a pipeline makes of the snapshot before."""

    name: str
    pipeline: str
    days_after: int = 0  # the last day of the history


class Place:
    """The folder for one amount of data of a project that a benchmark has frozen."""

    snapshots: tuple[Snapshot, ...]

    def __init__(self, folder: Path, frozen: Path, last_day: date, binary: Path, limits: dict[str, Limits]) -> None:
        self.folder, self.frozen = folder, frozen
        self.last_day = last_day  # of the history
        self.binary, self.limits = binary, limits
        self.work = self.folder / "work"
        self.lake = self.work / "data" / "lake"
        self.results = self.folder / "duckdb"

    def prepare(self) -> None:
        """Makes what is missing: files that arrive once, the lakes anew for another binary, other files or another project."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.copy_project()
        generated = self.folder / "generated"
        if not generated.exists() or generated.read_text() != self.content():
            generated.unlink(missing_ok=True)
            shutil.rmtree(self.work / "data" / "incoming", ignore_errors=True)
            self.generate()
            generated.write_text(self.content())
        stamp = self.folder / "lakes.json"
        wanted = {"binary": digest([self.binary]), "project": digest(files_in(self.frozen))}
        if self.content():
            wanted["content"] = self.content()
        if stamp.exists() and json.loads(stamp.read_text()) == wanted:
            return
        stamp.unlink(missing_ok=True)
        self.make_lakes()
        stamp.write_text(json.dumps(wanted))

    def content(self) -> str:
        """What tells files that arrive from those of another version of the benchmark; nothing where they never change."""
        return ""

    def generate(self) -> None:
        """Writes the files of the history and of the new day."""
        raise NotImplementedError

    def copy_project(self) -> None:
        """Puts the frozen files into the work folder, with a target for each set of limits."""
        self.work.mkdir(exist_ok=True)
        for path in self.work.iterdir():
            if path.name != "data":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self.frozen, self.work, dirs_exist_ok=True)
        lines = ["targets:"]
        for name, limits in self.limits.items():
            lines += [
                f"  {name}:",
                "    paths: {lake: data/lake, output: data/output, ledger: data/ledger.db, spill: data/spill}",
                f"    limits: {{memory: {limits.memory}, threads: {limits.threads}}}",
            ]
        with (self.work / "nightshift.yaml").open("a", encoding="utf-8") as settings:
            settings.write("\n".join(lines) + "\n")

    def make_lakes(self) -> None:
        """Brings the history in and builds the rollups once, outside the clock."""
        self.clear()
        for snapshot in self.snapshots:
            say(f"preparing: {snapshot.pipeline}")
            day = self.last_day + timedelta(days=snapshot.days_after)
            finished = process.run_or_fail(self.command(snapshot.pipeline, day, next(iter(self.limits))))
            say(f"preparing: {snapshot.pipeline} took {finished.seconds:.1f} s")
            self.keep(self.folder / snapshot.name)

    def command(self, pipeline: str, day: date, target: str) -> list[str]:
        """The command line that runs a pipeline."""
        options = ["--project", str(self.work), "--target", target, "--format", "json"]
        return [str(self.binary), *options, "run", pipeline, "--date", day.isoformat()]

    def clear(self) -> None:
        """Takes away everything but the files that arrived."""
        for path in self.work.glob("data/*"):
            if path.name != "incoming":
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def keep(self, snapshot: Path) -> None:
        """Remembers lake and ledger as they are."""
        shutil.rmtree(snapshot, ignore_errors=True)
        copy_state(self.work / "data", snapshot)

    def restore(self, snapshot: str) -> None:
        """Puts lake and ledger back, and lets the disk come to rest."""
        self.clear()
        copy_state(self.folder / snapshot, self.work / "data")
        os.sync()

    def clear_results(self) -> Path:
        """An empty folder for DuckDB's results."""
        shutil.rmtree(self.results, ignore_errors=True)
        self.results.mkdir()
        os.sync()
        return self.results


class TenSources(Place):
    """The folder for one amount of Lucky Gas's data, which the binary itself writes."""

    snapshots = (Snapshot("history", "history"), Snapshot("built", "rollups"))

    def __init__(self, root: Path, scale: float, binary: Path, limits: dict[str, Limits]) -> None:
        self.deliveries_per_day = max(1, round(DELIVERIES_PER_DAY * scale))
        folder = root / f"{self.deliveries_per_day}-deliveries-{HISTORY_DAYS}-days"
        super().__init__(folder, FROZEN, FIRST_DAY + timedelta(days=HISTORY_DAYS - 1), binary, limits)

    def generate(self) -> None:
        """Writes the files of the history and of the new day."""
        days = HISTORY_DAYS + 1
        say(f"generating {days} days of about {self.deliveries_per_day} deliveries in {self.folder} (once)")
        amount = ["--days", str(days), "--rows-per-day", str(self.deliveries_per_day)]
        which = ["--seed", str(SEED), "--from", FIRST_DAY.isoformat()]
        process.run_or_fail([str(self.binary), "--project", str(self.work), "generate", *amount, *which])


def copy_state(source: Path, target: Path) -> None:
    """Lake and ledger of one data folder into another: Parquet files as hard links, logs and ledger as copies."""
    target.mkdir(parents=True, exist_ok=True)
    for file in source.glob("ledger.db*"):
        shutil.copy2(file, target)
    shutil.copytree(source / "lake", target / "lake", copy_function=link_or_copy)


def link_or_copy(source: str, target: str) -> None:
    """A hard link for a data file, a copy for all else."""
    if source.endswith(".parquet") and "_delta_log" not in source:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def files_in(folder: Path) -> list[Path]:
    """Every file of a folder, in the order of their paths."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def digest(files: list[Path]) -> str:
    """One digest of the names and contents of files."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.name.encode())
        with file.open("rb") as content:
            whole.update(hashlib.file_digest(content, "sha256").digest())
    return whole.hexdigest()


# Figures of two runs can be compared only where this is the same.
FROZEN_DIGEST = digest(files_in(FROZEN) + files_in(FROZEN.parent / "duckdb"))[:12]


def say(text: str) -> None:
    """Progress, beside the results."""
    print(text, file=sys.stderr, flush=True)
