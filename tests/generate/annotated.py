#!/usr/bin/env python3
"""Makes the workbooks of tests/fixtures/annotated: the form as several programs write it, with what a copy must keep
(comments, merged cells, conditional formats, validation, panes, protection, pictures, charts, prefixes) or must not pass
on (macros, links, objects).

Needs openpyxl, xlsxwriter and LibreOffice (soffice). Run from the repository. All have the wrong total in J5 of the sheet
统计表, and I7 is a cell that is not there.
"""

import io
import pathlib
import re
import shutil
import subprocess
import tempfile
import zipfile

import openpyxl
import xlsxwriter
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.datavalidation import DataValidation

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "annotated"
TITLE = "2021年“八一”期间走访慰问情况统计表"
HEADERS = [
    "慰问军队退役人员人数(人)", "慰问形式及慰问品名称", "慰问折算经费(元)", "慰问其他优抚对象人数(人)",
    "慰问形式及慰问品名称", "慰问折算经费(元)", "部队名称", "慰问形式及慰问品名称", "慰问折算经费(元)",
    "合计“八一”期间走访慰问支出总额(万元)", "备注",
]
ROWS = [
    [86, "慰问金", 43000, 24, "慰问金", 12000.5, "驻离某部", "冰箱", 36800, 8.8, None],
    [None, None, None, None, None, None, "武警某中队", "空调", 7200, None, None],
]
FIXED = (2021, 8, 1, 9, 0, 0)


