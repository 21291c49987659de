-- Events can be undone by later events, and a person's act is undone as a whole: `act` is the id of the first event that
-- was recorded in the same transaction.
DROP TRIGGER events_are_not_changed;
ALTER TABLE events ADD COLUMN act INTEGER NOT NULL DEFAULT 0;
-- What was recorded before had one moment, one mail and one person in common.
UPDATE events SET act = (SELECT min(first.id) FROM events AS first
                         WHERE first.at = events.at AND first.mail IS events.mail AND first.person IS events.person);
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are only added, never changed'); END;
CREATE INDEX events_by_act ON events (act);
CREATE INDEX events_of_undoing ON events (json_extract(detail, '$.event_id')) WHERE kind = 'undone';

-- A review whose settlement was undone waits again, and can be settled again. That no two settlements count at once is
-- seen to where events are added, in the transaction that adds them.
DROP INDEX events_one_settlement;
CREATE INDEX events_of_settlement ON events (json_extract(detail, '$.review')) WHERE kind = 'review_settled';

-- What the CHECKs of the first migration hold for older kinds.
CREATE TRIGGER events_name_what_they_are_about BEFORE INSERT ON events
WHEN (new.kind = 'returned_by_person' AND (new.mail IS NULL OR new.unit IS NULL))
  OR (new.kind IN ('deadline_extended', 'address_taught', 'name_taught') AND new.unit IS NULL)
BEGIN SELECT RAISE(ABORT, 'an event must name the mail and the unit it is about'); END;

-- An undoing names an event that was recorded.
CREATE TRIGGER events_undone_were_recorded BEFORE INSERT ON events
WHEN new.kind = 'undone'
 AND NOT EXISTS (SELECT 1 FROM events WHERE id = json_extract(new.detail, '$.event_id'))
BEGIN SELECT RAISE(ABORT, 'only what was recorded can be undone'); END;
