"""SQLMesh and dbt: the same rollups as incremental models over a DuckDB database, as somebody who knows them writes these.

    <folder>/raw.duckdb       the source tables; history, and after it the new day, merged by key. Only read, by both
    <folder>/<name>/base      a peer's own database with every model built from the history
    <folder>/<name>/run       the same, put back before each run
    <folder>/<name>/project   its models, with what it keeps about them itself

The rows of the new day are in the raw tables before a peer starts: bringing them in costs a peer nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb

import environments
import generator
import process
from contest import Part, Sample
from lakes import Deliveries
from place import digest, files_in, say

HERE = Path(__file__).parent
SQLMESH_MODEL = re.compile(r"\[\d+/\d+\]\s+change\.(\w+)\s+\[[^\]]*\]\s+([\d.]+)s")


class Peer:
    """One of them, on one amount of deliveries."""

    name: str
    schema: str  # of the database that has the rollups

    def __init__(self, place: Deliveries, root: Path) -> None:
        self.place = place
        self.programs = environments.programs(root / "environments" / self.name, HERE / self.name / "requirements.txt")
        self.folder = place.folder / "peers" / self.name
        self.project = self.folder / "project"
        self.warehouse = self.folder / "run" / "warehouse.duckdb"

    def build(self, models: Iterable[str]) -> None:
        """Builds every model from the history, outside the clock."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(HERE / self.name, self.project)
        self.warehouse.parent.mkdir()
        say(f"preparing: {self.name}")
        seconds = self.steps_of(process.run_or_fail(self.first(), self.environment()))
        missing = set(models) - set(seconds)
        if missing:
            raise process.CommandFailed(f"{self.name} did not build {', '.join(sorted(missing))}")
        shutil.copytree(self.folder / "run", self.folder / "base")

    def run(self, part: Part) -> Sample:
        """Puts the database back, then brings every model up to date."""
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        shutil.copytree(self.folder / "base", self.folder / "run")
        os.sync()
        finished = process.run_or_fail(self.night(part.day(self.place)), self.environment())
        return Sample(finished.seconds, finished.peak_bytes, self.steps_of(finished), finished.read_bytes)

    def environment(self) -> dict[str, str]:
        """What the settings of both peers read: where things are, and the limits of all sides."""
        limits = next(iter(self.place.limits.values()))
        return os.environ | {
            "CHANGE_WAREHOUSE": str(self.warehouse),
            "CHANGE_RAW": str(raw_database(self.place)),
            "CHANGE_THREADS": str(limits.threads),
            "CHANGE_MEMORY": limits.memory,
            "CHANGE_SPILL": str(self.folder / "spill"),
            "CHANGE_FIRST_DAY": self.place.amount.first_day.isoformat(),
            "COLUMNS": "200",
            "NO_COLOR": "1",
        }

    def export(self, columns: dict[str, list[str]], results: Path) -> None:
        """Writes the rollups as DuckDB's side does: the columns of ours, local times as instants."""
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir()
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'Asia/Taipei'")
        connection.execute(f"ATTACH '{self.warehouse}' AS warehouse (READ_ONLY)")
        for name, visible in columns.items():
            values = ["hour::TIMESTAMPTZ AS hour" if column == "hour" else column for column in visible]
            query = f"SELECT {', '.join(values)} FROM warehouse.{self.schema}.{name}"
            connection.execute(f"COPY ({query}) TO '{results / name}.parquet' (FORMAT parquet)")
        connection.close()

    def first(self) -> list[str]:
        """The command that builds every model from the history."""
        raise NotImplementedError

    def night(self, day: date) -> list[str]:
        """The command that brings every model up to a day."""
        raise NotImplementedError

    def steps_of(self, finished: process.Finished) -> dict[str, float]:
        """The seconds of each model, as the peer itself tells them."""
        raise NotImplementedError


