"""What the benchmark stands on: the memory of a process tree, going back to a lake, and that both sides have the same queries."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).parent.parent
sys.path.insert(0, str(HERE))

import check  # noqa: E402
import peer  # noqa: E402
import place  # noqa: E402
import printing  # noqa: E402
import process  # noqa: E402

MIB = 1 << 20
HOLDS = "import time; held = bytearray({bytes}); held[::4096] = b'x' * len(held[::4096]); time.sleep(0.5)"


class Process(unittest.TestCase):
    """A command measured from outside."""

    def test_the_peak_is_that_of_the_whole_tree(self) -> None:
        child = HOLDS.format(bytes=80 * MIB)
        parent = f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {child!r}]); "
        parent += HOLDS.format(bytes=40 * MIB) + "; child.wait()"
        finished = process.run([sys.executable, "-c", parent], watch_memory=True)
        self.assertEqual(finished.code, 0, finished.stderr)
        self.assertGreater(finished.peak_bytes, 120 * MIB)
        self.assertLess(finished.peak_bytes, 220 * MIB)
        self.assertGreater(finished.seconds, 0.5)

    def test_a_command_that_fails_says_what_it_printed(self) -> None:
        with self.assertRaisesRegex(process.CommandFailed, "no such thing"):
            process.run_or_fail([sys.executable, "-c", "raise SystemExit('no such thing')"])


class Places(unittest.TestCase):
    """A lake is put back as it was."""

    def test_data_files_are_linked_and_logs_are_copied(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "source"), Path(folder, "target")
            log = source / "lake" / "rollup" / "t" / "_delta_log"
            log.mkdir(parents=True)
            (log / "0.json").write_text("a")
            (log.parent / "0.parquet").write_text("rows")
            (source / "ledger.db").write_text("ledger")
            place.copy_state(source, target)
            copied = target / "lake" / "rollup" / "t"
            self.assertTrue(copied.joinpath("0.parquet").samefile(log.parent / "0.parquet"))
            self.assertFalse(copied.joinpath("_delta_log", "0.json").samefile(log / "0.json"))
            copied.joinpath("_delta_log", "0.json").write_text("b")
            target.joinpath("ledger.db").write_text("newer")
            self.assertEqual((log / "0.json").read_text() + (source / "ledger.db").read_text(), "aledger")


class Queries(unittest.TestCase):
    """Both sides answer the same questions."""

    def test_both_sides_have_17_rollups_and_12_reports(self) -> None:
        rollups, reports = peer.queries("rollups"), peer.queries("reports")
        self.assertEqual(sorted(path.stem for path in rollups), sorted(check.FROZEN.rollups))
        self.assertEqual(sorted(path.stem for path in reports), sorted(check.FROZEN.reports))
        self.assertEqual((len(rollups), len(reports)), (17, 12))

    def test_reports_read_sources_only(self) -> None:
        for report in check.FROZEN.reports.values():
            for rollup in check.FROZEN.rollups:
                self.assertNotIn(rollup, report.sql)


class Printing(unittest.TestCase):
    """What a person reads."""

    def test_a_table_shows_median_and_spread_and_a_target_is_met_or_missed(self) -> None:
        self.assertEqual(printing.spread([3.0, 1.0, 2.0]), "2.00 (1.00-3.00)")
        shown = printing.table(["step", "s"], [["a", "10.00"], ["long", "1"]])
        self.assertEqual(shown, "step      s\n----  -----\na     10.00\nlong      1")
        self.assertEqual(printing.verdict("share", 0.8, 0.8), ("met    share: 0.8, at most 0.8", True))
        self.assertEqual(printing.verdict("share", 0.81, 0.8), ("MISSED share: 0.81, at most 0.8", False))
        self.assertEqual(printing.verdict("steps", 2, 3, least=True), ("MISSED steps: 2, at least 3", False))


if __name__ == "__main__":
    unittest.main()
