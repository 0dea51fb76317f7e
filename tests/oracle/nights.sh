#!/usr/bin/env bash
# Every night of a demonstration, and the oracle after each: 400 days of history, then 60 nights.
#
#   tests/oracle/nights.sh BINARY FOLDER [ROWS_PER_DAY [NIGHTS]]
#
# BINARY is the nightshift program, FOLDER a new folder for a copy of the project and its data. The files of all nights are written
# first; a night sees those up to its date. At the demonstration's own 2170 rows a day an oracle's run takes about a minute.
set -euo pipefail
binary=$(realpath "$1")
folder=$2
rows=${3:-100}
nights=${4:-60}
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$folder"
for part in nightshift.yaml sql reports pipelines calendars; do cp -r "$here/../../$part" "$folder/"; done
python=$(sh "$here/environment.sh")

# One run of the demonstration writes the files exactly as it would; what it made of them is thrown away.
"$binary" --project "$folder" demo --nights "$nights" --rows-per-day "$rows" >/dev/null
rm -rf "$folder"/data/lake "$folder"/data/output "$folder"/data/ledger.db*
for night in $(seq 0 $((nights - 1))); do
  date=$(date -u -d "2025-12-25 + $night days" +%F)
  "$binary" --project "$folder" run daily --date "$date" >/dev/null
  "$python" "$here/main.py" all --project "$folder" --date "$date" --pipeline daily --scratch "$folder/data/oracle" \
    | grep '^oracle' | sed "s/^/$date: /"
done