class SqlMesh(Peer):
    """INCREMENTAL_BY_TIME_RANGE with a lookback of 30 days."""

    name, schema = "sqlmesh", "change"

    def first(self) -> list[str]:
        """A plan for production, as of the day after the history."""
        return [
            *self.command("plan"),
            "--auto-apply",
            "--no-prompts",
            "--execution-time",
            f"{generator.NEW_DAY} 00:00:00",
        ]

    def night(self, day: date) -> list[str]:
        """What cron would start."""
        return [*self.command("run"), "--end", day.isoformat(), "--skip-janitor"]

    def command(self, word: str) -> list[str]:
        """The start of a command line."""
        logs = ["--log-file-dir", str(self.folder / "logs")]
        return [str(self.programs / "sqlmesh"), "--paths", str(self.project), *logs, word]

    def steps_of(self, finished: process.Finished) -> dict[str, float]:
        """From what it prints."""
        return {name: float(seconds) for name, seconds in SQLMESH_MODEL.findall(finished.stdout)}


class Dbt(Peer):
    """Incremental models that delete and insert the last 30 days of buckets."""

    name, schema = "dbt", "main"

    def first(self) -> list[str]:
        """The same command as every night: what has no table yet is built."""
        return self.night(self.place.last_day)

    def night(self, day: date) -> list[str]:
        """What cron would start."""
        folder = str(self.project)
        where = ["--project-dir", folder, "--profiles-dir", folder]
        return [str(self.programs / "dbt"), "run", *where, "--vars", f"{{business_date: {day}}}"]

    def steps_of(self, finished: process.Finished) -> dict[str, float]:
        """From the file in which it leaves its results."""
        results = json.loads((self.project / "target" / "run_results.json").read_text())["results"]
        return {result["unique_id"].split(".")[-1]: result["execution_time"] for result in results}


def raw_database(place: Deliveries) -> Path:
    """The database of both peers' source tables."""
    return place.folder / "peers" / "raw.duckdb"


def prepare(place: Deliveries, peers: Iterable[Peer], models: Iterable[str]) -> None:
    """Makes what is missing, or anew for other models or other files."""
    stamp = place.folder / "peers" / "peers.json"
    models = list(models)
    frozen = [file for name in ("sqlmesh", "dbt") for file in files_in(HERE / name)]
    wanted = {"models": digest([*frozen, Path(__file__)]), "content": place.content()}
    if stamp.exists() and json.loads(stamp.read_text()) == wanted:
        return
    shutil.rmtree(stamp.parent, ignore_errors=True)
    stamp.parent.mkdir()
    say("preparing: the peers' raw tables")
    load_history(place)
    for peer in peers:
        peer.build(models)
    merge_new_day(place)
    stamp.write_text(json.dumps(wanted))


def load_history(place: Deliveries) -> None:
    """Raw tables in the order in which rows arrived; a peer's engine prunes by time."""
    files = sorted(file for file in place.incoming.glob("*/delivery.parquet") if file != place.new_file)
    customers = next(place.incoming.glob("*/customer.parquet"))
    connection = duckdb.connect(str(raw_database(place)))
    connection.execute(f"CREATE TABLE customer AS FROM read_parquet('{customers}')")
    listed = [str(file) for file in files]
    connection.execute(f"CREATE TABLE delivery AS SELECT * EXCLUDE (is_deleted) FROM read_parquet({listed})")
    connection.close()


def merge_new_day(place: Deliveries) -> None:
    """Brings the new day's rows in by key; those that are removed go."""
    connection = duckdb.connect(str(raw_database(place)))
    new = f"read_parquet('{place.new_file}')"
    connection.execute(f"DELETE FROM delivery USING {new} n WHERE n.delivery_id = delivery.delivery_id")
    connection.execute(f"INSERT INTO delivery SELECT * EXCLUDE (is_deleted) FROM {new} WHERE NOT is_deleted")
    connection.close()
