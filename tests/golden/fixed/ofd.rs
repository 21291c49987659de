//! Pages as an OFD file (GB/T 33190-2016), laid out as the usual producers do.

use std::io::{Cursor, Write as _};

use super::paper::{HEIGHT, Mark, Page, WIDTH, reach};

/// Millimetres to the point.
const MM: f64 = 25.4 / 72.0;
const SPACE: &str = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";

/// What else stands in the file.
#[derive(Clone, Copy, PartialEq)]
pub enum Beside {
    Nothing,
    /// An attached workbook.
    Attachment,
    /// The rulings stand on a template under the page, the words in a block; paths are written from the root.
    Template,
}

pub fn file(pages: &[Page], beside: Beside) -> Vec<u8> {
    let mut files = vec![(
        "OFD.xml".to_owned(),
        format!(
            "<ofd:OFD {SPACE} DocType=\"OFD\" Version=\"1.0\"><ofd:DocBody><ofd:DocInfo><ofd:DocID>0</ofd:DocID>\
             </ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
        ),
    )];
    let of = |index: usize| match beside {
        Beside::Template => format!("/Doc_0/Pages/Page_{index}/Content.xml"),
        _ => format!("Pages/Page_{index}/Content.xml"),
    };
    let list: String =
        (0..pages.len()).map(|index| format!("<ofd:Page ID=\"{}\" BaseLoc=\"{}\"/>", 100 + index, of(index))).collect();
    let template = match beside {
        Beside::Template => "<ofd:TemplatePage ID=\"9\" BaseLoc=\"Tpls/Tpl_0/Content.xml\" ZOrder=\"Background\"/>",
        _ => "",
    };
    let attached = match beside {
        Beside::Attachment => "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>",
        _ => "",
    };
    files.push((
        "Doc_0/Document.xml".to_owned(),
        format!(
            "<ofd:Document {SPACE}><ofd:CommonData><ofd:MaxUnitID>999</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 \
             {:.3} {:.3}</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:DocumentRes>\
             DocumentRes.xml</ofd:DocumentRes>{template}</ofd:CommonData><ofd:Pages>{list}</ofd:Pages>{attached}</ofd:Document>",
            WIDTH * MM,
            HEIGHT * MM
        ),
    ));
    files.push((
        "Doc_0/PublicRes.xml".to_owned(),
        format!(
            "<ofd:Res {SPACE} BaseLoc=\"Res\"><ofd:Fonts><ofd:Font ID=\"3\" FontName=\"宋体\" FamilyName=\"宋体\"/></ofd:Fonts></ofd:Res>"
        ),
    ));
    files.push((
        "Doc_0/DocumentRes.xml".to_owned(),
        format!(
            "<ofd:Res {SPACE} BaseLoc=\"Res\"><ofd:MultiMedias><ofd:MultiMedia ID=\"5\" Type=\"Image\" Format=\"JPEG\">\
             <ofd:MediaFile>scan.jpg</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>"
        ),
    ));
    for (index, page) in pages.iter().enumerate() {
        let is_line = |mark: &&Mark| matches!(mark, Mark::Line { .. });
        let (lines, rest): (Vec<&Mark>, Vec<&Mark>) = page.marks.iter().partition(is_line);
        let content = if beside == Beside::Template {
            files.push(("Doc_0/Tpls/Tpl_0/Content.xml".to_owned(), page_of(&layer(&lines), "")));
            let block = format!("<ofd:PageBlock ID=\"7\">{}</ofd:PageBlock>", layer(&rest));
            page_of(&block, "<ofd:Template TemplateID=\"9\" ZOrder=\"Background\"/>")
        } else {
            page_of(&layer(&page.marks.iter().collect::<Vec<_>>()), "")
        };
        files.push((format!("Doc_0/Pages/Page_{index}/Content.xml"), content));
    }
    if beside == Beside::Attachment {
        let list = format!(
            "<ofd:Attachments {SPACE}><ofd:Attachment ID=\"1\" Name=\"统计表.xlsx\" Format=\"xlsx\"><ofd:FileLoc>\
             /Doc_0/Attachs/1.xlsx</ofd:FileLoc></ofd:Attachment></ofd:Attachments>"
        );
        files.push(("Doc_0/Attachs/Attachments.xml".to_owned(), list));
    }
    zipped(&files)
}

