#!/usr/bin/env python3
"""Writes the ods workbooks of tests/cases as LibreOffice does: openpyxl makes them, LibreOffice saves them anew.

Needs python3-openpyxl and libreoffice-calc. Run from the repository; the results are committed, and
`UPDATE_CASES=1 cargo test --test golden` then writes what is made of them.
"""

import datetime
import pathlib
import shutil
import subprocess
import tempfile

import openpyxl
from plain_workbooks import MERGED, cells

CASES = pathlib.Path(__file__).resolve().parent.parent / "cases"


def put(sheet, values, merged=MERGED):
    for (row, column), value in values.items():
        sheet.cell(row + 1, column + 1).value = value
    for top, left, bottom, right in merged:
        sheet.merge_cells(start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1)


def form(unit, rows, total):
    values = cells(unit, total)
    for number, row in enumerate(rows):
        values.update({(4 + number, column): value for column, value in enumerate(row)})
    return values


def repeated():
    """Two rows alike, the day a date of its own, amounts as currency, an old form on a hidden sheet."""
    book = openpyxl.Workbook()
    guide = book.active
    guide.title = "填表说明"
    guide["A1"], guide["B3"] = "填表说明", "一、金额单位：合计为万元，其余为元。"
    sheet = book.create_sheet("统计表")
    troop = [None, None, None, None, None, None, "武警吕梁支队中队", "慰问金", 5000]
    rows = [[121, "米、面、油", 34120.5, 45, "慰问金", 22000, "武警支队", "牛奶", 2000], troop, troop]
    put(sheet, form("孝义市", rows, "=ROUND((C5+F5+SUM(I5:I7))/10000,2)"), [area for area in MERGED if area[:2] != (1, 7)])
    sheet["H2"], sheet["I2"] = "填报时间：", datetime.date(2021, 8, 5)
    sheet["I2"].number_format = 'yyyy"年"m"月"d"日"'
    for row in (5, 6, 7):
        for column in "CFI":
            sheet[f"{column}{row}"].number_format = '"¥"#,##0.00'
    old = book.create_sheet("去年")
    put(old, form("孝义市", [[1, "旧", 100, 1, "旧", 100, "旧", "旧", 100]], 0.03))
    old.sheet_state = "hidden"
    return book


def odd_texts():
    """Letters that GBK does not hold, a line break and blanks in words, a percentage in the notes, a far cell."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "统计表 㐂"
    rows = [[300, "大米　镕镕牌\n面粉  两袋", 300, 300, "𠮷祥牌毛巾", 300, "驻晋某部①营", "㐂字月饼", 300, 0.09, 0.35]]
    put(sheet, form("岚县", rows, 0.09))
    sheet["K5"].number_format = "0.0%"
    sheet["AZ400"] = "联系人：昇某"
    return book


def money_in_wan():
    """Costs in 万元 under headers that ask for 元; the total by a formula that only adds."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "统计表"
    rows = [[121, "米、面、油", 3.412, 45, "慰问金", 2.2, "武警支队", "牛奶、水果", 1.2]]
    put(sheet, form("柳林县", rows, "=C5+F5+I5"))
    return book


def keep(book, case, file_name):
    moment = datetime.datetime(2021, 8, 5)
    book.properties.created = book.properties.modified = moment
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "made.xlsx"
        book.save(source)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        command = ["soffice", profile, "--headless", "--convert-to", "ods:calc8", "--outdir", folder, str(source)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        target = CASES / case
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.with_suffix(".ods"), target / file_name)


if __name__ == "__main__":
    keep(repeated(), "workbook-ods-repeated-rows", "孝义市统计表.ods")
    keep(odd_texts(), "workbook-ods-odd-texts", "岚县.ods")
    keep(money_in_wan(), "workbook-ods-costs-in-wan", "柳林县统计表.et")
