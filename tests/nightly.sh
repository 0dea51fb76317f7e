#!/usr/bin/env bash
# What takes too long for each change: 2,000 random histories beside the 200 of each run, and the mutation check, in which random histories
# have to find each broken rule of the refresh; then, by themselves, 200 nights that die at any instant.
# Nights beside the oracle are tests/oracle/nights.sh.
#
#   tests/nightly.sh
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/nightshift-target}"
failed=0
cargo nextest run --workspace --run-ignored only --no-fail-fast -E 'not test(any_instant)' || failed=$?
cargo nextest run --workspace --run-ignored only --no-capture -E 'test(any_instant)' || failed=$?
exit "$failed"
