"""Results as tables for people and as one value for programs."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from contest import Part, Series

MIB = 1 << 20


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns: the first to the left, the others to the right."""
    widths = [max(len(row[index]) for row in [header, *rows]) for index in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        return "  ".join(cells).rstrip()

    return "\n".join([line(header), line(["-" * width for width in widths]), *map(line, rows)])


def spread(seconds: Sequence[float]) -> str:
    """`1.23 (1.20-1.31)`: the median, the least and the greatest."""
    return f"{median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"


def name_of(step: str) -> str:
    """`refresh:depot_daily` computes what DuckDB's query `depot_daily` does."""
    kind, _, name = step.partition(":")
    return name if kind in ("refresh", "report") else step


def queries_table(ours: Series, theirs: Series) -> str:
    """Each step beside DuckDB's query, with the ratio."""
    rows = []
    for step, seconds in sorted(ours.steps.items()):
        other = theirs.steps.get(name_of(step))
        ratio = f"{median(seconds) / median(other):.2f}" if other else ""
        rows.append([step, spread(seconds), spread(other) if other else "", ratio])
    rows.append(
        [
            "process, from start to end",
            spread(ours.seconds),
            spread(theirs.seconds),
            f"{ours.median / theirs.median:.2f}",
        ]
    )
    return table(["step", "Nightshift s", "DuckDB s", "ratio"], rows)


def limited_table(free: Series, limited: Series, theirs: Series) -> str:
    """Each step without and with the limit, and what it spilled; DuckDB's query beside it."""
    rows = []
    for step, seconds in sorted(free.steps.items()):
        held = limited.steps[step]
        other = theirs.steps.get(name_of(step))
        shown = "failed" if name_of(step) in theirs.failures else spread(other) if other else ""
        rows.append(
            [
                step,
                spread(seconds),
                spread(held),
                f"{median(held) / median(seconds):.2f}",
                mebibytes(limited.spilled[step]),
                shown,
            ]
        )
    ratio = f"{limited.median / free.median:.2f}"
    spilled = mebibytes(sum(limited.spilled.values()))
    rows.append(
        [
            "process, from start to end",
            spread(free.seconds),
            spread(limited.seconds),
            ratio,
            spilled,
            spread(theirs.seconds),
        ]
    )
    peaks = [mebibytes(series.peak_bytes) for series in (free, limited, theirs)]
    rows.append(["peak of the process tree, MiB", peaks[0], peaks[1], "", "", peaks[2]])
    return table(["step", "free s", "limited s", "ratio", "spill MiB", "DuckDB limited s"], rows)


def mebibytes(count: int) -> str:
    """Whole MiB, but never 0 for something."""
    return "0" if count == 0 else f"{max(count / MIB, 0.1):.1f}"


def verdict(what: str, value: float, bound: float, least: bool = False) -> tuple[str, bool]:
    """A line that says whether a target is met."""
    met = value >= bound if least else value <= bound
    return f"{'met   ' if met else 'MISSED'} {what}: {value:.4g}, {'at least' if least else 'at most'} {bound:g}", met


def as_json(part: Part, series: dict[str, Series]) -> dict[str, Any]:
    """All that was measured of a part."""
    return {
        "part": part.name,
        "title": part.title,
        "target": part.target,
        "contestants": {
            name: {
                "seconds": one.seconds,
                "median": one.median,
                "peak_bytes": one.peak_bytes,
                "read_bytes": one.read_bytes,
                "steps": one.steps,
                "spilled_bytes": one.spilled,
                "failures": one.failures,
            }
            for name, one in series.items()
        },
    }
