-- The whole store: what came in, what happened because of it, and what is owed to whom.
--
-- Moments are INTEGER milliseconds since 1970-01-01 UTC, so that they sort and compare as they are; the program shows
-- them in the configured time zone. Digests are 64 lower-case hexadecimal digits. Money stands only inside JSON, as
-- decimal strings: no sum is ever made in SQL, where it would be a float.

-- One row for every different mail, under the SHA-256 of its raw bytes. The bytes are in the archive.
CREATE TABLE mails (
    sha256       TEXT    NOT NULL PRIMARY KEY CHECK (length(sha256) = 64),
    size         INTEGER NOT NULL,             -- octets
    received_at  INTEGER NOT NULL,             -- the time that counts against the deadline
    nature       TEXT    NOT NULL,             -- model::ledger::Nature
    campaign     TEXT,                         -- NULL: it has nothing to do with any
    unit         TEXT,                         -- NULL: not known, or none
    from_address TEXT,
    from_name    TEXT,
    subject      TEXT,
    message_id   TEXT,                         -- without angle brackets; neither always there nor unique
    recorded_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX mails_by_arrival ON mails (received_at);
CREATE INDEX mails_by_recording ON mails (recorded_at);

-- Every different mail that was ever handed in, written before anything reads it: what stands here and not in `mails`
-- is being read, or was lost. `tries` counts how often reading was begun, so that a mail that kills its reader is noticed.
CREATE TABLE sightings (
    sha256        TEXT    NOT NULL PRIMARY KEY CHECK (length(sha256) = 64),
    received_at   INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    seen_in       TEXT    NOT NULL,            -- the mailbox and folder, or the file, where it was first seen
    tries         INTEGER NOT NULL,
    last_failure  TEXT
) STRICT;

-- Where mail was seen. A place says where, never which: servers reshuffle UIDs, therefore size and date stand beside.
CREATE TABLE places (
    mailbox        TEXT    NOT NULL,
    folder         TEXT    NOT NULL,           -- decoded name
    uid_validity   INTEGER NOT NULL,           -- 0 where the server does not tell
    uid            INTEGER NOT NULL,
    size           INTEGER NOT NULL,           -- RFC822.SIZE as the server lists it
    internal_date  INTEGER NOT NULL,           -- INTERNALDATE, in whole seconds since 1970
    mail           TEXT    REFERENCES mails (sha256),
    skipped_reason TEXT,                       -- why it was not fetched, where it was not
    seen_at        INTEGER NOT NULL,
    PRIMARY KEY (mailbox, folder, uid_validity, uid),
    CHECK ((mail IS NULL) <> (skipped_reason IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX places_by_mail ON places (mail);

-- What was read of each table and report.
CREATE TABLE readings (
    mail      TEXT    NOT NULL REFERENCES mails (sha256),
    number    INTEGER NOT NULL,                -- counts up in the order of reading: one sheet may hold several tables
    item      TEXT    NOT NULL CHECK (item IN ('table', 'report')),
    piece     TEXT    NOT NULL,                -- path of the piece in the mail, or `body`
    file_name TEXT    NOT NULL,                -- of that piece; empty for `body`
    sheet     TEXT    NOT NULL,                -- empty for a report
    unit      TEXT,
    returned  TEXT    NOT NULL CHECK (json_valid(returned)),  -- model::decision::Returned
    PRIMARY KEY (mail, number)
) STRICT;

-- What happened. Rows are only added; every status is a fold over them.
CREATE TABLE events (
    id       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,                 -- when it was recorded
    campaign TEXT    NOT NULL,
    unit     TEXT,
    mail     TEXT    REFERENCES mails (sha256),
    person   TEXT,                             -- who did it; NULL: the machine
    kind     TEXT    NOT NULL,                 -- the tag of model::ledger::EventKind, repeated from `detail`
    detail   TEXT    NOT NULL CHECK (json_valid(detail)),
    CHECK (kind = json_extract(detail, '$.event')),
    CHECK (mail IS NOT NULL OR kind NOT IN ('mail_recorded', 'filed', 'duplicated', 'review_asked',
                                            'assigned_by_person', 'accepted_by_person')),
    CHECK (unit IS NOT NULL OR kind NOT IN ('assigned_by_person', 'accepted_by_person', 'waived'))
) STRICT;
CREATE INDEX events_by_unit ON events (campaign, unit);
CREATE INDEX events_by_mail ON events (mail);
CREATE UNIQUE INDEX events_one_recording ON events (mail) WHERE kind = 'mail_recorded';
CREATE UNIQUE INDEX events_one_settlement ON events (json_extract(detail, '$.review')) WHERE kind = 'review_settled';

CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are only added, never changed'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are only added, never deleted'); END;

-- Letters that are owed, waiting, or gone. The key says what a letter is about: the same one never stands here twice.
CREATE TABLE letters (
    key             TEXT    NOT NULL PRIMARY KEY,
    message_id      TEXT    NOT NULL UNIQUE,   -- derived from the key; without angle brackets
    kind            TEXT    NOT NULL CHECK (kind IN ('ack', 'reminder', 'digest', 'alert')),
    campaign        TEXT    NOT NULL,
    unit            TEXT,
    recipients      TEXT    NOT NULL CHECK (json_type(recipients) = 'array'),
    facts           TEXT    NOT NULL CHECK (json_valid(facts)),
    state           TEXT    NOT NULL
                    CHECK (state IN ('queued', 'sending', 'sent', 'unknown', 'held', 'refused', 'cancelled')),
    priority        INTEGER NOT NULL,          -- lower goes first
    due_at          INTEGER NOT NULL,
    expires_at      INTEGER,
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    sent_at         INTEGER,                   -- when the attempt began that a server accepted
    last_reply      TEXT,                      -- the last thing a server said, or why it was held
    bounced_by      TEXT    REFERENCES mails (sha256)
) STRICT;
CREATE INDEX letters_by_turn ON letters (state, priority, due_at);
CREATE INDEX letters_by_unit ON letters (campaign, unit);

-- Every time a letter was dialled, written down before dialling. `outcome` is the state the attempt left the letter in;
-- 'sending' while nobody knows.
CREATE TABLE attempts (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    letter  TEXT    NOT NULL REFERENCES letters (key),
    at      INTEGER NOT NULL,
    outcome TEXT    NOT NULL,
    reply   TEXT
) STRICT;
CREATE INDEX attempts_by_letter ON attempts (letter);
CREATE INDEX attempts_by_time ON attempts (at);

-- How each account on a server stands: these providers lock an account that keeps trying.
CREATE TABLE accounts (
    name       TEXT    NOT NULL PRIMARY KEY,
    refused    INTEGER NOT NULL,               -- refused logins in a row
    parked     INTEGER NOT NULL CHECK (parked IN (0, 1)),  -- waits for a person
    not_before INTEGER,                        -- no login and no letter before this
    reason     TEXT,
    changed_at INTEGER NOT NULL
) STRICT;
