//! Text and limits of PDF files, on minimal files written here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::model::mail::OddityCode;

/// Builds a PDF of these objects (numbered from 1; the first is the catalogue) with a right cross-reference table.
fn pdf(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", index + 1).bytes());
    }
    let start = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        out.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let size = objects.len() + 1;
    out.extend(format!("trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n").bytes());
    out
}

fn stream(dictionary: &str, content: &str) -> String {
    format!("<<{dictionary}/Length {}>>\nstream\n{content}\nendstream", content.len())
}

/// Pages of these contents, all with the font `F` and the picture `I`.
fn pages(contents: &[String], font: &[String]) -> Vec<u8> {
    let kids: Vec<String> = (0..contents.len()).map(|index| format!("{} 0 R", 4 + index * 2)).collect();
    let font_at = 4 + contents.len() * 2;
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Kids[{}]/Count {}>>", kids.join(" "), contents.len()),
        stream("/Type/XObject/Subtype/Image/Width 600/Height 800/ColorSpace/DeviceGray/BitsPerComponent 1", "00"),
    ];
    for (index, content) in contents.iter().enumerate() {
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {} 0 R/Resources<</Font<</F {font_at} 0 R>>/XObject<</I 3 0 R>>>>>>",
            5 + index * 2
        ));
        objects.push(stream("", content));
    }
    let numbered = font.iter().zip(font_at..).map(|(object, _)| object.replace("@", &(font_at + 1).to_string()));
    objects.extend(numbered.map(|object| object.replace('#', &(font_at + 2).to_string())));
    pdf(&objects, "")
}

/// A Chinese font that is not embedded, under a predefined CMap.
fn song(cmap: &str) -> Vec<String> {
    vec![
        format!("<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/{cmap}/DescendantFonts[@ 0 R]>>"),
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 4>>/DW 1000/FontDescriptor # 0 R>>".to_owned(),
        "<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>".to_owned(),
    ]
}

fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02X}")).collect()
}

fn ucs2(text: &str) -> String {
    hex(text.encode_utf16().flat_map(u16::to_be_bytes))
}

/// A line of text at a place, as an operator.
fn line(size: f64, x: f64, y: f64, encoded: &str) -> String {
    format!("BT /F {size} Tf 1 0 0 1 {x} {y} Tm <{encoded}> Tj ET\n")
}

fn opened(bytes: &[u8]) -> Document {
    read(Kind::Pdf, bytes, &Limits::default()).unwrap().0
}

#[test]
fn predefined_chinese_cmaps_give_text() {
    let text = "吕梁市离石区双拥办";
    let unicode = pages(&[line(16.0, 90.0, 700.0, &ucs2(text))], &song("UniGB-UCS2-H"));
    assert_eq!(opened(&unicode).paragraphs, [text]);
    let (gbk, ..) = encoding_rs::GBK.encode(text);
    let gbk = pages(&[line(16.0, 90.0, 700.0, &hex(gbk.iter().copied()))], &song("GBK-EUC-H"));
    let document = opened(&gbk);
    assert_eq!(document.paragraphs, [text]);
    assert_eq!((document.pages, document.has_text, document.images), (Some(1), true, 0));
}

#[test]
fn lines_become_paragraphs() {
    let page = [
        line(22.0, 220.0, 760.0, &ucs2("关于八一期间")),
        line(22.0, 231.0, 728.0, &ucs2("慰问的报告")),
        line(16.0, 90.0, 680.0, &ucs2("市双拥办：")),
        line(16.0, 122.0, 652.0, &ucs2("现将我县走访慰问情况报告如下，共慰问军队退役")),
        line(16.0, 90.0, 624.0, &ucs2("人员一百二十人，经费")),
        line(16.0, 122.0, 596.0, &ucs2("二是走访部队。")),
        line(14.0, 290.0, 40.0, &ucs2("— 1 —")),
    ]
    .concat();
    let document = opened(&pages(&[page], &song("UniGB-UCS2-H")));
    assert_eq!(
        document.paragraphs,
        [
            "关于八一期间慰问的报告",
            "市双拥办：",
            "现将我县走访慰问情况报告如下，共慰问军队退役人员一百二十人，经费",
            "二是走访部队。"
        ]
    );
}

