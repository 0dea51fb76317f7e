"""The options that every part of the benchmark has."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add_to(parser: argparse.ArgumentParser) -> None:
    """Adds them to a command line."""
    parser.add_argument(
        "--binary", type=Path, default=default_binary(), help="the release build of nightshift (%(default)s)"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="share of the 30 million rows, for a trial")
    parser.add_argument("--runs", type=int, default=5, help="runs that count, after one to warm up (%(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="of both sides (%(default)s)")
    parser.add_argument(
        "--data", type=Path, default=default_data(), help="where data lies, outside the clone (%(default)s)"
    )
    parser.add_argument("--output", type=Path, help="a file for everything that was measured, as JSON")


def read(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The command line; ends the program where it makes no sense."""
    given = parser.parse_args()
    if given.runs < 1 or given.threads < 1 or given.scale <= 0:
        parser.error("--runs, --threads and --scale must be positive")
    if not given.binary.is_file():
        parser.error(f"there is no {given.binary}: build it with `cargo build --release`, or name it with --binary")
    return given


def default_binary() -> Path:
    """Where cargo puts it."""
    target = os.environ.get("CARGO_TARGET_DIR", Path(__file__).parent.parent / "target")
    return Path(target) / "release" / "nightshift"


def default_data() -> Path:
    """$NIGHTSHIFT_BENCH_DATA, or a folder of the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Path(os.environ.get("NIGHTSHIFT_BENCH_DATA", cache / "nightshift-bench"))
