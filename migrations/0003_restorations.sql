-- When the storage was filled from a backup. What went out between the backup and that moment is not known here, so
-- letters about anything before it are never sent without being looked for first.
CREATE TABLE restorations (
    at             INTEGER NOT NULL PRIMARY KEY,
    backup_made_at INTEGER NOT NULL
) STRICT;
