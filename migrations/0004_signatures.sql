-- What verifying the DKIM signatures of a mail came to when it arrived. Keys are changed and withdrawn, so a mail that is
-- judged again later is judged by this. Written before the mail is recorded, hence no reference to `mails`.
CREATE TABLE signatures (
    mail       TEXT    NOT NULL PRIMARY KEY CHECK (length(mail) = 64),
    outcome    TEXT    NOT NULL CHECK (json_valid(outcome)),  -- model::authenticity::SignatureCheck
    checked_at INTEGER NOT NULL
) STRICT;
