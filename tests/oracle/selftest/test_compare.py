"""The comparison itself, on rows whose exact values do not tell them apart."""

from __future__ import annotations

import unittest

import duckdb
import fixture  # noqa: F401  (puts the oracle on the path)

import rewrites
from compare import Pair, compare
from outcome import Outcome


def equal(expected: str, actual: str) -> bool:
    """Whether two lists of `(key, value)` are equal."""
    connection, outcome = duckdb.connect(), Outcome()
    for name, values in (("e", expected), ("a", actual)):
        connection.execute(
            f"CREATE TABLE {name} AS SELECT k::INTEGER AS k, v::DOUBLE AS v FROM (VALUES {values}) t(k, v)"
        )
    return compare(connection, Pair("t", "e", "a"), rewrites.load(), outcome) and outcome.passed


class Compare(unittest.TestCase):
    """Multisets with doubles."""

    def test_rows_with_the_same_key_are_paired_in_order(self) -> None:
        self.assertTrue(
            equal("(1, 1.0), (1, 2.0), (1, 2.0)", "(1, 2.0000000000000004), (1, 1.0000000000000002), (1, 2.0)")
        )
        self.assertFalse(equal("(1, 1.0), (1, 2.0), (1, 2.0)", "(1, 2.0), (1, 1.0), (1, 1.0)"))
        self.assertFalse(equal("(1, 1.0), (1, 2.0)", "(1, 1.0), (1, 2.00000000001)"))

    def test_null_and_what_is_no_number(self) -> None:
        self.assertTrue(equal("(1, NULL), (2, 'nan'), (NULL, '0.0')", "(NULL, '-0.0'), (2, 'nan'), (1, NULL)"))
        self.assertFalse(equal("(1, NULL)", "(1, 0.0)"))
        self.assertFalse(equal("(1, 'nan')", "(1, '0.0')"))
        self.assertFalse(equal("(1, 'inf')", "(1, '1.0')"))

    def test_how_often_a_row_comes_counts(self) -> None:
        self.assertFalse(equal("(1, 1.0), (1, 1.0)", "(1, 1.0)"))
        self.assertFalse(equal("(1, 1.0)", "(1, 1.0), (1, 1.0000000000000002)"))


if __name__ == "__main__":
    unittest.main()
