#!/usr/bin/env python3
"""Makes the golden cases that only a word processor writes: Word 97 documents (.doc, .wps) and RTF by LibreOffice.

Needs Debian's python3-docx and libreoffice-writer. Run from the repository; writes tests/cases/<name>/<file>, and
`UPDATE_CASES=1 cargo test --test golden` then writes what is made of them, to be read before it is committed.
"""

import pathlib
import shutil
import subprocess
import tempfile

import docx
from docx.enum.section import WD_ORIENT
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

CASES = pathlib.Path(__file__).resolve().parent.parent / "cases"
TITLE = "2021年“八一”期间走访慰问情况统计表"
HEADERS = [
    "慰问军队退役人员人数\n（人）", "慰问形式及慰\n问品名称", "慰问折算经费\n（元）", "慰问其他优\n抚对象人数（人）",
    "慰问形式及慰问品名称", "慰问折算经费(元)", "部队名称", "慰问形式及慰问品名称", "慰问折算经费（元）",
    "合计“八一”期间走访慰问支出总额(万元)", "备注",
]


def put(cell, words):
    """Every line a paragraph of its own."""
    first, *rest = str(words).split("\n")
    cell.paragraphs[0].text = first
    for line in rest:
        cell.add_paragraph(line)


def landscape():
    document = docx.Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = section.page_height, section.page_width
    return document


def form(document, rows, merged_down=()):
    """The paper form; columns in `merged_down` are one cell over all rows."""
    table = document.add_table(2 + len(rows), 11)
    table.style = "Table Grid"
    put(table.cell(0, 0).merge(table.cell(0, 5)), "本县（市、区）/单位慰问情况")
    put(table.cell(0, 6).merge(table.cell(0, 8)), "慰问部队情况")
    for column, header in enumerate(HEADERS):
        if column >= 9:
            put(table.cell(0, column).merge(table.cell(1, column)), header)
        else:
            put(table.cell(1, column), header)
    for number, row in enumerate(rows):
        for column, words in enumerate(row):
            if column in merged_down:
                if number == 0:
                    put(table.cell(2, column).merge(table.cell(1 + len(rows), column)), words)
            else:
                put(table.cell(2 + number, column), words)
    return table


def troops():
    """A unit that visited three units of troops; everything else stands once, over all rows."""
    document = landscape()
    document.add_paragraph(TITLE)
    document.add_paragraph("县(市、区)/单位名称：岚县　　　　填报时间：2021年8月4日")
    rows = [
        [126, "慰问金", "63,000", 58, "米、面、油", "17,400", "武警吕梁支队", "西瓜、矿泉水", "8,000", "9.89", "无"],
        ["", "", "", "", "", "", "吕梁军分区机关", "毛巾、牛奶", "6,000", "", ""],
        ["", "", "", "", "", "", "驻吕某部一营", "慰问金", "4,500", "", ""],
    ]
    form(document, rows, merged_down=(0, 1, 2, 3, 4, 5, 9, 10))
    document.add_paragraph("填表人：王某某　　联系电话：0358-8200000")
    return document


def revised():
    """Corrected under tracked changes, with a hidden note and a struck-out row: what a person sees counts."""
    document = landscape()
    document.add_paragraph(TITLE)
    document.add_paragraph("县(市、区)/单位名称：方山县　　　　填报时间：2021年8月6日")
    rows = [
        ["", "慰问金", 21000, 20, "慰问金", 6000, "武警吕梁支队", "慰问品", 5000, "3.2", ""],
        [99, "旧", 99, 99, "旧", 99, "旧", "旧", 99, 9.9, "删去的行"],
    ]
    table = form(document, rows)
    change = 'w:id="{}" w:author="办公室" w:date="2021-08-06T09:00:00Z"'
    paragraph = table.cell(2, 0).paragraphs[0]._p
    words = nsdecls("w")
    paragraph.append(parse_xml(f"<w:del {words} {change.format(1)}><w:r><w:delText>24</w:delText></w:r></w:del>"))
    paragraph.append(parse_xml(f"<w:ins {words} {change.format(2)}><w:r><w:t>42</w:t></w:r></w:ins>"))
    hidden = table.cell(2, 2).paragraphs[0].add_run("000")
    hidden.font.hidden = True
    struck = table.rows[3]._tr
    struck.get_or_add_trPr().append(parse_xml(f"<w:del {words} {change.format(3)}/>"))
    for text in struck.iter("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}r"):
        wrapper = parse_xml(f"<w:del {words} {change.format(4)}/>")
        text.addprevious(wrapper)
        wrapper.append(text)
        for plain in text.iter("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t"):
            plain.tag = plain.tag[:-1] + "delText"
    return document


