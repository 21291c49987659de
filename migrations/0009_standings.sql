-- What the events of a unit come to, kept so that `status` need not read all of them again. Never the truth: a row counts
-- only while nothing was recorded of its unit, and nothing undone, after the event `seen`, and only for the very fold it
-- was made by. Whatever is missing or outdated is folded from the events.
CREATE TABLE standings (
    campaign TEXT    NOT NULL,
    unit     TEXT    NOT NULL,
    seen     INTEGER NOT NULL,                 -- the last event, of any unit, that was known when it was made
    fold     INTEGER NOT NULL,                 -- judge::progress::FOLD
    ledger   TEXT    NOT NULL CHECK (json_valid(ledger)),  -- model::ledger::UnitLedger without its history
    PRIMARY KEY (campaign, unit)
) STRICT;
