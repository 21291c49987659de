//! Writes the fuzz targets' first inputs from the golden cases: every piece of every case, under the target of its kind.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use mailtally::model::mail::{Digest, Kind};
use mailtally::read::{self, Limits};

/// Between the parts of a package, as `look_at_package` in `src/lib.rs` takes it.
const PART: u8 = 0x1E;
/// Larger inputs only slow the fuzzer down.
const MOST: usize = 128 << 10;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in fs::read_dir(root.join("tests/cases"))? {
        for file in fs::read_dir(folder?.path())? {
            let file = file?.path();
            if file.file_name().is_some_and(|name| name != "expected.json") {
                seed(&root.join("fuzz/corpus"), &file)?;
            }
        }
    }
    Ok(())
}

fn seed(corpus: &Path, file: &Path) -> std::io::Result<()> {
    let bytes = fs::read(file)?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    keep(corpus, read::sniff::kind(&bytes, &name), &bytes)?;
    let (mail, pieces) = read::raw::pieces(&bytes, &Limits::default());
    for piece in &mail.pieces {
        if let Some(bytes) = pieces.get(&piece.sha256) {
            keep(corpus, piece.kind, bytes)?;
        }
    }
    Ok(())
}

fn keep(corpus: &Path, kind: Kind, bytes: &[u8]) -> std::io::Result<()> {
    let target = match kind {
        Kind::Xlsx => "xlsx",
        Kind::Xls => "xls",
        Kind::Xlsb => "xlsb",
        Kind::Ods => "ods",
        Kind::Xml => "xml",
        Kind::Csv | Kind::Text => "csv",
        Kind::Html => "html",
        Kind::Docx => "docx",
        Kind::Doc => "doc",
        Kind::Rtf => "rtf",
        Kind::Pdf => "pdf",
        Kind::Ofd => "ofd",
        Kind::Zip => "zip",
        Kind::Rar => "rar",
        Kind::SevenZip => "seven_zip",
        Kind::Tar => "tar",
        Kind::Gz => "gz",
        Kind::Tnef => "tnef",
        Kind::Eml => "mail",
        Kind::Image | Kind::Encrypted | Kind::Unknown => "any",
    };
    let in_parts = matches!(kind, Kind::Xlsx | Kind::Xlsb | Kind::Ods | Kind::Docx | Kind::Ofd);
    let input = if in_parts { parts(bytes).unwrap_or_default() } else { bytes.to_vec() };
    if input.is_empty() || input.len() > MOST {
        return Ok(());
    }
    let folder = corpus.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(Digest::of(&input).short()), input)
}

/// A package as its target takes it.
fn parts(bytes: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut parts = Vec::new();
    for number in 0..archive.len() {
        let mut member = archive.by_index(number)?.take(1 << 20);
        let mut content = Vec::new();
        member.read_to_end(&mut content)?;
        if !parts.is_empty() {
            parts.push(PART);
        }
        parts.extend(member.into_inner().name()?.as_bytes());
        parts.push(b'\n');
        parts.extend(content);
    }
    Ok(parts)
}
