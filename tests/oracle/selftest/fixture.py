"""A small project with raw files of every kind and every mistake, and a lake that is right until a test spoils it."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import deltalake  # noqa: E402
import duckdb  # noqa: E402
import pyarrow  # noqa: E402
import pyarrow.parquet  # noqa: E402

import rewrites as rewrite_list  # noqa: E402
import rollups  # noqa: E402
import sources  # noqa: E402
from clock import sql_to_utc  # noqa: E402
from contracts import quote  # noqa: E402
from outcome import Outcome  # noqa: E402
from project import load  # noqa: E402
from session import connect, described  # noqa: E402

UNTIL = date(2026, 3, 31)
FILES = {
    "nightshift.yaml": "name: fixture\ntimezone: Asia/Taipei\nfiscal_year_starts: 4\nholidays: holidays.yaml\n",
    "holidays.yaml": "- {date: 2026-03-02, name: a day off}\n",
    "sql/sources/stop.sql": """/* source
title: Stops
load: {upsert: {key: [stop_id], watermark: updated_at, delete_when: is_deleted}}
partition: {month: stopped_at}
*/
CREATE TABLE stop (
    stop_id BIGINT PRIMARY KEY, depot_id BIGINT NOT NULL, stopped_at TIMESTAMP NOT NULL,
    amount DECIMAL(10, 2) CHECK (amount >= 0), distance_km DOUBLE, note VARCHAR,
    updated_at TIMESTAMP NOT NULL, is_deleted BOOLEAN NOT NULL
);
""",
    "sql/sources/payment.sql": """/* source
title: Payments
format: jsonl
load: append
*/
CREATE TABLE payment (
    payment_id BIGINT PRIMARY KEY, paid_at TIMESTAMP NOT NULL, amount DECIMAL(10, 2) NOT NULL CHECK (amount > 0),
    method VARCHAR
)
""",
    "sql/sources/depot.sql": """/* source
title: Depots
load: full
*/
CREATE TABLE depot (depot_id BIGINT PRIMARY KEY, name VARCHAR NOT NULL, tax_id VARCHAR CHECK (is_tax_id(tax_id)))
""",
    "sql/sources/movement.sql": """/* source
title: Movements
format: parquet
load: append
*/
CREATE TABLE movement (movement_id BIGINT PRIMARY KEY, moved_at TIMESTAMP NOT NULL, quantity INTEGER NOT NULL)
""",
    "sql/rollups/hourly/stop_hourly.sql": """/* rollup
title: Stops by hour
time: stopped_at
*/
SELECT date_trunc('hour', stopped_at) AS hour, stopped_at::date AS day, depot_id, count(*) AS stops,
    sum(amount) AS amount, CAST(avg(amount) AS DECIMAL(12, 4)) AS average_amount, sum(distance_km) AS distance_km,
    max(note) AS last_note
FROM stop GROUP BY 1, 2, 3
""",
    "sql/rollups/daily/stop_daily.sql": """/* rollup
title: Stops by day
time: day
*/
SELECT day, depot_id, sum(stops)::bigint AS stops, sum(amount) AS amount, is_business_day(day) AS open
FROM stop_hourly GROUP BY day, depot_id
""",
    "reports/stops.sql": """/* report
title: Stops
parameters: {business_date: {type: date}, least: {type: integer, default: 1}}
table: {replace: until = $business_date}
output:
  - csv
  - csv: {compress: gzip, rows_per_file: 2}
  - xlsx: {sheet: Stops}
*/
SELECT $business_date AS until, h.hour, h.day, d.name, h.stops, h.amount, h.distance_km, s.open,
    fiscal_period(h.day) AS period
