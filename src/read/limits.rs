//! How much one mail may make us do: the bounds within which everything in it is opened.

/// Bounds on depth, count and size. The defaults are far above what a real return needs and far below what hurts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many containers (nested mails, archives) may stand in one another.
    pub depth: usize,
    /// How many pieces are taken out of one mail.
    pub pieces: usize,
    /// Octets of one decoded piece.
    pub piece_bytes: u64,
    /// Octets of everything unpacked from one mail together.
    pub total_bytes: u64,
    /// Unpacked octets for each packed one; only counted beyond 1 MiB unpacked.
    pub ratio: u64,
    /// Cells of one workbook.
    pub cells: usize,
    /// Paragraphs of one document.
    pub paragraphs: usize,
    /// Pages of one document.
    pub pages: usize,
    /// MIME parts of one mail.
    pub mime_parts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 8,
            pieces: 1_000,
            piece_bytes: 64 << 20,
            total_bytes: 256 << 20,
            ratio: 200,
            cells: 500_000,
            paragraphs: 50_000,
            pages: 500,
            mime_parts: 2_000,
        }
    }
}
