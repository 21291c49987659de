-- Since when a mailbox could not be looked into, kept over restarts: `once` is another process each time.
ALTER TABLE accounts ADD COLUMN unreachable_since INTEGER;

-- One row, written again and again only to see whether the database takes what it is given.
CREATE TABLE probe (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    written_at INTEGER NOT NULL
) STRICT;
