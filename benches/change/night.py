"""One new day: beside DuckDB's recompute of the same rollups, SQLMesh and dbt."""

from __future__ import annotations

from statistics import median

import check
import printing
import share
from contest import Bound, Contestant, DuckDb, Nightshift, Part, Series, alternate
from frozen import CASCADE, MERGEABLE, PROJECT, QUERIES, REBUILT, ROLLUPS, columns, grain_of, project_of
from lakes import Deliveries
from peers import Dbt, Peer, SqlMesh
from result import Result

MOST_OF_RECOMPUTE = 0.02
MOST_OF_PEERS = 0.1
MOST_OF_TOUCHED = 1.5
ALLOWED_SECONDS = 0.05

NIGHT = Part("night", "One new day, every rollup", MOST_OF_PEERS, "built", "night", "rollups", 1)
FROM_FINER = Part("cascade", "Coarser rollups from finer ones", MOST_OF_RECOMPUTE, "built", "night", "cascade", 1)
SOME = {
    pipeline: Part(pipeline, f"One new day, {pipeline} rollups", MOST_OF_RECOMPUTE, "built", pipeline, "rollups", 1)
    for pipeline in ("mergeable", *REBUILT.values())
}


def measure(place: Deliveries, peers: tuple[SqlMesh, Dbt], runs: int) -> Result:
    """Compares the answers, then lets all sides work in turns."""
    limits = next(iter(place.limits))
    ours = Nightshift(place, limits, False)
    duckdb = DuckDb(place, limits, False, queries=QUERIES)
    if not same_answers(place, ours, duckdb, peers):
        return Result(same_answers=False)
    contestants: dict[str, Contestant] = {
        "night": ours,
        **{name: Bound(ours, part) for name, part in SOME.items()},
        "duckdb": duckdb,
        "cascade": Bound(duckdb, FROM_FINER),
        **{peer.name: peer for peer in peers},
    }
    series = alternate(NIGHT, contestants, runs)
    shares = {
        name: share.touched(place.lake / "source" / "delivery", place.new_file, grain_of(name)) for name in REBUILT
    }
    return judge(series, shares)


def same_answers(place: Deliveries, ours: Nightshift, duckdb: DuckDb, peers: tuple[Peer, ...]) -> bool:
    """Whether all sides give the same rows; prints every difference."""
    ours.run(NIGHT)
    duckdb.run(NIGHT)
    same = compare(place, "DuckDB", ROLLUPS)
    duckdb.run(FROM_FINER)
    same &= compare(place, "DuckDB from finer ones", CASCADE)
    for peer in peers:
        peer.run(NIGHT)
        peer.export(columns(), place.results)
        same &= compare(place, peer.name, ROLLUPS)
    # Each of our pipelines with some rollups, beside the rows that the last peer left.
    parts = {"mergeable": MERGEABLE} | {pipeline: (name,) for name, pipeline in REBUILT.items()}
    for pipeline, names in parts.items():
        ours.run(SOME[pipeline])
        same &= compare(place, f"run {pipeline}", names)
    return same


def compare(place: Deliveries, side: str, names: tuple[str, ...]) -> bool:
    """Whether some rollups of the lake have the rows that a side left."""
    threads = next(iter(place.limits.values())).threads
    outcome = check.same_rows("rollup", place.lake, place.results, threads, project_of(names))
    outcome.print(f"same answers, {side}")
    return outcome.passed and outcome.tables == len(names)


def judge(series: dict[str, Series], shares: dict[str, share.Share]) -> Result:
    """Prints the tables; gives the targets."""
    print(f"\n{NIGHT.title}\n\n{rollups_table(series)}")
    print(
        "Nightshift's steps run side by side: their seconds overlap. DuckDB's and SQLMesh's run in turn.\n", flush=True
    )
    result = Result([printing.as_json(NIGHT, series)])
    mergeable, recompute = series["mergeable"].median, seconds_of(series["duckdb"], MERGEABLE)
    from_finer = seconds_of(series["cascade"], CASCADE) + seconds_of(series["duckdb"], MERGEABLE[len(CASCADE) :])
    print(
        f"Mergeable rollups alone, with ingest, checks and commits: {printing.spread(series['mergeable'].seconds)} s; "
        f"DuckDB's recompute {recompute:.2f} s, ratio {mergeable / recompute:.4f}; "
        f"coarser ones from finer ones {from_finer:.2f} s, ratio {mergeable / from_finer:.4f}\n"
    )
    result.judge("mergeable rollups, share of DuckDB's recompute", mergeable / recompute, MOST_OF_RECOMPUTE)
    print(f"{rebuilt_table(series, shares)}\n", flush=True)
    for name, touched in shares.items():
        limit = limit_of(touched, seconds_of(series["duckdb"], (name,)))
        result.judge(f"{name}, seconds", seconds_of(series[REBUILT[name]], (f"refresh:{name}",)), limit)
        result.measured.append({"part": name, "touched": vars(touched), "limit_seconds": limit})
    for peer in ("sqlmesh", "dbt"):
        result.judge(
            f"all rollups, share of {peer}'s time", series["night"].median / series[peer].median, MOST_OF_PEERS
        )
    return result


def seconds_of(series: Series, steps: tuple[str, ...]) -> float:
    """The medians of some steps, added up."""
    return sum(median(series.steps[step]) for step in steps)


def limit_of(touched: share.Share, recompute: float) -> float:
    """How long a rollup may take that is rebuilt."""
    return MOST_OF_TOUCHED * touched.of_bytes * recompute + ALLOWED_SECONDS


def rollups_table(series: dict[str, Series]) -> str:
    """Each rollup's seconds on every side, with our share of each."""
    sides = ("duckdb", "cascade", "sqlmesh", "dbt")
    rows = [["ingest:delivery", printing.spread(series["night"].steps["ingest:delivery"]), *[""] * 2 * len(sides)]]
    for name in ROLLUPS:
        ours = series["night"].steps[f"refresh:{name}"]
        rows.append([name, printing.spread(ours)])
        for side in sides:
            rows[-1] += beside(ours, series[side].steps.get(name))
    whole = series["night"].seconds
    rows.append(["process, from start to end", printing.spread(whole)])
    for side in sides:
        rows[-1] += beside(whole, series[side].seconds)
    header = ["rollup", "Nightshift s"]
    for title in ("DuckDB", "from finer", "SQLMesh", "dbt"):
        header += [f"{title} s", "ratio"]
    return printing.table(header, rows)


def beside(ours: list[float], theirs: list[float] | None) -> list[str]:
    """Two cells: the other side's seconds, and our share of them."""
    if not theirs:
        return ["", ""]
    return [printing.spread(theirs), f"{median(ours) / median(theirs):.3f}" if median(theirs) > 0 else ""]


def rebuilt_table(series: dict[str, Series], shares: dict[str, share.Share]) -> str:
    """What the rebuilt rollups may take, and what they take."""
    rows = []
    for name, touched in shares.items():
        recompute = seconds_of(series["duckdb"], (name,))
        step = series[REBUILT[name]].steps[f"refresh:{name}"]
        rows.append(
            [
                name,
                f"{touched.buckets}",
                f"{touched.of_bytes:.4f}",
                f"{recompute:.2f}",
                f"{limit_of(touched, recompute):.3f}",
                f"{median(step):.3f}",
                printing.spread(series[REBUILT[name]].seconds),
            ]
        )
    header = ["rebuilt", "buckets", "share of bytes", "DuckDB s", "limit s", "step s", "process with ingest s"]
    return printing.table(header, rows)


assert set(PROJECT.rollups) == set(ROLLUPS)
