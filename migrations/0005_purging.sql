-- Mails whose raw bytes were removed from the archive on purpose, after their collections were closed. Written before the
-- file is removed: what stands here and is in the archive still was left over by a crash, and the next purge removes it.
CREATE TABLE purged (
    mail  TEXT    NOT NULL PRIMARY KEY REFERENCES mails (sha256),
    event INTEGER NOT NULL REFERENCES events (id)   -- of the kind 'originals_purged': who, when, how far
) STRICT;
