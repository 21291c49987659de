//! The media type of a kind, for pieces that declare none.

use crate::model::mail::Kind;

/// The registered name, or the one in common use; pictures are told apart by their bytes.
#[must_use]
pub fn media_type(kind: Kind, bytes: &[u8]) -> &'static str {
    match kind {
        Kind::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Kind::Xls => "application/vnd.ms-excel",
        Kind::Xlsb => "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        Kind::Ods => "application/vnd.oasis.opendocument.spreadsheet",
        Kind::Xml => "application/xml",
        Kind::Csv => "text/csv",
        Kind::Html => "text/html",
        Kind::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Kind::Doc => "application/msword",
        Kind::Rtf => "application/rtf",
        Kind::Pdf => "application/pdf",
        Kind::Ofd => "application/ofd",
        Kind::Image => picture(bytes),
        Kind::Zip => "application/zip",
        Kind::Rar => "application/vnd.rar",
        Kind::SevenZip => "application/x-7z-compressed",
        Kind::Tar => "application/x-tar",
        Kind::Gz => "application/gzip",
        Kind::Tnef => "application/ms-tnef",
        Kind::Eml => "message/rfc822",
        Kind::Text => "text/plain",
        Kind::Encrypted | Kind::Unknown => "application/octet-stream",
    }
}

fn picture(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', ..] => "image/png",
        [0xFF, 0xD8, ..] => "image/jpeg",
        [b'G', b'I', b'F', ..] => "image/gif",
        [b'B', b'M', ..] => "image/bmp",
        [b'I', b'I', ..] | [b'M', b'M', ..] => "image/tiff",
        [b'R', b'I', b'F', b'F', ..] => "image/webp",
        _ => "application/octet-stream",
    }
}
