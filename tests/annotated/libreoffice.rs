//! Copies with remarks, opened in LibreOffice: what it computes anew is what the unit's own workbook showed.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use mailtally::model::mark::{Mark, Tone};
use mailtally::read::Limits;
use mailtally::work::annotate;

use super::{members, root};

/// Without the results beside its formulas, so that whoever opens it must compute them.
fn without_results(bytes: &[u8]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, member) in members(bytes) {
        let text = String::from_utf8(member.clone()).ok().filter(|_| name.starts_with("xl/worksheets/sheet"));
        let bare = text.map(|text| {
            let mut parts = text.split("</f>");
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |bare, part| {
                let rest = part.strip_prefix("<v>").and_then(|value| value.split_once("</v>"));
                format!("{bare}</f>{}", rest.map_or(part, |(_, rest)| rest))
            })
        });
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut out, &bare.map_or(member, String::into_bytes)).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn libreoffice_computes_in_a_copy_what_the_original_shows() {
    if std::process::Command::new("soffice").arg("--version").output().is_err() {
        println!("LEFT OUT: LibreOffice is not installed, so nobody computes the copies' sums anew.");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (originals, copies) = (folder.path().join("original"), folder.path().join("copy"));
    let mark = |cell: &str| Mark {
        sheet: "统计表".to_owned(),
        cell: Some(cell.to_owned()),
        tone: Tone::Mend,
        text: "总额与各项经费之和不一致，请核对。".to_owned(),
    };
    let marks = ["A5", "C5", "J5"].map(mark);
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("tests/fixtures/annotated")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.starts_with("refused-") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let copy = annotate::annotated(&bytes, "吕梁市双拥办", &marks, &Limits::default()).unwrap();
        for (folder, bytes) in [(&originals, bytes), (&copies, without_results(&copy))] {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(format!("{name}.xlsx")), bytes).unwrap();
        }
        names.push(name);
    }
    for of in [&originals, &copies] {
        let files = names.iter().map(|name| of.join(format!("{name}.xlsx")));
        let done = std::process::Command::new("soffice")
            .arg(format!("-env:UserInstallation=file://{}/profile", folder.path().display()))
            .args(["--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76", "--outdir"])
            .arg(of.join("out"))
            .args(files)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    }
    let shown = |of: &Path, name: &str| fs::read_to_string(of.join(format!("out/{name}.csv"))).unwrap();
    for name in &names {
        let (original, copy) = (shown(&originals, name), shown(&copies, name));
        assert!(original.contains(|character: char| character.is_ascii_digit()), "{name}: {original}");
        assert_eq!(original, copy, "{name}");
    }
    assert!(names.len() >= 15, "{names:?}");
}
