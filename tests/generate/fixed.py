#!/usr/bin/env python3
"""Golden cases of PDF files that only real programs write: tests/cases/<name>/<file>.

Needs LibreOffice and Python's openpyxl, python-docx and reportlab. Fonts are subset by the programs.
"""

import pathlib
import subprocess
import tempfile

import docx
import openpyxl
from docx.enum.section import WD_ORIENT
from docx.shared import Cm, Pt
from openpyxl.styles import Alignment, Border, PatternFill, Side
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

CASES = pathlib.Path(__file__).parent.parent / "cases"
TITLE = "2021年“八一”期间走访慰问情况统计表"
UNIT = "县(市、区)/单位名称：方山县"
DAY = "填报时间：2021年8月5日"
GROUPS = [("本县(市、区)/单位慰问情况", 1, 6), ("慰问部队情况", 7, 9)]
HEADERS = [
    "慰问军队退役人员人数(人)", "慰问形式及慰问品名称", "慰问折算经费(元)",
    "慰问其他优抚对象人数(人)", "慰问形式及慰问品名称", "慰问折算经费(元)",
    "部队名称", "慰问形式及慰问品名称", "慰问折算经费(元)",
    "合计“八一”期间走访慰问支出总额(万元)", "备注",
]
ROWS = [
    ["86", "慰问金500元、大米2袋", "43000", "15", "米面油", "3000", "县人武部", "牛奶、水果", "6000", "5.20", "无"],
    ["", "", "", "", "", "", "武警方山中队", "T恤衫", "12000", "1.20", ""],
]


def put(name, file, made):
    folder = CASES / name
    folder.mkdir(exist_ok=True)
    (folder / file).write_bytes(made.read_bytes())


def soffice(source, folder):
    subprocess.run(["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to", "pdf",
                    "--outdir", folder, source], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return pathlib.Path(folder) / (pathlib.Path(source).stem + ".pdf")


def calc(folder):
    """Two rows of headers, a coloured head, figures with separators, one figure too wide for its column (###)."""
    for name, narrow in (("pdf-of-calc", False), ("pdf-of-calc-narrow", True)):
        book = openpyxl.Workbook()
        sheet = book.active
        sheet["A1"] = TITLE
        sheet.merge_cells("A1:K1")
        sheet["A2"], sheet["H2"] = UNIT, DAY
        for title, first, last in GROUPS:
            sheet.cell(3, first, title)
            sheet.merge_cells(start_row=3, start_column=first, end_row=3, end_column=last)
        for column, header in enumerate(HEADERS, 1):
            row = 4 if column < 10 else 3
            sheet.cell(row, column, header)
            if column > 9:
                sheet.merge_cells(start_row=3, start_column=column, end_row=4, end_column=column)
        for place, row in enumerate(ROWS, 5):
            for column, text in enumerate(row, 1):
                is_figure = text.replace(".", "").isdigit()
                cell = sheet.cell(place, column, float(text) if is_figure else text or None)
                if is_figure:
                    cell.number_format = "0.00" if "." in text else "#,##0"
        side = Side(style="thin")
        for row in sheet.iter_rows(min_row=3, max_row=6, max_col=11):
            for cell in row:
                cell.border = Border(left=side, right=side, top=side, bottom=side)
                cell.alignment = Alignment(wrap_text=True, vertical="center")
                if cell.row < 5:
                    cell.fill = PatternFill("solid", fgColor="DDEBF7")
        for row in range(4, 7):
            sheet.row_dimensions[row].height = 60
        for column in "ABCDEFGHIJK":
            sheet.column_dimensions[column].width = 4 if narrow and column == "C" else 13
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)
        path = f"{folder}/{name}.xlsx"
        book.save(path)
        put(name, "统计表.pdf", soffice(path, folder))


def writer(folder):
    document = docx.Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21)
    section.left_margin = section.right_margin = Cm(1.5)
    document.styles["Normal"].font.size = Pt(9)
    document.add_paragraph(TITLE)
    document.add_paragraph(f"{UNIT}　　{DAY}")
    table = document.add_table(rows=2 + len(ROWS), cols=11)
    table.style = "Table Grid"
    for title, first, last in GROUPS:
        table.cell(0, first - 1).merge(table.cell(0, last - 1)).text = title
    for column, header in enumerate(HEADERS):
        cell = table.cell(1, column) if column < 9 else table.cell(0, column).merge(table.cell(1, column))
        cell.text = header
    for place, row in enumerate(ROWS, 2):
        for column, text in enumerate(row):
            table.cell(place, column).text = text
    path = f"{folder}/writer.docx"
    document.save(path)
    put("pdf-of-writer", "统计表.pdf", soffice(path, folder))


def form_fields(folder):
    """The blank form as a PDF form: the figures stand in its fields."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    width, height = landscape(A4)
    made = pathlib.Path(folder) / "fields.pdf"
    page = canvas.Canvas(str(made), pagesize=(width, height), invariant=1)
    page.setFont("STSong-Light", 14)
    page.drawCentredString(width / 2, height - 60, TITLE)
    page.setFont("STSong-Light", 9)
    page.drawString(40, height - 90, f"{UNIT}　　{DAY}")
    xs, ys = [30 + 70 * column for column in range(12)], [height - 110, height - 160, height - 200]
    page.grid(xs, ys)
    for column, header in enumerate(HEADERS):
        for line in range(0, len(header), 7):
            page.drawString(xs[column] + 3, ys[0] - 12 - line * 1.5, header[line:line + 7])
    for column, text in enumerate(ROWS[0]):
        if column in (1, 4, 6, 7, 10):
            page.drawString(xs[column] + 3, ys[2] + 15, text[:6])
        else:
            page.acroForm.textfield(name=f"f{column}", value=text, x=xs[column] + 2, y=ys[2] + 2, width=64, height=30,
                                    fontSize=9, borderWidth=0)
    page.save()
    put("pdf-form-fields", "统计表.pdf", made)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        calc(temporary)
        writer(temporary)
        form_fields(temporary)
