-- A comparison of a rollup's table with its query over the sources, by a batch or by hand. `buckets` is NULL where all were compared;
-- `reason` says why nothing could be.
CREATE TABLE verification (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    at            TEXT    NOT NULL,
    actor         TEXT    NOT NULL,
    batch         INTEGER REFERENCES batch (id),
    rollup        TEXT    NOT NULL,
    table_version INTEGER NOT NULL,
    buckets       INTEGER CHECK (buckets >= 0),
    rows          INTEGER NOT NULL CHECK (rows >= 0),
    differences   INTEGER NOT NULL CHECK (differences >= 0),
    reason        TEXT,
    seconds       REAL    NOT NULL,
    CHECK (reason IS NULL OR (rows = 0 AND differences = 0))
) STRICT;

CREATE INDEX verification_by_batch ON verification (batch);
CREATE INDEX verification_by_rollup ON verification (rollup);