def tracked(kind, row, number):
    """Marks a whole row as put in (`ins`) or struck out (`del`), as Word does."""
    words = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    change = f'<w:{kind} {nsdecls("w")} w:id="{number}" w:author="办公室" w:date="2021-08-06T09:00:00Z"/>'
    row.get_or_add_trPr().append(parse_xml(change))
    for text in list(row.iter(words + "r")):
        wrapper = parse_xml(change)
        text.addprevious(wrapper)
        wrapper.append(text)
        for plain in text.iter(words + "t") if kind == "del" else []:
            plain.tag = words + "delText"


def tracked_rows():
    """Rows for troops put in and struck out one behind the other, the paragraph below the table struck out too."""
    document = landscape()
    document.add_paragraph(TITLE)
    document.add_paragraph("县(市、区)/单位名称：兴县　　　　填报时间：2021年8月6日")
    troop = lambda name, cost: ["", "", "", "", "", "", name, "慰问金", cost, "", ""]  # noqa: E731
    rows = [
        [42, "慰问金", 21000, 20, "慰问金", 6000, "武警吕梁支队", "慰问品", 5000, "4.5", ""],
        troop("删去的部队甲", 9000),
        troop("新增的部队乙", 6000),
        troop("删去的部队丙", 9000),
        troop("删去的部队丁", 9000),
        troop("驻兴县某部", 7000),
    ]
    table = form(document, rows)
    for kind, row in [("del", 3), ("ins", 4), ("del", 5), ("del", 6)]:
        tracked(kind, table.rows[row]._tr, row)
    below = document.add_paragraph("删去的一段")
    change = f'<w:del {nsdecls("w")} w:id="9" w:author="办公室" w:date="2021-08-06T09:00:00Z"/>'
    struck = parse_xml(change)
    run = below.runs[0]._r
    run.addprevious(struck)
    struck.append(run)
    for plain in run.iter("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t"):
        plain.tag = plain.tag[:-1] + "delText"
    return document


def report_and_form():
    """Report and form in one document, a table of another kind between them."""
    document = landscape()
    for line in [
        "石楼县拥军优属拥政爱民工作领导小组文件",
        "石双拥办〔2021〕7号",
        "石楼县关于2021年“八一”期间",
        "走访慰问活动开展情况的报告",
        "吕梁市双拥工作领导小组办公室：",
        "按照《关于扎实做好“八一”期间双拥工作的通知》（吕拥办发〔2021〕3号）要求，我县高度重视，周密部署，扎实开展“八一”"
        "期间走访慰问活动，走访慰问退役军人和其他优抚对象，现将有关情况报告如下。",
        "活动分三组进行，由县领导带队，深入部队和优抚对象家中，送去慰问金和慰问品，详见下表。",
    ]:
        document.add_paragraph(line)
    groups = document.add_table(2, 3)
    for column, words in enumerate(["组别", "带队领导", "走访乡镇"]):
        put(groups.cell(0, column), words)
        put(groups.cell(1, column), ["第一组", "县委副书记", "灵泉镇"][column])
    for line in ["特此报告。", "石楼县双拥工作领导小组办公室", "2021年8月5日", "附件", TITLE, "单位名称：石楼县", "填报时间：8月5日"]:
        document.add_paragraph(line)
    form(document, [[310, "慰问金", 155000, 96, "慰问金", 28800, "驻石某部", "食用油", 12000, 19.58, ""]])
    return document


def convert(document, filter_name, ending, name, file_name):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "made.docx"
        document.save(source)
        command = ["soffice", "--headless", "--convert-to", filter_name, "--outdir", folder, str(source)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        target = CASES / name
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.with_suffix(ending), target / file_name)


def main():
    word_97 = ("doc:MS Word 97", ".doc")
    rtf = ("rtf:Rich Text Format", ".rtf")
    convert(troops(), *word_97, "word-97-merged-down", "岚县统计表.doc")
    convert(revised(), *word_97, "word-97-tracked-changes", "方山县.wps")
    convert(tracked_rows(), *word_97, "word-97-tracked-rows", "兴县统计表.doc")
    convert(report_and_form(), *word_97, "word-97-report-and-form", "石楼县报告.doc")
    convert(troops(), *rtf, "rtf-merged-down", "岚县统计表.doc")
    convert(revised(), *rtf, "rtf-tracked-changes", "方山县.rtf")


if __name__ == "__main__":
    main()
