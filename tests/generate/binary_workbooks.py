#!/usr/bin/env python3
"""Writes the binary workbooks (.xlsb) of tests/cases, record by record as [MS-XLSB] has them: no free program writes the
kind. pyxlsb and LibreOffice must both show what was meant, or nothing is written.

Needs libreoffice-calc and pyxlsb. Run from the repository; the results are committed, and
`UPDATE_CASES=1 cargo test --test golden` then writes what is made of them.
"""

import csv
import pathlib
import struct
import subprocess
import tempfile
import zipfile

import pyxlsb
from plain_workbooks import LEAVES, MERGED, cells

CASES = pathlib.Path(__file__).resolve().parent.parent / "cases"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
SHEET_STATES = {"visible": 0, "hidden": 1, "very hidden": 2}
# Indices into the cell formats that `styles` writes.
GENERAL, DATE = 0, 1


def record(kind, data=b""):
    """2.1.4: type and length in groups of seven bits."""
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length = len(data)
    while length > 0x7F:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + data


def wide(text):
    units = text.encode("utf-16-le")
    return struct.pack("<I", len(units) // 2) + units


def rk(number):
    """2.5.122: 30 bits of a whole number or of a float, either of them perhaps a hundredfold."""
    for hundredfold in (0, 1):
        scaled = round(number * 100) if hundredfold else number
        if float(scaled).is_integer() and abs(scaled) < 1 << 29 and (not hundredfold or scaled / 100 == number):
            return struct.pack("<i", int(scaled) << 2 | 2 | hundredfold)
    return None


def reference(row, column, kind=0x24):
    return struct.pack("<BIH", kind, row, column | 0xC000)


def parsed(row, kept, in_wan):
    """SUM(C,F,I) of that row, or ROUND(SUM(C,F,I)/10000,2), or where a text is kept G, as parsed tokens (2.2.2)."""
    tokens = b"".join(reference(row, column) for column in (2, 5, 8)) + struct.pack("<BBH", 0x42, 3, 4)
    if in_wan:
        tokens += struct.pack("<BH", 0x1E, 10_000) + b"\x06" + struct.pack("<BH", 0x1E, 2) + struct.pack("<BH", 0x41, 27)
    if isinstance(kept, str):
        tokens = reference(row, 6, 0x44)
    return struct.pack("<I", len(tokens)) + tokens + struct.pack("<I", 0)


class Formula:
    """A formula of its row by the result that is kept: a text, or the total."""

    def __init__(self, kept, in_wan=True):
        self.kept, self.in_wan = kept, in_wan


class Inline(str):
    """A text in its cell, not among the shared ones."""


class Day(int):
    """A serial number shown as a date."""


class Strings:
    def __init__(self):
        self.items, self.uses = [], 0

    def number(self, text):
        self.uses += 1
        if text not in self.items:
            self.items.append(text)
        return self.items.index(text)

    def part(self):
        out = record(159, struct.pack("<II", self.uses, len(self.items)))
        for text in self.items:
            # Every other one is rich: a run from its second character.
            rich = len(text) > 1 and self.items.index(text) % 2
            runs = struct.pack("<IHH", 1, 1, 0) if rich else b""
            out += record(19, bytes([1 if rich else 0]) + wide(text) + runs)
        return out + record(160)


def cell(row, column, value, strings):
    style = DATE if isinstance(value, Day) else GENERAL
    head = struct.pack("<II", column, style)
    if isinstance(value, Formula) and isinstance(value.kept, str):
        return record(8, head + wide(value.kept) + struct.pack("<H", 0) + parsed(row, value.kept, value.in_wan))
    if isinstance(value, Formula):
        return record(9, head + struct.pack("<d", value.kept) + struct.pack("<H", 0) + parsed(row, value.kept, value.in_wan))
    if isinstance(value, Inline):
        return record(6, head + wide(value))
    if isinstance(value, str):
        return record(7, head + struct.pack("<I", strings.number(value)))
    short = rk(value)
    return record(2, head + short) if short else record(5, head + struct.pack("<d", value))


def sheet(values, merged, strings):
    rows = sorted({row for row, _ in values})
    last = max((column for _, column in values), default=0)
    out = record(129) + record(148, struct.pack("<IIII", 0, max(rows, default=0), 0, last)) + record(145)
    for row in rows:
        own = sorted((column, value) for (at, column), value in values.items() if at == row)
        span = struct.pack("<III", 1, own[0][0], own[-1][0])
        out += record(0, struct.pack("<IIH", row, 0, 300) + bytes(3) + span)
        for column, value in own:
            out += cell(row, column, value, strings)
    out += record(146)
    if merged:
        out += record(177, struct.pack("<I", len(merged)))
        for top, left, bottom, right in merged:
            out += record(176, struct.pack("<IIII", top, bottom, left, right))
        out += record(178)
    return out + record(130)


def styles():
    def formats(kind, end, numbers):
        out = record(kind, struct.pack("<I", len(numbers)))
        for number in numbers:
            out += record(47, struct.pack("<HHHHHBBHBB", 0 if kind == 617 else 0xFFFF, number, 0, 0, 0, 0, 0, 0, 0, 0))
        return out + record(end)

    font = struct.pack("<HHHHBBBB8sB", 220, 0, 400, 0, 0, 2, 134, 0, bytes([7, 1, 0, 0, 0, 0, 0, 255]), 2) + wide("宋体")
    return (
        record(278)
        + record(611, struct.pack("<I", 1)) + record(43, font) + record(612)
        + formats(626, 627, [0]) + formats(617, 618, [0, 14])
        + record(279)
    )  # fmt: skip


def workbook(sheets):
    """`sheets`: name, state, cells, merged areas."""
    strings = Strings()
    parts, listed, relations, types = {}, b"", "", ""
    for number, (name, state, values, merged) in enumerate(sheets, 1):
        parts[f"xl/worksheets/sheet{number}.bin"] = sheet(values, merged, strings)
        listed += record(156, struct.pack("<II", SHEET_STATES[state], number) + wide(f"rId{number}") + wide(name))
        relations += f'<Relationship Id="rId{number}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{number}.bin"/>'
        types += f'<Override PartName="/xl/worksheets/sheet{number}.bin" ContentType="application/vnd.ms-excel.worksheet"/>'
    for part, kind in (("styles", "styles"), ("sharedStrings", "sharedStrings")):
        relations += f'<Relationship Id="{part}" Type="{OFFICE}/{kind}" Target="{part}.bin"/>'
        types += f'<Override PartName="/xl/{part}.bin" ContentType="application/vnd.ms-excel.{kind}"/>'
    parts["xl/workbook.bin"] = record(131) + record(143) + listed + record(144) + record(132)
    parts["xl/styles.bin"], parts["xl/sharedStrings.bin"] = styles(), strings.part()
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    parts["xl/_rels/workbook.bin.rels"] = (
        f'{head}<Relationships xmlns="{PACKAGE}relationships">{relations}</Relationships>'.encode()
    )
    parts["_rels/.rels"] = (
        f'{head}<Relationships xmlns="{PACKAGE}relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.bin"/></Relationships>'
    ).encode()
    main = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
    parts["[Content_Types].xml"] = (
        f'{head}<Types xmlns="{PACKAGE}content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-'
        f'package.relationships+xml"/><Override PartName="/xl/workbook.bin" ContentType="{main}"/>{types}</Types>'
    ).encode()
    return parts


def keep(case, file_name, sheets):
    parts = workbook(sheets)
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder) / "made.xlsb"
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
            for name in sorted(parts, key=lambda name: (name != "[Content_Types].xml", name)):
                package.writestr(zipfile.ZipInfo(name, (2021, 8, 5, 9, 0, 0)), parts[name], zipfile.ZIP_DEFLATED)
        check(made, sheets, folder)
        target = CASES / case
        target.mkdir(parents=True, exist_ok=True)
        (target / file_name).write_bytes(made.read_bytes())


