//! The header block of a mail or MIME part, split into raw fields: mail-parser loses 8-bit octets, this keeps them.

/// Octets of one field that are decoded as text.
const LONGEST: usize = 1 << 16;

/// One header block: names in lower case, values unfolded and trimmed but not decoded, top to bottom.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    fields: Vec<(String, Vec<u8>)>,
}

impl Fields {
    /// Splits a header block (RFC 5322 §2.2); a line that is neither a field nor a continuation is passed over.
    #[must_use]
    pub fn parse(block: &[u8]) -> Self {
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        for line in block.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(b' ');
                    value.extend_from_slice(line.trim_ascii());
                }
            } else if let Some((name, value)) = split_field(line) {
                fields.push((name, value.trim_ascii().to_vec()));
            }
        }
        Self { fields }
    }

    /// The first field of this name (lower case).
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// Every field of this name (lower case), top to bottom.
    pub fn all<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// All fields, top to bottom.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The first field of this name as decoded text, not empty; of a longer one its first 64 KiB.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.first(name)
            .map(|value| value.get(..LONGEST).unwrap_or(value))
            .map(super::words::decode)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// `Name: value`, the name lower case; a name is printable ASCII without blanks (a blank before the colon is forgiven).
#[must_use]
pub fn split_field(line: &[u8]) -> Option<(String, &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line.get(..colon)?.trim_ascii_end();
    let fit = !name.is_empty() && name.len() <= 100 && name.iter().all(u8::is_ascii_graphic);
    fit.then(|| (String::from_utf8_lossy(name).to_ascii_lowercase(), line.get(colon + 1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_duplicates_and_raw_octets_are_kept() {
        let fields = Fields::parse(b"From: a\r\nX-Raw: \xC0\xEB\xCA\xAF\r\n\t\xC7\xF8\r\nnonsense\r\nFROM : b\n");
        assert_eq!(fields.all("from").collect::<Vec<_>>(), [b"a", b"b"]);
        assert_eq!(fields.first("x-raw"), Some(b"\xC0\xEB\xCA\xAF \xC7\xF8".as_slice()));
        assert_eq!(fields.iter().count(), 3);
    }
}
