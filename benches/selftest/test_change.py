"""What the benchmark of one new day stands on: the files that arrive, the touched share, the same rollups on all sides."""

from __future__ import annotations

import json
import sys
import tempfile
import unittest
from datetime import date
from pathlib import Path

import duckdb
import yaml

HERE = Path(__file__).parent.parent
sys.path[:0] = [str(HERE), str(HERE / "change")]

import frozen  # noqa: E402
import generator  # noqa: E402
import peer  # noqa: E402
import peers  # noqa: E402
import process  # noqa: E402
import share  # noqa: E402

CHANGE = HERE / "change"
SMALL = generator.Amount(rows_per_day=1000, history_days=60)
# Rows, keys, customers, amounts and the latest time: another DuckDB may hash in another way.
HISTORY_SUMS = (60_000, 1_800_030_000, 3_007_052_645, "110874181.50", "2024-06-16 20:56:48")
NEW_SUMS = (1_004, 60_683_733, 50_489_529, "1850334.50", "2024-06-17 20:58:39")


class Files(unittest.TestCase):
    """What the generator promises."""

    def setUp(self) -> None:
        self.connection = duckdb.connect()
        self.addCleanup(self.connection.close)

    def asked(self, sql: str) -> tuple[object, ...]:
        """The only row of a query."""
        row = self.connection.execute(sql).fetchone()
        assert row is not None
        return row

    def test_a_new_day_of_full_size_has_41000_rows_410_late_and_200_corrections(self) -> None:
        amount = generator.Amount()
        first_key, day = amount.history_rows + 1, f"DATE '{generator.NEW_DAY}'"
        self.connection.execute(f"CREATE TABLE arrived AS {generator.new_rows(amount)}")
        counted = self.asked(
            f"SELECT count(*) FILTER (delivery_id >= {first_key}), "
            f"count(*) FILTER (delivery_id >= {first_key} AND delivered_at < {day}), "
            f"count(DISTINCT delivery_id) FILTER (delivery_id < {first_key}), count(*), "
            f"bool_and(delivered_at >= {day} - 30 AND delivered_at < {day} + 1), bool_and(updated_at >= {day}), "
            "count(*) FILTER (is_deleted) FROM arrived"
        )
        self.assertEqual(counted, (41_000, 410, 200, 41_200, True, True, 10))
        late_days = self.asked(f"SELECT count(DISTINCT delivered_at::DATE) FROM arrived WHERE delivered_at < {day}")
        self.assertEqual(late_days, (30,))

    def test_corrections_are_newer_rows_of_keys_in_the_history_at_the_same_time(self) -> None:
        history = generator.history_rows(SMALL, range(SMALL.history_rows))
        found = self.asked(
            f"SELECT count(*), bool_and(c.updated_at > h.updated_at), bool_and(c.delivered_at = h.delivered_at), "
            f"bool_and(c.amount <> h.amount) FROM ({generator.corrections(SMALL)}) c "
            f"JOIN ({history}) h ON h.delivery_id = c.delivery_id"
        )
        self.assertEqual(found, (SMALL.corrections, True, True, True))

    def test_the_same_amount_gives_the_same_rows(self) -> None:
        sums = (
            "SELECT count(*), sum(delivery_id), sum(customer_id), sum(amount)::VARCHAR, max(delivered_at)::VARCHAR FROM"
        )
        history = self.asked(f"{sums} ({generator.history_rows(SMALL, range(SMALL.history_rows))})")
        self.assertEqual(history, HISTORY_SUMS)
        self.assertEqual(self.asked(f"{sums} ({generator.new_rows(SMALL)})"), NEW_SUMS)

    def test_history_arrives_by_the_month_and_the_new_day_after_it(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            generator.write_files(Path(folder), SMALL)
            arrived = sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*.parquet"))
            rows = self.asked(f"SELECT count(*) FROM read_parquet('{folder}/*/delivery.parquet')")
        days = [date(2024, 4, 30), date(2024, 5, 31), date(2024, 6, 16), date(2024, 6, 17)]
        self.assertEqual(arrived, ["2024-04-30/customer.parquet", *(f"{day}/delivery.parquet" for day in days)])
        self.assertEqual(rows, (61_000 + SMALL.corrections,))


class Touched(unittest.TestCase):
    """The share of a source's bytes by a Delta log's statistics."""

    def test_files_that_hold_a_touched_bucket_count_whole(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source, new_file = Path(folder, "delivery"), Path(folder, "new.parquet")
            # Local days of Taipei, eight hours ahead: the first two files meet at midnight.
            write_log(
                source,
                [
                    (100, "2024-05-01T16:00:00Z", "2024-05-02T15:59:59Z"),
                    (20, "2024-05-02T16:00:00Z", "2024-05-04T15:59:59Z"),
                    (3, "2024-05-04T16:00:00Z", "2024-05-31T15:59:59Z"),
                ],
            )
            with duckdb.connect() as connection:
                connection.execute(
                    "COPY (SELECT unnest([TIMESTAMP '2024-05-03 00:00:00', '2024-05-04 23:59:59', '2024-06-01 08:00:00']) "
                    f"AS delivered_at) TO '{new_file}' (FORMAT parquet)"
                )
            self.assertEqual(share.touched(source, new_file, "day"), share.Share(3, 20, 123))
            self.assertEqual(share.touched(source, new_file, "month"), share.Share(2, 123, 123))
            self.assertAlmostEqual(share.touched(source, new_file, "day").of_bytes, 20 / 123)


def write_log(table: Path, files: list[tuple[int, str, str]]) -> None:
    """A Delta table with files of some sizes and times, of which only the log exists."""
    column = {"name": "delivered_at", "type": "timestamp", "nullable": True, "metadata": {}}
    schema = json.dumps({"type": "struct", "fields": [column]})
    entries: list[dict[str, object]] = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {
            "metaData": {
                "id": "00000000-0000-0000-0000-000000000000",
                "format": {"provider": "parquet", "options": {}},
                "schemaString": schema,
                "partitionColumns": [],
                "configuration": {},
                "createdTime": 0,
            }
        },
    ]
    for number, (size, first, last) in enumerate(files):
        statistics = {"numRecords": 1, "minValues": {"delivered_at": first}, "maxValues": {"delivered_at": last}}
        entries.append(
            {
                "add": {
                    "path": f"{number}.parquet",
                    "partitionValues": {},
                    "size": size,
                    "modificationTime": 0,
                    "dataChange": True,
                    "stats": json.dumps(statistics),
                }
            }
        )
    log = table / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("\n".join(json.dumps(entry) for entry in entries))


class Sides(unittest.TestCase):
    """All of them compute the same rollups."""

    def test_every_side_has_the_seven_rollups(self) -> None:
        expected = sorted(frozen.PROJECT.rollups)
        self.assertEqual(len(expected), 7)
        self.assertEqual(sorted(frozen.ROLLUPS), expected)
        self.assertEqual(sorted(path.stem for path in peer.queries("rollups", frozen.QUERIES)), expected)
        for name in ("sqlmesh", "dbt"):
            self.assertEqual(sorted(path.stem for path in (CHANGE / name / "models").glob("*.sql")), expected)
        self.assertEqual(sorted(path.stem for path in peer.queries("cascade", frozen.QUERIES)), sorted(frozen.CASCADE))

    def test_every_side_has_the_columns(self) -> None:
        for name, columns in frozen.columns().items():
            queries = [*frozen.QUERIES.rglob(f"{name}.sql"), *CHANGE.glob(f"*/models/{name}.sql")]
            self.assertGreaterEqual(len(queries), 3)
            for path in queries:
                for column in columns:
                    self.assertIn(column, path.read_text(), f"{path} lacks {column}")

    def test_the_pipelines_refresh_what_is_measured(self) -> None:
        pipelines: dict[str, list[str] | str] = {"mergeable": list(frozen.MERGEABLE), "history": "all", "night": "all"}
        pipelines |= {pipeline: [name] for name, pipeline in frozen.REBUILT.items()}
        for name, refreshed in pipelines.items():
            written = yaml.safe_load((CHANGE / "project" / "pipelines" / f"{name}.yaml").read_text())
            self.assertEqual(written["steps"], [{"ingest": "all"}, {"refresh": refreshed}])

    def test_the_peers_look_back_as_far_as_rows_are_late(self) -> None:
        for model in (CHANGE / "sqlmesh" / "models").glob("*.sql"):
            text = model.read_text()
            self.assertTrue(f"lookback {generator.LATE_DAYS}" in text or "kind FULL" in text, model)
        for model in (CHANGE / "dbt" / "models").glob("*.sql"):
            text = model.read_text()
            self.assertTrue(f"INTERVAL {generator.LATE_DAYS} DAY" in text or "'table'" in text, model)


class Measuring(unittest.TestCase):
    """What is read from processes and from what they print."""

    def test_what_a_process_reads_counts_from_the_page_cache_too(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(8 << 20))
            file.flush()
            little = process.run([sys.executable, "-c", "pass"])
            much = process.run([sys.executable, "-c", f"open({file.name!r}, 'rb').read()"])
        self.assertAlmostEqual(much.read_bytes - little.read_bytes, 8 << 20, delta=1 << 20)

    def test_the_seconds_of_sqlmesh_models_are_those_that_it_prints(self) -> None:
        printed = (
            "[1/1] change.delivery_hourly     [insert 2024-05-18 - 2024-06-17]       0.08s   \n"
            "[1/1] change.delivery_yearly     [full refresh]                         1.04s   \n"
        )
        self.assertEqual(
            peers.SQLMESH_MODEL.findall(printed), [("delivery_hourly", "0.08"), ("delivery_yearly", "1.04")]
        )


if __name__ == "__main__":
    unittest.main()
