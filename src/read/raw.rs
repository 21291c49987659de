//! The decoded bytes of a mail's pieces, for whoever wants the files themselves and not what was read from them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::limits::Limits;
use super::{mime, open_with};
use crate::model::mail::{Content, Digest, Mail};

/// Opens a mail without reading its pieces, and gives their bytes by digest. Missing are only what was beyond the limits,
/// and links.
#[must_use]
pub fn pieces(bytes: &[u8], limits: &Limits) -> (Mail, BTreeMap<Digest, Vec<u8>>) {
    let attached = mime::take_apart(bytes, limits).leaves.into_iter().filter(|leaf| !leaf.is_body);
    let found: BTreeMap<Digest, Vec<u8>> = attached.map(|leaf| (Digest::of(&leaf.bytes), leaf.bytes)).collect();
    let found = RefCell::new(found);
    let mail = open_with(bytes, limits, &|_, piece, _| {
        found.borrow_mut().entry(Digest::of(piece)).or_insert_with(|| piece.to_vec());
        (Content::Nothing, Vec::new())
    });
    (mail, found.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::write::SimpleFileOptions;

    use super::*;

    fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn every_piece_has_its_bytes_archives_and_their_members_too() {
        let archive = zipped(&[("报表/一.csv", b"a,b\r\n1,2\r\n"), ("notes.txt", b"words of a note")]);
        let encoded = data_encoding::BASE64.encode(&archive);
        let mail = format!(
            "From: a@unit.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n\
             --b\r\nContent-Type: application/zip; name=r.zip\r\nContent-Disposition: attachment; filename=r.zip\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--b--\r\n"
        );
        let (opened, bytes) = pieces(mail.as_bytes(), &Limits::default());
        assert_eq!(opened.pieces.len(), 3, "{:?}", opened.pieces);
        for piece in &opened.pieces {
            let found = bytes.get(&piece.sha256).unwrap_or_else(|| panic!("{} is missing", piece.name));
            assert_eq!(u64::try_from(found.len()).unwrap(), piece.size);
        }
        assert!(bytes.values().any(|found| found == &archive));
    }
}