def meant(value):
    value = value.kept if isinstance(value, Formula) else value
    return str(value) if isinstance(value, str) else float(value)


def check(made, sheets, folder):
    """Both readers must show every value at its place."""
    with pyxlsb.open_workbook(str(made)) as book:
        assert book.sheets == [name for name, *_ in sheets], book.sheets
        for name, _, values, _ in sheets:
            with book.get_sheet(name) as opened:
                found = {(item.r, item.c): item.v for row in opened.rows() for item in row if item.v is not None}
            # It leaves out texts that stand in their cells (BrtCellSt).
            wanted = {place: meant(value) for place, value in values.items() if not isinstance(value, Inline)}
            assert found == wanted, (name, found)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    kind = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
    command = ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", folder, str(made)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name, _, values, _ in sheets:
        with open(pathlib.Path(folder) / f"made-{name}.csv", encoding="utf-8", newline="") as text:
            rows = list(csv.reader(text))
        for (row, column), value in values.items():
            shown, wanted = rows[row][column], meant(value)
            if isinstance(value, Day):
                assert shown and not shown.isdigit(), (name, row, column, shown)
            elif isinstance(wanted, float):
                assert float(shown) == float(f"{wanted:.15g}"), (name, row, column, shown, wanted)
            else:
                assert shown == wanted, (name, row, column, shown, wanted)


def form(unit, figures, total):
    values = cells(unit, total)
    values.update({(4, column): value for column, value in enumerate(figures)})
    return values


def main():
    figures = [121, "米、面、油", 34120.5, 45, "慰问金", 22000.25, "武警支队", "牛奶、水果", 12345.678]
    kept = round((figures[2] + figures[5] + figures[8]) / 10000, 2)
    guide = {(0, 0): "填表说明", (1, 0): Inline("一、金额单位：合计为万元，其余为元。"), (2, 0): "二、请于8月10日前报送。"}
    # Shared, rich and plain texts, whole and broken numbers, a formula with its result; an old form on a hidden sheet.
    old = form("孝义市", [1, "旧", 100, 1, "旧", 100, "旧", "旧", 100], 0.03)
    sheets = [
        ("填表说明", "visible", guide, []),
        ("统计表", "visible", form("孝义市", figures, Formula(kept)), MERGED),
        ("去年", "hidden", old, MERGED),
    ]
    keep("workbook-xlsb", "孝义市统计表.xlsb", sheets)
    # Texts in their cells; the day a date in a cell of its own; the total in 元 where 万元 is asked.
    whole = [121, "米、面、油", 34120, 45, "慰问金", 22000, "武警支队", "牛奶、水果", 12000]
    values = form("汾阳市", whole, Formula(68120.0, in_wan=False))
    values = {place: Inline(value) if isinstance(value, str) else value for place, value in values.items()}
    values[1, 7] = Inline("填报时间：")
    values[1, 8] = Day(44413)
    merged = [area for area in MERGED if area[:2] != (1, 7)]
    keep("workbook-xlsb-total-in-yuan", "汾阳.xls", [("统计表", "visible", values, merged)])
    # Figures as text, and a formula that keeps a text.
    words = ["121人", "米、面、油", "34,120元", "４５", "慰问金", "2.2万元", "武警支队", "牛奶、水果", "12000"]
    values = form("交城县", words, "陆点捌壹万元")
    values[4, 10] = Formula("武警支队")
    keep("workbook-xlsb-figures-as-text", "交城县统计表.xlsb", [("统计表", "visible", values, MERGED)])


if __name__ == "__main__":
    assert len(LEAVES) == 9
    main()