/// An OFD file under a password: the list of what is encrypted stands in the clear, the rest does not (GM/T 0099).
pub fn encrypted() -> Vec<u8> {
    let files = [
        (
            "OFD.xml".to_owned(),
            format!(
                "<ofd:OFD {SPACE} DocType=\"OFD\" Version=\"1.1\"><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>\
                 </ofd:DocBody><ofd:Encryptions>Encryptions.xml</ofd:Encryptions></ofd:OFD>"
            ),
        ),
        ("Encryptions.xml".to_owned(), format!("<ofd:Encryptions {SPACE}/>")),
        ("Doc_0/Document.xml".to_owned(), "\u{1}\u{2}\u{3}no longer anything to read".to_owned()),
    ];
    zipped(&files)
}

fn page_of(layer: &str, template: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ofd:Page {SPACE}>{template}<ofd:Content><ofd:Layer ID=\"2\" Type=\"Body\">\
         {layer}</ofd:Layer></ofd:Content></ofd:Page>"
    )
}

fn layer(marks: &[&Mark]) -> String {
    marks
        .iter()
        .map(|mark| match mark {
            Mark::Words { text, x, y, size } => words(text, *x, *y, *size, ""),
            Mark::Unseen { text, x, y, size } => words(text, *x, *y, *size, " Fill=\"false\""),
            Mark::Line { from, to } => {
                let ((x, y), (right, bottom)) = (mm(*from), mm(*to));
                let (width, height) = (right - x, bottom - y);
                format!(
                    "<ofd:PathObject ID=\"8\" Boundary=\"{x:.3} {y:.3} {:.3} {:.3}\" LineWidth=\"0.18\"><ofd:AbbreviatedData>\
                     M 0 0 L {width:.3} {height:.3}</ofd:AbbreviatedData></ofd:PathObject>",
                    width.max(0.2),
                    height.max(0.2)
                )
            }
            Mark::White { x, y, width, height } => {
                let ((x, y), (width, height)) = (mm((*x, *y)), mm((*width, *height)));
                format!(
                    "<ofd:PathObject ID=\"8\" Boundary=\"{x:.3} {y:.3} {width:.3} {height:.3}\" Fill=\"true\" Stroke=\"false\">\
                     <ofd:FillColor Value=\"255 255 255\"/><ofd:AbbreviatedData>M 0 0 L {width:.3} 0 L {width:.3} {height:.3} \
                     L 0 {height:.3} C</ofd:AbbreviatedData></ofd:PathObject>"
                )
            }
            Mark::Picture => {
                let (width, height) = mm((WIDTH, HEIGHT));
                format!(
                    "<ofd:ImageObject ID=\"6\" Boundary=\"0 0 {width:.3} {height:.3}\" CTM=\"{width:.3} 0 0 {height:.3} 0 0\" \
                     ResourceID=\"5\"/>"
                )
            }
        })
        .collect()
}

/// One text: every letter's step is written, runs of equal ones shortened.
fn words(text: &str, x: f64, y: f64, size: f64, more: &str) -> String {
    let ((left, base), em) = (mm((x, y)), size * MM);
    let steps: Vec<f64> = text.chars().map(|letter| reach(&letter.to_string(), size) * MM).collect();
    let steps = steps.get(..steps.len().saturating_sub(1)).unwrap_or_default();
    let deltas: Vec<String> = steps
        .chunk_by(|one, other| one == other)
        .map(|run| match run {
            [only] => format!("{only:.4}"),
            _ => format!("g {} {:.4}", run.len(), run[0]),
        })
        .collect();
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<ofd:TextObject ID=\"4\" Boundary=\"{left:.3} {:.3} {:.3} {em:.3}\" Font=\"3\" Size=\"{em:.4}\"{more}><ofd:TextCode X=\"0\" \
         Y=\"{:.4}\" DeltaX=\"{}\">{escaped}</ofd:TextCode></ofd:TextObject>",
        base - em * 0.88,
        reach(text, size) * MM,
        em * 0.88,
        deltas.join(" ")
    )
}

fn mm((x, y): (f64, f64)) -> (f64, f64) {
    (x * MM, y * MM)
}

fn zipped(files: &[(String, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    for (name, text) in files {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
