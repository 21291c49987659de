-- How many letters an address got of late is asked for every mail that comes in: by an index, not by looking through all
-- letters. Recipients never change once a letter is owed.
CREATE TABLE letter_recipients (
    address    TEXT    NOT NULL,               -- as `lower()` makes it
    created_at INTEGER NOT NULL,               -- of the letter
    letter     TEXT    NOT NULL REFERENCES letters (key) ON DELETE CASCADE,
    PRIMARY KEY (address, created_at, letter)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO letter_recipients (address, created_at, letter)
SELECT lower(recipient.value), letters.created_at, letters.key
FROM letters, json_each(letters.recipients) AS recipient;
CREATE TRIGGER letters_have_recipients AFTER INSERT ON letters
BEGIN
    INSERT OR IGNORE INTO letter_recipients (address, created_at, letter)
    SELECT lower(value), new.created_at, new.key FROM json_each(new.recipients);
END;

-- What staff taught is asked for every mail too.
CREATE INDEX events_of_lessons ON events (id) WHERE kind IN ('address_taught', 'name_taught', 'undone');
