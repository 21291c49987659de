//! Pages as a PDF file, in Adobe's standard Chinese font, which is not embedded.

use super::paper::{HEIGHT, Mark, Page, WIDTH};

/// How the sheet lies.
#[derive(Clone, Copy, PartialEq)]
pub enum Lying {
    /// Wide.
    Wide,
    /// Upright, with everything on it turned.
    Turned,
    /// Upright and turned, and marked to be turned back (`/Rotate`).
    Rotated,
}

pub fn file(pages: &[Page], lying: Lying) -> Vec<u8> {
    let first = 7;
    let kids: Vec<String> = (0..pages.len()).map(|index| format!("{} 0 R", first + 2 * index)).collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Kids[{}]/Count {}>>", kids.join(" "), pages.len()),
        "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[4 0 R]>>".to_owned(),
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)\
         /Supplement 4>>/FontDescriptor 5 0 R/DW 1000/W[1 95 500]>>"
            .to_owned(),
        "<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880\
         /Descent -120/CapHeight 880/StemV 93>>"
            .to_owned(),
        stream(
            "/Type/XObject/Subtype/Image/Width 10/Height 10/ColorSpace/DeviceGray/BitsPerComponent 8",
            &"U".repeat(100),
        ),
    ];
    for (index, page) in pages.iter().enumerate() {
        let (width, height, rotate, turn) = match lying {
            Lying::Wide => (WIDTH, HEIGHT, 0, String::new()),
            // The sheet's right is the page's top.
            Lying::Turned => (HEIGHT, WIDTH, 0, format!("0 1 -1 0 {HEIGHT} 0 cm\n")),
            Lying::Rotated => (HEIGHT, WIDTH, 90, format!("0 1 -1 0 {HEIGHT} 0 cm\n")),
        };
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Rotate {rotate}/Contents {} 0 R\
             /Resources<</Font<</F 3 0 R>>/XObject<</I 6 0 R>>>>>>",
            first + 1 + 2 * index
        ));
        objects.push(stream("", &(turn + &content(page))));
    }
    assemble(&objects)
}

fn content(page: &Page) -> String {
    page.marks
        .iter()
        .map(|mark| match mark {
            Mark::Words { text, x, y, size } => words(text, *x, *y, *size),
            Mark::Unseen { text, x, y, size } => format!("3 Tr {}0 Tr\n", words(text, *x, *y, *size)),
            Mark::Line { from, to } => {
                format!("0.5 w {} {} m {} {} l S\n", from.0, HEIGHT - from.1, to.0, HEIGHT - to.1)
            }
            Mark::White { x, y, width, height } => {
                format!("1 g {x} {} {width} {height} re f 0 g\n", HEIGHT - y - height)
            }
            Mark::Picture => format!("q {WIDTH} 0 0 {HEIGHT} 0 0 cm /I Do Q\n"),
        })
        .collect()
}

fn words(text: &str, x: f64, y: f64, size: f64) -> String {
    let codes: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
    format!("BT /F {size} Tf 1 0 0 1 {x} {} Tm <{codes}> Tj ET\n", HEIGHT - y)
}

fn stream(dictionary: &str, content: &str) -> String {
    format!("<<{dictionary}/Length {}>>\nstream\n{content}\nendstream", content.len())
}

fn assemble(objects: &[String]) -> Vec<u8> {
    let mut out = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(objects) {
        table += &format!("{:010} 00000 n \n", out.len());
        out += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let start = out.len();
    let size = objects.len() + 1;
    out += &format!("{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
    out.into_bytes()
}
