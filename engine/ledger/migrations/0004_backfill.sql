-- A new kind of step, by the procedure of 0003.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, '''report'', ''maintain''', '''report'', ''maintain'', ''backfill''')
WHERE type = 'table' AND name = 'step';
PRAGMA writable_schema = RESET;

CREATE TABLE schema_changed (version INTEGER) STRICT;
DROP TABLE schema_changed;
