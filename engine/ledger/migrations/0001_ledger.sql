-- Instants are TEXT in UTC with microseconds, e.g. 2026-11-23T18:30:00.000000Z, so that they sort and a person can read
-- them. Dates are TEXT, e.g. 2026-11-23. Sizes are bytes.

CREATE TABLE batch (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    pipeline      TEXT    NOT NULL,
    business_date TEXT    NOT NULL,
    attempt       INTEGER NOT NULL CHECK (attempt >= 1),
    state         TEXT    NOT NULL CHECK (state IN ('ready', 'running', 'succeeded', 'failed', 'interrupted')),
    created_at    TEXT    NOT NULL,
    changed_at    TEXT    NOT NULL,
    UNIQUE (pipeline, business_date, attempt)
) STRICT;

-- One go at a batch: the first, a resumption, a retry of what failed, or all of it again.
CREATE TABLE run (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    batch       INTEGER NOT NULL REFERENCES batch (id),
    number      INTEGER NOT NULL CHECK (number >= 1),
    cause       TEXT    NOT NULL CHECK (cause IN ('first', 'resume', 'retry', 'rerun', 'from_step')),
    owner       TEXT    NOT NULL,
    host        TEXT    NOT NULL,
    pid         INTEGER NOT NULL,
    started_at  TEXT    NOT NULL,
    finished_at TEXT,
    ended_as    TEXT    CHECK (ended_as IN ('succeeded', 'failed', 'interrupted')),
    UNIQUE (batch, number),
    CHECK ((finished_at IS NULL) = (ended_as IS NULL))
) STRICT;

CREATE TABLE step (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    batch      INTEGER NOT NULL REFERENCES batch (id),
    name       TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('ingest', 'refresh', 'report')),
    target     TEXT    NOT NULL,
    priority   INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'skipped', 'interrupted')),
    reason     TEXT,
    changed_at TEXT    NOT NULL,
    UNIQUE (batch, name)
) STRICT;

CREATE TABLE attempt (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    step              INTEGER NOT NULL REFERENCES step (id),
    run               INTEGER NOT NULL REFERENCES run (id),
    number            INTEGER NOT NULL CHECK (number >= 1),
    state             TEXT    NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'interrupted')),
    started_at        TEXT    NOT NULL,
    finished_at       TEXT,
    fault             TEXT    CHECK (fault IN ('user', 'data', 'external', 'internal')),
    retry_helps       INTEGER,
    message           TEXT,
    rows_in           INTEGER NOT NULL DEFAULT 0,
    rows_out          INTEGER NOT NULL DEFAULT 0,
    bytes             INTEGER NOT NULL DEFAULT 0,
    spill_bytes       INTEGER NOT NULL DEFAULT 0,
    peak_memory_bytes INTEGER NOT NULL DEFAULT 0,
    seconds           REAL    NOT NULL DEFAULT 0,
    technique         TEXT    CHECK (technique IS NULL OR json_valid(technique)),
    UNIQUE (step, number),
    CHECK ((finished_at IS NULL) = (state = 'running')),
    CHECK ((state = 'failed') <= (fault IS NOT NULL AND retry_helps IS NOT NULL AND message IS NOT NULL))
) STRICT;

CREATE INDEX attempt_by_run ON attempt (run);

-- The version of each source that a run reads. A resumption carries the pins of the run before it.
CREATE TABLE pin (
    run     INTEGER NOT NULL REFERENCES run (id),
    source  TEXT    NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 0),
    PRIMARY KEY (run, source)
) STRICT, WITHOUT ROWID;

-- A table version that an attempt committed; version_before is NULL where it created the table.
CREATE TABLE publication (
    attempt        INTEGER NOT NULL REFERENCES attempt (id),
    table_name     TEXT    NOT NULL,
    version_before INTEGER,
    version_after  INTEGER NOT NULL,
    PRIMARY KEY (attempt, table_name)
) STRICT, WITHOUT ROWID;

-- A file made for people; unchanged says that the very same file lay there already and was left untouched.
CREATE TABLE output (
    attempt   INTEGER NOT NULL REFERENCES attempt (id),
    path      TEXT    NOT NULL,
    report    TEXT    NOT NULL,
    rows      INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    sha256    TEXT    NOT NULL,
    unchanged INTEGER NOT NULL,
    PRIMARY KEY (attempt, path)
) STRICT, WITHOUT ROWID;

-- A data file that an attempt is about to write. The rows of an attempt that did not succeed tell maintenance what to look at.
CREATE TABLE staged_file (
    attempt    INTEGER NOT NULL REFERENCES attempt (id),
    table_name TEXT    NOT NULL,
    path       TEXT    NOT NULL,
    PRIMARY KEY (attempt, table_name, path)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: an id is never given twice, so the release of an old lock cannot hit a new one.
CREATE TABLE pipeline_lock (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    pipeline        TEXT    NOT NULL,
    business_date   TEXT    NOT NULL,
    owner           TEXT    NOT NULL,
    host            TEXT    NOT NULL,
    pid             INTEGER NOT NULL,
    process_started TEXT,
    taken_at        TEXT    NOT NULL,
    UNIQUE (pipeline, business_date)
) STRICT;

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     TEXT    NOT NULL,
    actor  TEXT    NOT NULL,
    action TEXT    NOT NULL,
    batch  INTEGER REFERENCES batch (id),
    detail TEXT    NOT NULL CHECK (json_valid(detail))
) STRICT;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

-- INSERT OR REPLACE deletes a row without the trigger above.
CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
