"""Writes tests/fixtures/stores/<n>.sql: a whole storage as the schema of migration <n> held it, with data in it.

    python3 tests/generate/stores.py

The rows are what the program writes of a few golden cases (ingested, answered, one review settled), in the form each
schema's program wrote them: without the columns, tables and keys of JSON that came later. The schema and its
bookkeeping come from migrations/, so a migration that is changed after its release is noticed too: its checksum differs.
Run it only to add the dump of a new migration: what is dumped of older ones must not follow today's program.
"""

import hashlib
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = ["lishi-whole", "liulin-total-in-yuan", "liulin-corrected", "question", "sub-office"]
OUT = ROOT / "tests/fixtures/stores"
MIGRATIONS = sorted((ROOT / "migrations").glob("*.sql"))
TABLES = ["mails", "sightings", "places", "readings", "events", "letters", "attempts", "accounts"]
CONFIG = """timezone = "Asia/Shanghai"
[storage]
dir = "data"
[smtp]
transport = "folder"
path = "letters"
from = "吕梁市双拥办 <office@163.example>"
[staff]
digest_to = ["duty@lvliang.example"]
alert_to = ["duty@lvliang.example"]
[campaigns]
dir = "{campaigns}"
"""


def written(folder):
    """The rows of a storage that today's program fills, by table, each a dictionary."""
    config = folder / "mailtally.toml"
    config.write_text(CONFIG.format(campaigns=ROOT / "config/campaigns"))

    def run(minute, *words):
        command = [ROOT / "target/debug/mailtally", "-c", config, "--now", f"2021-08-06T17:{minute:02}:00+08:00", *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    for case in CASES:
        run(0, "ingest", ROOT / "tests/cases" / case / "mail.eml")
    run(5, "once")
    database = sqlite3.connect(folder / "data/mailtally.sqlite")
    database.row_factory = sqlite3.Row
    asked = database.execute("SELECT min(id) FROM events WHERE kind = 'review_asked'").fetchone()[0]
    run(10, "review", "dismiss", str(asked), "--by", "王干事")
    return {table: [dict(row) for row in database.execute(f"SELECT * FROM {table}")] for table in TABLES}


def as_of(version, rows):
    rows = json.loads(json.dumps(rows).replace(f"{ROOT}/", ""))
    for row in rows["letters"] + rows["attempts"]:
        key = "last_reply" if "last_reply" in row else "reply"
        row[key] = row[key] and "letters/" + row[key].rsplit("/", 1)[-1]
    reminders = [row["key"] for row in rows["letters"] if row["kind"] == "reminder"]
    rows["letters"] = [row for row in rows["letters"] if row["key"] not in reminders[3:]]
    acks = [row for row in rows["letters"] if row["kind"] == "ack"]
    # One receipt waits, and one was under way when the process died.
    for row, state in zip(acks, ["queued", "sending"]):
        row.update(state=state, sent_at=None, last_reply=None)
        for attempt in rows["attempts"]:
            if attempt["letter"] == row["key"]:
                attempt.update(outcome="sending" if state == "sending" else "queued", reply=None)
    told = {key for event in rows["events"] if event["kind"] == "letter_sent" for key in [json.loads(event["detail"])["key"]]}
    rows["events"] = [
        event
        for event in rows["events"]
        if not (event["kind"] == "letter_sent" and json.loads(event["detail"])["key"] in {a["key"] for a in acks[:2]})
    ]
    assert told
    rows["accounts"] = [
        dict(name="office", refused=2, parked=0, not_before=1628241900000, reason="NO LOGIN", changed_at=1628241000000)
    ]
    mail = rows["mails"][0]["sha256"]
    rows["places"] = [
        dict(mailbox="office", folder="INBOX", uid_validity=1, uid=7, size=1234, internal_date=1628241000, mail=mail,
             skipped_reason=None, seen_at=1628241000000),
        dict(mailbox="office", folder="垃圾邮件", uid_validity=1, uid=8, size=99999999, internal_date=1628241000, mail=None,
             skipped_reason="too large", seen_at=1628241000000),
    ]
    for row in rows["readings"]:
        returned = json.loads(row["returned"])
        for kept in returned.values():
            if isinstance(kept, dict) and "format" in kept:
                kept.pop("unit", None)
        row["returned"] = json.dumps(returned, ensure_ascii=False)
    if version == 1:
        for event in rows["events"]:
            del event["act"]
    if version >= 2:
        last = max(event["id"] for event in rows["events"])
        base = dict(at=1628242000000, campaign="2021-bayi", unit="141121", mail=None, person="王干事")
        for number, kind, more in [
            (1, "waived", dict(item="report", reason="撤并")),
            (2, "undone", dict(event_id=last + 1, reason="弄错了")),
        ]:
            detail = json.dumps(dict(event=kind, **more), ensure_ascii=False)
            rows["events"].append(dict(base, id=last + number, kind=kind, detail=detail, act=last + number))
    if version >= 3:
        rows["restorations"] = [dict(at=1628000000000, backup_made_at=1627990000000)]
    if version >= 4:
        outcome = json.dumps(dict(result="passed", domain="lishi.example"))
        rows["signatures"] = [dict(mail=mail, outcome=outcome, checked_at=1628241000000)]
    return rows


def dump(version, rows):
    database = sqlite3.connect(":memory:")
    # As sqlx 0.9 keeps its books.
    database.execute(
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,"
        " installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL,"
        " execution_time BIGINT NOT NULL)"
    )
    for path in MIGRATIONS[:version]:
        number, description = path.stem.split("_", 1)
        database.executescript(path.read_text())
        database.execute(
            "INSERT INTO _sqlx_migrations VALUES (?, ?, '2021-08-01 00:00:00', 1, ?, 1)",
            (int(number), description.replace("_", " "), hashlib.sha384(path.read_bytes()).digest()),
        )
    for table, lines in rows.items():
        for line in lines:
            places = ", ".join("?" * len(line))
            database.execute(f"INSERT INTO {table} ({', '.join(line)}) VALUES ({places})", list(line.values()))
    database.commit()
    (OUT / f"{version}.sql").write_text("\n".join(database.iterdump()) + "\n")


def main():
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        rows = written(pathlib.Path(folder))
    for version in range(1, len(MIGRATIONS) + 1):
        if not (OUT / f"{version}.sql").exists():
            dump(version, as_of(version, rows))
            print(f"written: {version}.sql", file=sys.stderr)


main()
