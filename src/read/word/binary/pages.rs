//! How many pages the program counted when it last saved.

use super::file::{File, Part};
use super::octets::{i16_at, place, u32_at};

/// cPg of the document's properties ([MS-DOC] 2.7.3 DopBase), else the summary's page count.
pub(super) fn count(file: &File) -> Option<u32> {
    let told = in_summary(&file.summary).or_else(|| i16_at(file.part(Part::Properties), 0x2E).map(i32::from));
    told.and_then(|pages| u32::try_from(pages).ok()).filter(|pages| *pages > 0)
}

/// PIDSI_PAGECOUNT of the first property set ([MS-OLEPS] 2.21; [MS-OSHARED] 2.3.3.2.1).
fn in_summary(stream: &[u8]) -> Option<i32> {
    const PAGE_COUNT: u32 = 14;
    const NUMBER: u32 = 3;
    let set = place(u32_at(stream, 44)?);
    let count = place(u32_at(stream, set.checked_add(4)?)?).min(1_000);
    (0..count)
        .find_map(|number| {
            let entry = set.checked_add(8 + number * 8)?;
            if u32_at(stream, entry)? != PAGE_COUNT {
                return None;
            }
            let value = set.checked_add(place(u32_at(stream, entry + 4)?))?;
            (u32_at(stream, value)? == NUMBER).then(|| u32_at(stream, value.checked_add(4)?)).flatten()
        })
        .and_then(|pages| i32::try_from(pages).ok())
        .filter(|pages| *pages > 0)
}
