#!/usr/bin/env python3
"""Writes the filled form as openpyxl and xlwt do, into the folder given: values.xls, formulas.xls, formulas.xlsx,
comparison.xlsx.

Neither computes: openpyxl leaves a formula's result out, xlwt keeps a blank text.
"""

import datetime
import sys

import openpyxl
import xlwt

LEAVES = [
    "慰问军队退役人员人数(人)", "慰问形式及慰问品名称", "慰问折算经费(元)", "慰问其他优抚对象人数(人)",
    "慰问形式及慰问品名称", "慰问折算经费(元)", "部队名称", "慰问形式及慰问品名称", "慰问折算经费(元)",
]  # fmt: skip
FIGURES = [121, "米、面、油", 34120.5, 45, "慰问金", 22000, "武警支队", "牛奶、水果", 12000]
TOTAL = "ROUND(SUM(C5,F5,I5)/10000,2)"
# Top, left, bottom, right.
MERGED = [(0, 0, 0, 10), (1, 0, 1, 6), (1, 7, 1, 10), (2, 0, 2, 5), (2, 6, 2, 8), (2, 9, 3, 9), (2, 10, 3, 10)]


def cells(unit, total):
    found = {
        (0, 0): "2021年“八一”期间走访慰问情况统计表",
        (1, 0): "县(市、区)/单位名称：" + unit,
        (1, 7): "填报时间：2021年8月5日",
        (2, 0): "本县(市、区)/单位慰问情况",
        (2, 6): "慰问部队情况",
        (2, 9): "合计“八一”期间走访慰问支出总额(万元)",
        (2, 10): "备注",
        (4, 9): total,
    }
    found.update({(3, column): header for column, header in enumerate(LEAVES)})
    found.update({(4, column): value for column, value in enumerate(FIGURES)})
    return found


def by_xlwt(path, unit, total):
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("统计表")
    merged = {(top, left): (top, bottom, left, right) for top, left, bottom, right in MERGED}
    for place, value in cells(unit, total).items():
        if place in merged:
            sheet.write_merge(*merged[place], value)
        else:
            sheet.write(*place, value)
    book.save(path)


def by_openpyxl(path, unit, total):
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = datetime.datetime(2021, 8, 5)
    sheet = book.active
    sheet.title = "统计表"
    for (row, column), value in cells(unit, total).items():
        sheet.cell(row + 1, column + 1).value = value
    for top, left, bottom, right in MERGED:
        sheet.merge_cells(start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1)
    book.save(path)


if __name__ == "__main__":
    folder = sys.argv[1]
    by_xlwt(f"{folder}/values.xls", "孝义市", 6.81)
    by_xlwt(f"{folder}/formulas.xls", "汾阳市", xlwt.Formula(TOTAL))
    by_openpyxl(f"{folder}/formulas.xlsx", "兴县", "=" + TOTAL)
    by_openpyxl(f"{folder}/comparison.xlsx", "岚县", f"=IF(C5>=C5,{TOTAL},0)+IF(C5>C5,1,0)")
