//! Reports as PDF: with a text layer in Adobe's standard Chinese font, or as a scanner leaves them, pictures only.

use super::mime::push;
use super::report::Report;

/// Characters a line.
const LINE: usize = 26;
/// Lines a page: short pages, so that a report of the usual length has two.
const PAGE: usize = 20;

/// One line on a page.
struct Line {
    words: String,
    /// From the left edge, in points.
    x: usize,
    size: usize,
}

/// The report with a text layer; of the usual length it has two pages or more.
#[must_use]
pub fn report(report: &Report) -> Vec<u8> {
    let lines = lines(report);
    let contents: Vec<Vec<u8>> = lines.chunks(PAGE).map(page_content).collect();
    assemble(song().to_vec(), &contents, "<< /Font << /F1 3 0 R >> >>")
}

/// The same with a photograph behind it, on a page of its own: grey dots, an octet each, 256 in a row.
#[must_use]
pub fn illustrated(report: &Report, dots: &[u8]) -> Vec<u8> {
    let lines = lines(report);
    let mut contents: Vec<Vec<u8>> = lines.chunks(PAGE).map(page_content).collect();
    contents.push(b"q 450 0 0 600 72 120 cm /Im1 Do Q\n".to_vec());
    let rows = dots.len() / 256;
    let dots = dots.get(..rows * 256).unwrap_or_default();
    let mut picture = Vec::new();
    push(
        &mut picture,
        &format!(
            "<< /Type /XObject /Subtype /Image /Width 256 /Height {rows} /ColorSpace /DeviceGray /BitsPerComponent 8 \
             /Length {} >>\nstream\n",
            dots.len()
        ),
    );
    picture.extend_from_slice(dots);
    push(&mut picture, "\nendstream");
    let mut shared = song().to_vec();
    shared.push(picture);
    assemble(shared, &contents, "<< /Font << /F1 3 0 R >> /XObject << /Im1 6 0 R >> >>")
}

/// The font of the text, as objects 3 to 5.
fn song() -> [Vec<u8>; 3] {
    [
        // No font is embedded: STSong-Light is one of the standard Asian fonts (PDF 32000-1 §9.7.5.2).
        "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [4 0 R] >>",
        // CIDs 1 to 95 of Adobe-GB1 are the ASCII characters, half as wide.
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) \
         /Ordering (GB1) /Supplement 4 >> /FontDescriptor 5 0 R /DW 1000 /W [1 95 500] >>",
        "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 \
         /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>",
    ]
    .map(|object| object.as_bytes().to_vec())
}

fn lines(report: &Report) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |words: &str, x: usize, size: usize| lines.push(Line { words: words.to_owned(), x, size });
    if let Some(number) = &report.number {
        add(number, 220, 16);
    }
    for part in wrapped(&report.title, 20) {
        add(&part, (595 - 22 * part.chars().count().min(24)) / 2, 22);
    }
    add(&report.addressee, 72, 16);
    for paragraph in &report.paragraphs {
        for part in wrapped(&format!("　　{paragraph}"), LINE) {
            add(&part, 72, 16);
        }
    }
    add(&report.issuer, 300, 16);
    add(&report.dated, 360, 16);
    lines
}

/// Lines of at most so many characters, never broken inside a number.
fn wrapped(words: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = words.chars().collect();
    let mut lines = vec![String::new()];
    for token in characters.chunk_by(|left, right| left.is_ascii_digit() && right.is_ascii_digit()) {
        if let Some(line) = lines.last_mut() {
            if line.chars().count() + token.len() <= width {
                line.extend(token);
            } else {
                lines.push(token.iter().collect());
            }
        }
    }
    lines
}

fn page_content(lines: &[Line]) -> Vec<u8> {
    let mut content = Vec::new();
    let mut y = 760;
    for line in lines {
        let codes: String = line.words.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
        push(&mut content, &format!("BT /F1 {} Tf 1 0 0 1 {} {y} Tm <{codes}> Tj ET\n", line.size, line.x));
        y -= 34;
    }
    content
}

/// Two pages that are pictures of text, one bit a dot, as an office scanner makes them; there is no text to read.
#[must_use]
pub fn scan(seed: u32) -> Vec<u8> {
    let (width, height) = (595_u32, 842_u32);
    let mut picture = Vec::new();
    push(
        &mut picture,
        &format!(
            "<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray \
             /BitsPerComponent 1 /Filter /RunLengthDecode /Length "
        ),
    );
    let dots = run_length(&dots(width, height, seed));
    push(&mut picture, &format!("{} >>\nstream\n", dots.len()));
    picture.extend(dots);
    push(&mut picture, "\nendstream");
    let content = format!("q {width} 0 0 {height} 0 0 cm /Im1 Do Q\n").into_bytes();
    assemble(vec![picture], &[content.clone(), content], "<< /XObject << /Im1 3 0 R >> >>")
}

/// Rows of dark blocks between white ones, a page of something like writing.
fn dots(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for y in 0..height {
        for byte in 0..width.div_ceil(8) {
            let written = (60..780).contains(&y) && y % 28 < 16 && (9..65).contains(&byte) && byte % 2 == 0;
            let ink = (byte / 2).wrapping_mul(37) ^ (y / 2).wrapping_mul(11) ^ (y / 28).wrapping_add(seed);
            out.push(if written { u8::try_from(ink & 0xFF).unwrap_or(0) } else { 0xFF });
        }
    }
    out
}

/// PDF's RunLengthDecode (PDF 32000-1 §7.4.5): runs of one byte, otherwise single literals.
fn run_length(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for run in bytes.chunk_by(|left, right| left == right) {
        for piece in run.chunks(128) {
            let length = match u8::try_from(piece.len()) {
                Ok(many @ 2..) => 255 - (many - 2),
                _ => 0,
            };
            out.push(length);
            out.extend(piece.first());
        }
    }
    out.push(128);
    out
}

/// A whole file: catalogue, page tree, the shared objects from number 3 on, the pages, the cross-reference table.
fn assemble(shared: Vec<Vec<u8>>, contents: &[Vec<u8>], resources: &str) -> Vec<u8> {
    let first_page = 3 + shared.len();
    let kids: Vec<String> = (0..contents.len()).map(|page| format!("{} 0 R", first_page + 2 * page)).collect();
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), contents.len()).into_bytes(),
    ];
    objects.extend(shared);
    for content in contents {
        let stream = objects.len() + 2;
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources {resources} /Contents {stream} 0 R >>"
        );
        objects.push(page.into_bytes());
        let mut object = format!("<< /Length {} >>\nstream\n", content.len()).into_bytes();
        object.extend_from_slice(content);
        push(&mut object, "endstream");
        objects.push(object);
    }
    let mut out = b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        table.push_str(&format!("{:010} 00000 n \n", out.len()));
        push(&mut out, &format!("{number} 0 obj\n"));
        out.extend_from_slice(object);
        push(&mut out, "\nendobj\n");
    }
    let start = out.len();
    push(&mut out, &table);
    push(&mut out, &format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1));
    out
}