FROM stop_hourly h JOIN stop_daily s USING (day, depot_id) JOIN depot d USING (depot_id)
WHERE h.stops >= $least ORDER BY h.hour DESC, d.name
""",
}
STOPS = {
    "2026-03-01": [
        "1,1,2026-03-01 00:30:00,10.50,1.25,plain,2026-03-01 01:00:00,false",
        '2,1,2026-03-01 08:15:00,20.00,2.5,"quoted, ""twice""\nand on",2026-03-01 09:00:00,false',
        "3,2,2026-03-01 23:59:59,,0.1,,2026-03-01 23:59:59,false",
        "4,2,2026-02-30 10:00:00,1.00,1,no such day,2026-03-01 10:00:00,false",
        "5,2,2026-03-01 10:00:00,-1.00,1,broken check,2026-03-01 10:00:00,false",
        "6,2,2026-03-01 10:00:00,1.00,1,too many,2026-03-01 10:00:00,false,?",
        "seven,2,2026-03-01 10:00:00,1.005,1,two reasons,2026-03-01 10:00:00,false",
        "8,1,2026-03-01 00:45:00,0.33,0.7,台北,2026-03-01 01:00:00,false",
    ],
    "2026-03-02": [
        "1,1,2026-03-01 00:30:00,11.50,1.25,corrected,2026-03-02 01:00:00,false",
        "2,1,2026-03-01 08:15:00,99.00,2.5,older,2026-02-28 09:00:00,false",
        "3,2,2026-03-01 23:59:59,,0.1,,2026-03-02 00:00:00,true",
        "9,2,2026-03-02 12:00:00,7.77,0.3,first,2026-03-02 12:00:00,false",
        "9,2,2026-03-02 12:00:00,8.88,0.2,same watermark; later line,2026-03-02 12:00:00,false",
        "10,2,2026-03-02 12:30:00,1.11,0.1,x,,false",
    ],
}
PAYMENTS = [
    '{"payment_id": 1, "paid_at": "2026-03-01T10:00:00", "amount": "12.30", "method": "cash"}',
    '{"payment_id": 2, "paid_at": "2026-03-01T10:00:00", "amount": "0.00", "method": "cash"}',
    '{"payment_id": 3, "paid_at": "2026-03-01T10:00:00", "amo',
    "",
    '{"payment_id": 1, "paid_at": "2026-03-01T11:00:00", "amount": "1.00", "method": "key twice"}',
    '{"payment_id": 5, "paid_at": "2026-03-01T11:00:00", "amount": 1.25, "method": null}',
    "[1]",
]
STOP_HEADER = "stop_id,depot_id,stopped_at,amount,distance_km,note,updated_at,is_deleted"


class Fixture:
    """The project in a temporary folder, removed with `close`."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nightshift-oracle-")
        self.root = Path(self._folder.name)
        self.incoming = self.root / "data" / "incoming"
        self.lake = self.root / "data" / "lake"
        self.output = self.root / "data" / "output"
        self.scratch = self.root / "scratch"
        for name, text in FILES.items():
            self.write(name, text)
        for day, lines in STOPS.items():
            self.arrive(day, "stop.csv", "\n".join([STOP_HEADER, *lines, ""]))
        self.arrive("2026-03-01", "payment.jsonl", "\n".join(PAYMENTS) + "\n")
        self.arrive("2026-03-01", "depot.csv", "depot_id,name,tax_id\n1,North,04595257\n2,Old,\n")
        self.arrive(
            "2026-03-02", "depot.csv", "depot_id,name,tax_id\n1,North,04595257\n2,南,\n3,Bad,12345678\n2,Twice,\n"
        )
        self.arrive("2026-03-03", "depot.csv", "")
        self.arrive_movements(
            "2026-03-01", [(1, datetime(2026, 3, 1, 9), 5), (2, None, 1), (1, datetime(2026, 3, 1), 7)]
        )

    def write(self, name: str, text: str) -> None:
        """A file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def arrive(self, day: str, name: str, text: str) -> None:
        """A raw file."""
        self.write(f"data/incoming/{day}/{name}", text)

    def arrive_movements(self, day: str, rows: list[tuple[Any, Any, Any]]) -> None:
        """A raw Parquet file."""
        schema = pyarrow.schema(
            [("movement_id", pyarrow.int64()), ("moved_at", pyarrow.timestamp("us")), ("quantity", pyarrow.int32())]
        )
        arrays = [pyarrow.array(values, field.type) for values, field in zip(zip(*rows), schema)]
        pyarrow.parquet.write_table(pyarrow.table(arrays, schema=schema), self.incoming / day / "movement.parquet")

    def rebuild(self, until: date = UNTIL) -> tuple[duckdb.DuckDBPyConnection, dict[str, sources.Rebuilt]]:
        """The oracle's sources, in a fresh connection."""
        project = load(self.root)
        connection = connect(project, rewrite_list.load())
        rebuilt = sources.Rebuilder(connection, project, self.incoming, self.scratch).rebuild_all(until)
        return connection, rebuilt

    def fill_lake(self) -> None:
        """Writes the lake as an engine without faults would."""
        connection, rebuilt = self.rebuild()
        outcome = Outcome()
        for name in rollups.compute(connection, load(self.root), rewrite_list.load(), outcome):
            self.put(f"rollup/{name}", arrow(connection, quote(name)))
        assert not outcome.differences, outcome.differences
        for name, source in rebuilt.items():
            self.put(f"source/{name}", arrow(connection, f"kept.{quote(name)}"))
            hashes = ", ".join(f"('{file.identity}', '{sha(file.path)}')" for file in source.files)
            self.put(
                f"review/{name}",
                arrow(
                    connection,
                    f"(SELECT _file AS file, h.hash, _line AS line, _reason AS reasons, coalesce(_text, '{{}}') AS record "
                    f"FROM judged.{quote(name)} JOIN (VALUES {hashes}) h(file, hash) ON h.file = _file "
                    f"WHERE _reason IS NOT NULL)",
                ),
            )

    def put(self, name: str, table: pyarrow.Table) -> None:
        """Replaces a Delta table."""
        shutil.rmtree(self.lake / name, ignore_errors=True)
        deltalake.write_deltalake(str(self.lake / name), table)

    def get(self, name: str) -> pyarrow.Table:
        """A Delta table as it is."""
        return deltalake.DeltaTable(str(self.lake / name)).to_pyarrow_table()

    def close(self) -> None:
        """Removes everything."""
        self._folder.cleanup()


def sha(path: Path) -> str:
    """The hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def arrow(connection: duckdb.DuckDBPyConnection, relation: str) -> pyarrow.Table:
    """A relation of the oracle as the engine stores it: instants in UTC, sums in the engine's types."""
    values = []
    for name, kind in described(connection, relation):
        value = quote(name)
        if kind == "TIMESTAMP":
            value = f"timezone('UTC', {sql_to_utc(value, 'Asia/Taipei')})"
        elif kind == "HUGEINT":
            value = f"{value}::BIGINT"
        elif kind.startswith("DECIMAL(38"):
            value = f"{value}::DECIMAL(24{kind[10:]}"
        values.append(f"{value} AS {quote(name)}")
    return connection.execute(f"SELECT {', '.join(values)} FROM {relation}").to_arrow_table()
