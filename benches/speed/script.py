#!/usr/bin/env python3
"""What an office's own script would be: fetches a mailbox, reads the tables, keeps everything in SQLite.

    script.py HOST PORT CA_FILE USER DATABASE        (the password in BENCH_PASSWORD)

Straightforward and fair: the usual libraries at their usual settings, mails in batches, one commit a batch, WAL.
"""

import email.utils
import hashlib
import io
import os
import sqlite3
import ssl
import sys

import docx
import openpyxl
import xlrd
from imap_tools import MailBox

BATCH = 50


def rows_of(name, content):
    """The cells of a workbook or of a document's tables, row by row."""
    if name.endswith(".xlsx"):
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for sheet in book.worksheets:
            for row in sheet.iter_rows(values_only=True):
                yield [str(cell) if cell is not None else None for cell in row]
    elif name.endswith(".xls"):
        book = xlrd.open_workbook(file_contents=content)
        for sheet in book.sheets():
            for number in range(sheet.nrows):
                yield [str(cell) for cell in sheet.row_values(number)]
    elif name.endswith(".docx"):
        document = docx.Document(io.BytesIO(content))
        yield ["\n".join(paragraph.text for paragraph in document.paragraphs)]
        for table in document.tables:
            for row in table.rows:
                yield [cell.text for cell in row.cells]


def main():
    host, port, ca, user, path = sys.argv[1:]
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE mails (uid INTEGER PRIMARY KEY, sender TEXT, subject TEXT, arrived TEXT, body TEXT)")
    database.execute("CREATE TABLE files (uid INTEGER, name TEXT, sha256 TEXT, content BLOB)")
    database.execute("CREATE TABLE cells (uid INTEGER, name TEXT, row INTEGER, col INTEGER, value TEXT)")
    context = ssl.create_default_context(cafile=ca)
    count = 0
    with MailBox(host, int(port), ssl_context=context).login(user, os.environ["BENCH_PASSWORD"]) as mailbox:
        for mail in mailbox.fetch(mark_seen=False, bulk=BATCH):
            uid = int(mail.uid)
            sender = email.utils.parseaddr(mail.from_)[1]
            database.execute(
                "INSERT INTO mails VALUES (?, ?, ?, ?, ?)", (uid, sender, mail.subject, mail.date_str, mail.text)
            )
            for file in mail.attachments:
                content = file.payload
                digest = hashlib.sha256(content).hexdigest()
                database.execute("INSERT INTO files VALUES (?, ?, ?, ?)", (uid, file.filename, digest, content))
                for row, cells in enumerate(rows_of(file.filename, content)):
                    database.executemany(
                        "INSERT INTO cells VALUES (?, ?, ?, ?, ?)",
                        [(uid, file.filename, row, column, cell) for column, cell in enumerate(cells) if cell],
                    )
            count += 1
            if count % BATCH == 0:
                database.commit()
    database.commit()
    database.close()
    print(count)


main()