def by_openpyxl(change=None):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "统计表"
    thin = Border(*[Side(style="thin")] * 4)
    sheet["A1"] = TITLE
    sheet.merge_cells("A1:K1")
    sheet["A1"].font = Font(name="黑体", size=18)
    sheet["A1"].alignment = Alignment(horizontal="center")
    sheet["A2"] = "县(市、区)/单位名称：交城县"
    sheet["H2"] = "填报时间：2021年8月5日"
    sheet["A3"], sheet["G3"] = "本县(市、区)/单位慰问情况", "慰问部队情况"
    sheet.merge_cells("A3:F3")
    sheet.merge_cells("G3:I3")
    for column, header in enumerate(HEADERS, 1):
        cell = sheet.cell(4, column, header)
        cell.alignment = Alignment(wrap_text=True, horizontal="center")
        cell.border = thin
    for row, values in enumerate(ROWS, 5):
        for column, value in enumerate(values, 1):
            cell = sheet.cell(row, column, value)
            cell.border = thin
    sheet["C5"].number_format = "#,##0.00"
    sheet["J5"].number_format = "0.0000"
    sheet["J5"].font = Font(name="仿宋", bold=True, color="FF0000")
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 8
    sheet.print_title_rows = "1:4"
    sheet.column_dimensions["B"].width = 25
    other = book.create_sheet("填表说明")
    other["A1"] = "一、本表由各单位如实填写。"
    other["B2"] = "=1+1"
    if change:
        change(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def comments(book, sheet):
    sheet["C5"].comment = Comment("会计：已与票据核对", "会计")
    sheet["J5"].comment = Comment("局长：请再核", "局长")
    book["填表说明"]["A1"].comment = Comment("另一张表的批注", "会计")


def decorated(book, sheet):
    sheet.conditional_formatting.add("J5:J9", CellIsRule(operator="greaterThan", formula=["100"], font=Font(bold=True)))
    validation = DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0")
    validation.add("A5:A9")
    sheet.add_data_validation(validation)
    sheet.freeze_panes = "A5"
    sheet.auto_filter.ref = "A4:K6"
    sheet["K5"].hyperlink = "mailto:office@unit.example"
    sheet.oddFooter.center.text = "第 &P 页"
    book.defined_names["总额"] = openpyxl.workbook.defined_name.DefinedName("总额", attr_text="统计表!$J$5")


def protected(book, sheet):
    sheet.protection.sheet = True
    sheet.protection.password = "1234"
    book.security.lockStructure = True


def merged(book, sheet):
    sheet.merge_cells("J5:J7")
    sheet.merge_cells("A5:A6")


def linked(book, sheet):
    sheet["K5"] = "见网页"
    sheet["K5"].hyperlink = "http://evil.example/login"


def by_xlsxwriter(more=False, constant_memory=False):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": not constant_memory, "constant_memory": constant_memory})
    sheet = book.add_worksheet("统计表")
    border = book.add_format({"border": 1})
    money = book.add_format({"border": 1, "num_format": "#,##0.00", "bg_color": "#DDDDDD"})
    sheet.write(0, 0, TITLE)
    sheet.write(1, 0, "县(市、区)/单位名称：交城县")
    sheet.write(1, 7, "填报时间：2021年8月5日")
    sheet.write(2, 0, "本县(市、区)/单位慰问情况")
    sheet.write(2, 6, "慰问部队情况")
    sheet.write_row(3, 0, HEADERS, border)
    for row, values in enumerate(ROWS, 4):
        for column, value in enumerate(values):
            if value is None:
                if row == 4:
                    sheet.write_blank(row, column, None, border)
            elif column == 9 and more:
                sheet.write_formula(row, column, "=ROUND(88000/10000,1)", money, value)
            else:
                sheet.write(row, column, value, money if column in (2, 5, 8, 9) else border)
    sheet.set_column("I:I", 18, money)
    if more:
        sheet.write_comment("A5", "已核", {"author": "会计", "visible": True})
        sheet.set_row(6, 30, money)
        png = bytes.fromhex(
            "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
            "53de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082")
        sheet.insert_image("M2", "seal.png", {"image_data": io.BytesIO(png)})
        sheet.set_header("&L&G", {"image_left": "seal.png", "image_data_left": io.BytesIO(png)})
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=统计表!$C$5:$C$6"})
        sheet.insert_chart("M8", chart)
        sheet.insert_textbox("M20", "说明文字")
    book.set_properties({"created": __import__("datetime").datetime(*FIXED)})
    book.close()
    return out.getvalue()


def rezip(data, change):
    """The same package with its members as `change` makes them, in a fixed time; None leaves one out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        members = {name: old.read(name) for name in old.namelist()}
        for name, content in change(members).items():
            new.writestr(zipfile.ZipInfo(name, FIXED), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def text(change):
    """A change of the characters of some members."""
    def of(members):
        return {name: change(name, content.decode()).encode() if name.endswith((".xml", ".rels", ".vml")) else content
                for name, content in members.items()}
    return of


def prefixed(name, content):
    if not re.search(r"worksheets/sheet|styles\.xml|workbook\.xml$|sharedStrings", name):
        return content
    content = content.replace('xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"',
                              'xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"')
    return re.sub(r"<(/?)([a-zA-Z])(?![\w]*:)", r"<\1x:\2", content)


def without_names(name, content):
    if "worksheets/sheet1" not in name:
        return content
    return re.sub(r'<row r="\d+"', "<row", content)


def without_cell_names(name, content):
    """A row of all its cells, none of which says where it is."""
    if "worksheets/sheet1" not in name:
        return content

    def bare(row):
        return re.sub(r' r="[A-Z]+\d+"', "", row.group(0))
    return re.sub(r'<row r="5".*?</row>', bare, content, flags=re.S)


def strict(name, content):
    return (content
            .replace("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
            .replace("http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                     "http://purl.oclc.org/ooxml/officeDocument/relationships"))


def shared_formula(name, content):
    if "worksheets/sheet1" not in name:
        return content
    return (content
            .replace("</row></sheetData>", '</row><row r="9"><c r="A9"><f t="shared" ref="A9:B9" si="0">A5+1</f><v>87</v></c>'
                     '<c r="B9"><f t="shared" si="0"/><v>0</v></c></row></sheetData>'))


def with_member(extra, types="", workbook=""):
    def of(members):
        members = dict(members)
        members.update(extra)
        members["[Content_Types].xml"] = members["[Content_Types].xml"].replace(b"</Types>", types.encode() + b"</Types>")
        members["xl/_rels/workbook.xml.rels"] = members["xl/_rels/workbook.xml.rels"].replace(
            b"</Relationships>", workbook.encode() + b"</Relationships>")
        return members
    return of


def macros(members):
    members = with_member(
        {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 a macro"},
        '<Override PartName="/xl/vbaProject.bin" ContentType="application/vnd.ms-office.vbaProject"/>',
        '<Relationship Id="rIdM" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" Target="vbaProject.bin"/>',
    )(members)
    members["[Content_Types].xml"] = members["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")
    return members


EXTERNAL = with_member(
    {"xl/externalLinks/externalLink1.xml": b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'},
    '<Override PartName="/xl/externalLinks/externalLink1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml"/>',
    '<Relationship Id="rIdE" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink" '
    'Target="externalLinks/externalLink1.xml"/>')

EMBEDDED = with_member(
    {"xl/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0 an object"},
    '<Override PartName="/xl/embeddings/oleObject1.bin" ContentType="application/vnd.openxmlformats-officedocument.oleObject"/>')


def dde(name, content):
    if "worksheets/sheet2" not in name:
        return content
    return content.replace("1+1", "cmd|'/c calc'!A1")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    plain = by_openpyxl()
    made = {
        "openpyxl": plain,
        "openpyxl-comments": by_openpyxl(comments),
        "openpyxl-decorated": by_openpyxl(decorated),
        "openpyxl-protected": by_openpyxl(protected),
        "openpyxl-merged": by_openpyxl(merged),
        "xlsxwriter": by_xlsxwriter(),
        "xlsxwriter-more": by_xlsxwriter(more=True),
        "xlsxwriter-inline-strings": by_xlsxwriter(constant_memory=True),
        "refused-link": by_openpyxl(linked),
    }
    made["prefixed"] = rezip(plain, text(prefixed))
    made["rows-without-names"] = rezip(plain, text(without_names))
    made["cells-without-names"] = rezip(plain, text(without_cell_names))
    made["shared-formula"] = rezip(plain, text(shared_formula))
    made["refused-strict"] = rezip(plain, text(strict))
    made["refused-macros"] = rezip(plain, macros)
    made["refused-external-workbook"] = rezip(plain, EXTERNAL)
    made["refused-object"] = rezip(plain, EMBEDDED)
    made["refused-dde"] = rezip(plain, text(dde))
    for name, data in made.items():
        (OUT / f"{name}.xlsx").write_bytes(rezip(data, lambda members: members))
    with tempfile.TemporaryDirectory() as folder:
        for source in ("openpyxl-comments", "openpyxl-decorated", "xlsxwriter-more"):
            target = pathlib.Path(folder) / source
            target.mkdir()
            subprocess.run(["soffice", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", target,
                            OUT / f"{source}.xlsx"], check=True, capture_output=True)
            written = (target / f"{source}.xlsx").read_bytes()
            name = source.split("-", 1)[1]
            (OUT / f"libreoffice-{name}.xlsx").write_bytes(rezip(written, lambda members: members))


if __name__ == "__main__":
    main()
