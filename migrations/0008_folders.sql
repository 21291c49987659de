-- What the server said of each folder when all that it held was recorded: while it says the same, nothing is listed. A
-- hint and no record: without it a folder is listed as a whole.
CREATE TABLE folders (
    mailbox      TEXT    NOT NULL,
    folder       TEXT    NOT NULL,             -- decoded name
    uid_validity INTEGER NOT NULL,
    uid_next     INTEGER NOT NULL,
    mails        INTEGER NOT NULL,             -- EXISTS
    listed_at    INTEGER NOT NULL,             -- when the whole folder was listed last
    PRIMARY KEY (mailbox, folder)
) STRICT, WITHOUT ROWID;
