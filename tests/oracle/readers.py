"""Every Delta table of the lake, read by Polars, DuckDB and the deltalake package: they must agree on counts and sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import deltalake
import duckdb
import polars
import pyarrow
import pyarrow.compute

from contracts import literal, quote
from outcome import Outcome
from session import described

DOUBLE_TOLERANCE = 1e-9
EPOCH = datetime(1970, 1, 1)
Digest = dict[str, Any]


def tables(lake: Path) -> Iterator[tuple[str, Path]]:
    """Name and folder of every Delta table, at whatever depth."""
    for log in sorted(lake.rglob("_delta_log")):
        if log.is_dir():
            yield log.parent.relative_to(lake).as_posix(), log.parent


def plain(value: Any) -> Any:
    """A reader's value as one that the others' can be compared with."""
    if isinstance(value, datetime):
        naive = value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo else value
        return round((naive - EPOCH).total_seconds() * 1_000_000)
    if isinstance(value, date):
        return value.toordinal()
    if isinstance(value, Decimal):
        return value.normalize()
    return value


def by_duckdb(connection: duckdb.DuckDBPyConnection, folder: Path) -> Digest:
    """Count of rows, and of each column its values, their sum or their first and last."""
    relation = f"delta_scan({literal(folder)})"
    wanted = ["count(*)"]
    keys = ["rows"]
    for name, kind in described(connection, relation):
        column = quote(name)
        wanted.append(f"count({column})")
        keys.append(f"values of {name}")
        if kind in ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
            wanted.append(f"sum({column})")
            keys.append(f"sum of {name}")
        elif kind == "VARCHAR":
            wanted.append(f"sum(strlen({column}))")
            keys.append(f"bytes of {name}")
        elif kind == "DATE" or kind.startswith("TIMESTAMP"):
            moment = f"timezone('UTC', {column})" if kind == "TIMESTAMP WITH TIME ZONE" else column
            wanted += [f"min({moment})", f"max({moment})"]
            keys += [f"first {name}", f"last {name}"]
        elif kind == "BOOLEAN":
            wanted.append(f"count(*) FILTER (WHERE {column})")
            keys.append(f"true {name}")
    row = connection.execute(f"SELECT {', '.join(wanted)} FROM {relation}").fetchone()
    return {key: plain(value) for key, value in zip(keys, row or ())}


def by_polars(folder: Path) -> Digest:
    """The same by Polars, streaming."""
    frame = polars.scan_delta(str(folder))
    wanted = [polars.len().alias("rows")]
    for name, kind in frame.collect_schema().items():
        column = polars.col(name)
        wanted.append(column.count().alias(f"values of {name}"))
        if kind.is_decimal():
            wanted.append(column.cast(polars.Decimal(38, getattr(kind, "scale"))).sum().alias(f"sum of {name}"))
        elif kind.is_integer():
            wanted.append(column.cast(polars.Int128).sum().cast(polars.Decimal(38, 0)).alias(f"sum of {name}"))
        elif kind.is_float():
            wanted.append(column.sum().alias(f"sum of {name}"))
        elif kind == polars.String:
            wanted.append(column.str.len_bytes().cast(polars.Int64).sum().alias(f"bytes of {name}"))
        elif kind.is_temporal():
            wanted += [column.min().alias(f"first {name}"), column.max().alias(f"last {name}")]
        elif kind == polars.Boolean:
            wanted.append(column.sum().alias(f"true {name}"))
    row = frame.select(wanted).collect(engine="streaming").row(0, named=True)
    return {key: plain(value) for key, value in row.items()}


def by_deltalake(folder: Path) -> Digest:
    """The same by the deltalake package, batch by batch."""
    digest: Digest = {"rows": 0}

    def add(key: str, value: Any) -> None:
        digest[key] = value if digest.get(key) is None else digest[key] if value is None else digest[key] + value

    def keep(key: str, value: Any, choose: Callable[[Any, Any], Any]) -> None:
        digest[key] = value if digest.get(key) is None else digest[key] if value is None else choose(digest[key], value)

    schema, batches = batches_of(deltalake.DeltaTable(str(folder)))
    for batch in batches:
        add("rows", batch.num_rows)
        for field, array in zip(batch.schema, batch.columns):
            add(f"values of {field.name}", len(array) - array.null_count)
            digest_array(field, array, add, keep)
    for field in schema:
        digest.setdefault(f"values of {field.name}", 0)
    return digest


def batches_of(table: deltalake.DeltaTable) -> tuple[pyarrow.Schema, Iterable[pyarrow.RecordBatch]]:
    """The rows of a table; the package reads deletion vectors by queries alone, all other tables also through pyarrow."""
    if "deletionVectors" in (table.protocol().reader_features or []):
        found = deltalake.QueryBuilder().register("rows", table).execute("SELECT * FROM rows")
        reader = pyarrow.RecordBatchReader.from_stream(found)
        return reader.schema, reader
    dataset = table.to_pyarrow_dataset()
    return dataset.schema, dataset.to_batches()


def digest_array(
    field: pyarrow.Field,
    array: pyarrow.Array,
    add: Callable[[str, Any], None],
    keep: Callable[[str, Any, Callable[[Any, Any], Any]], None],
) -> None:
    """Adds what one batch says about one column."""
    kinds = pyarrow.types
    name, kind = field.name, field.type
    if kinds.is_decimal(kind):
        add(f"sum of {name}", pyarrow.compute.sum(array.cast(pyarrow.decimal128(38, kind.scale))).as_py())
    elif kinds.is_integer(kind):
        add(f"sum of {name}", pyarrow.compute.sum(array.cast(pyarrow.decimal128(38, 0))).as_py())
    elif kinds.is_floating(kind):
        add(f"sum of {name}", pyarrow.compute.sum(array).as_py())
    elif kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind):
        lengths = pyarrow.compute.binary_length(array.cast(pyarrow.large_string()))
        add(f"bytes of {name}", pyarrow.compute.sum(lengths).as_py())
    elif kinds.is_date(kind) or kinds.is_timestamp(kind):
        ends = pyarrow.compute.min_max(array).as_py()
        keep(f"first {name}", plain(ends["min"]), min)
        keep(f"last {name}", plain(ends["max"]), max)
    elif kinds.is_boolean(kind):
        add(f"true {name}", pyarrow.compute.sum(array).as_py())


def equal(one: Any, other: Any) -> bool:
    """Equal, where sums of doubles may have been added in another order and the sum of nothing is nothing."""
    if isinstance(one, float) or isinstance(other, float):
        one, other = float(one or 0), float(other or 0)
        return math.isclose(one, other, rel_tol=DOUBLE_TOLERANCE) or (math.isnan(one) and math.isnan(other))
    return (one or 0) == (other or 0)


def check(connection: duckdb.DuckDBPyConnection, lake: Path, outcome: Outcome) -> None:
    """Compares the three readers on every table."""
    readers: dict[str, Callable[[Path], Digest]] = {
        "duckdb": lambda folder: by_duckdb(connection, folder),
        "polars": by_polars,
        "deltalake": by_deltalake,
    }
    for name, folder in tables(lake):
        digests: dict[str, Digest] = {}
        for reader, read in readers.items():
            try:
                digests[reader] = read(folder)
            except (KeyboardInterrupt, SystemExit):
                raise
            except (
                BaseException
            ) as error:  # a panic in Polars' Rust is no Exception; whatever a reader throws is the finding
                outcome.differs(name, f"{reader} cannot read it: {type(error).__name__}: {error}")
        if len(digests) < len(readers):
            continue
        reference = digests["duckdb"]
        for reader in ("polars", "deltalake"):
            for key in sorted(set(reference) | set(digests[reader])):
                one, other = reference.get(key), digests[reader].get(key)
                if not equal(one, other):
                    outcome.differs(name, f"{key}: duckdb finds {one}, {reader} finds {other}")
        outcome.compared(int(reference["rows"]), sum(key.startswith("values of ") for key in reference))