#[test]
fn a_paragraph_goes_on_over_the_page() {
    let first = line(16.0, 122.0, 700.0, &ucs2("这一段很长很长很长很长很长很长"))
        + &line(16.0, 90.0, 672.0, &ucs2("这一行从左边一直写到右边一共十七"));
    let second = line(16.0, 90.0, 760.0, &ucs2("到了下一页才完。"))
        + &line(16.0, 122.0, 732.0, &ucs2("新的一段从这里开始写写写写写写"));
    let document = opened(&pages(&[first, second], &song("UniGB-UCS2-H")));
    assert_eq!(document.pages, Some(2));
    assert_eq!(
        document.paragraphs,
        [
            "这一段很长很长很长很长很长很长这一行从左边一直写到右边一共十七到了下一页才完。",
            "新的一段从这里开始写写写写写写"
        ]
    );
}

#[test]
fn latin_letters_and_cells_are_spaced_by_their_widths() {
    let font = ["<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned()];
    let page = "BT /F 12 Tf 90 700 Td [(Wo)-20(rd)-300(illegal)] TJ 200 0 Td (42) Tj ET".to_owned();
    assert_eq!(opened(&pages(&[page], &font)).paragraphs, ["Word illegal 42"]);
}

/// Codes 1, 2, 3 of a font whose ToUnicode names the first two.
fn identity() -> Vec<String> {
    let map = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n1 begincodespacerange <0000> <FFFF> endcodespacerange\n2 beginbfchar <0001> <53CC> <0002> <62E5> endbfchar\nendcmap end end";
    vec![
        "<</Type/Font/Subtype/Type0/BaseFont/AAAAAA+Song/Encoding/Identity-H/DescendantFonts[@ 0 R]/ToUnicode # 0 R>>".to_owned(),
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/AAAAAA+Song/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 1000/FontDescriptor<</Type/FontDescriptor/FontName/AAAAAA+Song/Flags 4>>>>".to_owned(),
        stream("", map),
    ]
}

#[test]
fn to_unicode_names_glyphs_and_the_rest_is_counted() {
    let named = pages(&[line(12.0, 90.0, 700.0, "000100020001")], &identity());
    assert_eq!(opened(&named).paragraphs, ["双拥双"]);
    let unnamed = pages(&[line(12.0, 90.0, 700.0, "0001000300030003")], &identity());
    let document = opened(&unnamed);
    assert!(!document.has_text, "{document:?}");
}

#[test]
fn a_scan_has_pictures_and_no_text() {
    let scan = "q 595 0 0 842 0 0 cm /I Do Q\n".to_owned();
    let document = opened(&pages(&[scan.clone(), scan.clone()], &song("UniGB-UCS2-H")));
    assert_eq!((document.has_text, document.images, document.pages), (false, 2, Some(2)));
    assert!(document.paragraphs.is_empty() && document.tables.is_empty());
    let stamped = scan + &line(8.0, 400.0, 20.0, &ucs2("扫描全能王创建"));
    assert!(!opened(&pages(&[stamped], &song("UniGB-UCS2-H"))).has_text);
}

#[test]
fn pages_beyond_the_limit_are_counted_only() {
    let contents: Vec<String> = (0..5).map(|_| line(16.0, 90.0, 700.0, &ucs2("一页"))).collect();
    let limits = Limits { pages: 2, ..Limits::default() };
    let document = read(Kind::Pdf, &pages(&contents, &song("UniGB-UCS2-H")), &limits).unwrap().0;
    assert_eq!((document.pages, document.paragraphs.len()), (Some(5), 2));
}

#[test]
fn forms_that_draw_each_other_end() {
    // Ten levels of ten: a page that asks for ten thousand million forms.
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</N 5 0 R>>>>>>".to_owned(),
        stream("", "/N Do"),
    ];
    for next in 6..16 {
        let dictionary = format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</N {next} 0 R>>>>");
        objects.push(stream(&dictionary, &"/N Do ".repeat(10)));
    }
    objects.push(stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", "0 0 5 5 re f"));
    let limits = Limits { cells: 100_000, ..Limits::default() };
    let started = Instant::now();
    assert_eq!(read(Kind::Pdf, &pdf(&objects, ""), &limits).unwrap_err().code, OddityCode::TooLarge);
    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn passwords_and_damage_are_told() {
    let objects = ["<</Type/Catalog/Pages 2 0 R>>".to_owned(), "<</Type/Pages/Kids[]/Count 0>>".to_owned()];
    let key = "00".repeat(32);
    let locked =
        pdf(&objects, &format!("/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/Length 40/P -4/O<{key}>/U<{key}>>>"));
    assert_eq!(read(Kind::Pdf, &locked, &Limits::default()).unwrap_err().code, OddityCode::PasswordProtected);
    for bytes in [&b""[..], b"%PDF-1.4", b"no pdf at all"] {
        assert_eq!(read(Kind::Pdf, bytes, &Limits::default()).unwrap_err().code, OddityCode::Damaged);
    }
}

/// Two columns and as many rows as words for them; the uprights and levels are drawn.
fn table(rows: &[(&str, &str)]) -> String {
    let bottom = 700.0 - 40.0 * rows.len() as f64;
    let mut page = String::new();
    for x in [90.0, 190.0, 290.0] {
        page += &format!("{x} 700 m {x} {bottom} l S\n");
    }
    for row in 0..=rows.len() {
        let y = 700.0 - 40.0 * row as f64;
        page += &format!("90 {y} m 290 {y} l S\n");
    }
    for (row, (one, other)) in rows.iter().enumerate() {
        let y = 675.0 - 40.0 * row as f64;
        page += &line(10.0, 95.0, y, &ucs2(one));
        page += &line(10.0, 195.0, y, &ucs2(other));
    }
    page
}

fn cells(document: &Document) -> Vec<Vec<(u32, u32, String)>> {
    let cells = |sheet: &crate::model::grid::Sheet| {
        sheet.grid.cells().iter().map(|cell| (cell.row, cell.column, cell.value.shown())).collect()
    };
    document.tables.iter().map(cells).collect()
}

#[test]
fn words_between_rulings_are_cells_and_no_paragraphs() {
    let page = line(10.0, 90.0, 720.0, &ucs2("表外")) + &table(&[("人数", "经费"), ("十二", "三百")]);
    let document = opened(&pages(&[page], &song("UniGB-UCS2-H")));
    let found = [(0, 0, "人数"), (0, 1, "经费"), (1, 0, "十二"), (1, 1, "三百")];
    assert_eq!(cells(&document), [found.map(|(row, column, text)| (row, column, text.to_owned())).to_vec()]);
    assert_eq!((document.paragraphs, document.doubts.len()), (vec!["表外".to_owned()], 0));
}

#[test]
fn a_word_over_a_ruling_makes_the_table_doubtful() {
    let page = table(&[("人数", "经费"), ("一二三四五六七八九十一二", "三百")]);
    let document = opened(&pages(&[page], &song("UniGB-UCS2-H")));
    assert_eq!((document.tables.len(), document.doubts.len()), (0, 1), "{document:?}");
    assert!(document.paragraphs.iter().any(|line| line.contains("经费")));
}

#[test]
fn a_ruling_that_ends_inside_makes_the_table_doubtful() {
    let page = table(&[("人数", "经费"), ("十二", "三百")]) + "90 640 m 150 640 l S\n";
    let document = opened(&pages(&[page], &song("UniGB-UCS2-H")));
    assert_eq!((document.tables.len(), document.doubts.len()), (0, 1), "{document:?}");
}

#[test]
fn an_unseen_word_makes_the_table_doubtful_and_is_not_read() {
    for unseen in ["3 Tr", "1 g"] {
        let page = table(&[("人数", "经费"), ("十二", "三百")])
            + &line(10.0, 140.0, 635.0, &ucs2("暗")).replace("BT", &format!("BT {unseen}"));
        let document = opened(&pages(&[page], &song("UniGB-UCS2-H")));
        assert_eq!((document.tables.len(), document.doubts.len()), (0, 1), "{unseen}");
        assert!(!document.paragraphs.concat().contains('暗'), "{unseen}");
    }
}

#[test]
fn the_last_row_may_stand_alone_on_the_next_page() {
    let document = opened(&pages(
        &[table(&[("人数", "经费"), ("十二", "三百")]), table(&[("十三", "四百")])],
        &song("UniGB-UCS2-H"),
    ));
    let found = cells(&document);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].last(), Some(&(2, 1, "四百".to_owned())));
}

