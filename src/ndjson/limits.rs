//! Limits on the files of servers.

/// What reading one file of a server may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest line, in bytes.
    pub max_line: usize,
    /// The deepest nesting.
    pub max_depth: usize,
    /// The most decoded bytes of one file.
    pub max_decoded: u64,
    /// The highest ratio of decoded to encoded bytes, beyond the first 16 MiB decoded.
    pub max_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_line: 64 << 20, max_depth: 512, max_decoded: 256 << 30, max_ratio: 500 }
    }
}
