-- A new kind of step. A CHECK cannot be altered, and a table that others refer to cannot be made anew within a transaction; its text can be
-- changed where the stored rows stay as they are (https://www.sqlite.org/lang_altertable.html#otheralter, the procedure without a new table).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, '''ingest'', ''refresh'', ''report''', '''ingest'', ''refresh'', ''report'', ''maintain''')
WHERE type = 'table' AND name = 'step';
PRAGMA writable_schema = RESET;

-- Connections that have read the schema read it again, which a change of its text alone does not tell them.
CREATE TABLE schema_changed (version INTEGER) STRICT;
DROP TABLE schema_changed;