#[test]
fn lines_of_figures_stay_apart_unless_they_are_parts_of_one() {
    for (second, shown) in [("200", "100\n200"), (".50", "100.50")] {
        let page = table(&[("人数", "经费"), ("十二", "100")]) + &line(10.0, 195.0, 623.0, &ucs2(second));
        let document = opened(&pages(&[page], &song("UniGB-UCS2-H")));
        assert_eq!(cells(&document)[0].last().map(|cell| cell.2.as_str()), Some(shown));
    }
}

#[test]
fn a_field_without_appearance_shows_its_value() {
    let mut bytes =
        String::from_utf8(pages(&[table(&[("人数", "经费"), ("十二", "")])], &song("UniGB-UCS2-H"))).unwrap();
    let field = "/Annots[<</Type/Annot/Subtype/Widget/FT/Tx/Rect[195 625 285 655]/V(4200)>>]/MediaBox";
    bytes = bytes.replacen("/MediaBox", field, 1);
    let document = opened(bytes.as_bytes());
    assert_eq!(cells(&document)[0].last(), Some(&(1, 1, "4200".to_owned())));
}

#[test]
fn figures_of_a_damaged_file_are_not_taken() {
    let bytes = pages(&[table(&[("人数", "经费"), ("十二", "三百")])], &song("UniGB-UCS2-H"));
    let cut = bytes.len() - 20;
    let (document, oddities) = read(Kind::Pdf, &bytes[..cut], &Limits::default()).unwrap();
    assert!(oddities.iter().any(|oddity| oddity.code == OddityCode::Damaged));
    assert_eq!((document.tables.len(), document.doubts.len()), (0, 1));
}

