//! Limits on the files of a server.

/// Limits on reading one file of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum length of a line, in bytes.
    pub max_line: usize,
    /// The maximum nesting of objects and arrays.
    pub max_depth: usize,
    /// The maximum number of decoded bytes of one file.
    pub max_decoded: u64,
    /// The maximum ratio of decoded to encoded bytes, checked after the first 16 MiB decoded.
    pub max_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_line: 64 << 20, max_depth: 512, max_decoded: 256 << 30, max_ratio: 500 }
    }
}