#[test]
fn radicals_are_read_as_the_characters_they_look_like() {
    assert_eq!(radicals::unified("⽯楼县⻝⽤油 ⽀队".to_owned()), "石楼县食用油 支队");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn broken_pdfs_end_quickly(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = pages(&[line(16.0, 90.0, 700.0, &ucs2("吕梁市离石区"))], &song("UniGB-UCS2-H"));
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let started = Instant::now();
        let _ = catch_unwind(AssertUnwindSafe(|| read(Kind::Pdf, &bytes, &Limits::default())));
        prop_assert!(started.elapsed().as_secs() < 10);
    }
}

#[test]
fn an_ofd_that_lost_a_page_from_its_list_is_damaged() {
    const TWO_PAGES: &[u8] = include_bytes!("../../../tests/cases/ofd-table-two-pages/统计表.ofd");
    let changed = |from: &str, to: &str| {
        let mut whole = zip::ZipArchive::new(std::io::Cursor::new(TWO_PAGES)).unwrap();
        let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for number in 0..whole.len() {
            let mut member = whole.by_index(number).unwrap();
            let name = member.name().unwrap().into_owned();
            let mut content = String::new();
            std::io::Read::read_to_string(&mut member, &mut content).unwrap();
            out.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
            let content = if name.ends_with("Document.xml") { content.replace(from, to) } else { content };
            std::io::Write::write_all(&mut out, content.as_bytes()).unwrap();
        }
        out.finish().unwrap().into_inner()
    };
    let read = |bytes: &[u8]| read(Kind::Ofd, bytes, &Limits::default()).unwrap();
    assert!(read(&changed("x", "x")).1.is_empty());
    let (document, oddities) = read(&changed("<ofd:Page ID=\"100\"", "'ofd:Page ID=\"100\""));
    assert_eq!((document.tables.len(), oddities[0].code), (0, OddityCode::Damaged));
}
