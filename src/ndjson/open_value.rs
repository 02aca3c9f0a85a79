//! Buffers a value that did not end on its line, to check whether the next lines continue it.

use crate::base::file_position::FilePosition;

/// The maximum number of bytes that are buffered; after that only the brackets of the value are followed.
const MAX_BYTES: usize = 4 << 20;

/// The maximum number of lines that are buffered.
const MAX_LINES: usize = 100_000;

/// A text and its position in the file. The text is one line, or several lines with spaces between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocatedText<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) starts: &'a [LineStart],
}

/// The start of a line, in the text and in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineStart {
    pub(crate) at: usize,
    pub(crate) number: u64,
    pub(crate) offset: u64,
}

impl LocatedText<'_> {
    /// Returns the position in the file of the byte `at` of the text.
    pub(crate) fn place(&self, at: usize) -> FilePosition {
        let index = self.starts.partition_point(|start| start.at <= at).saturating_sub(1);
        let Some(start) = self.starts.get(index) else { return FilePosition { line: 1, column: 1, offset: 0 } };
        let before = self.text.get(start.at..at).or(self.text.get(start.at..)).unwrap_or_default();
        let column = before.iter().filter(|b| **b & 0xc0 != 0x80).count() as u64 + 1;
        FilePosition { line: start.number, column, offset: start.offset + before.len() as u64 }
    }
}

/// A value that is open at the end of a line.
#[derive(Debug)]
pub(crate) struct OpenValue {
    /// The lines with spaces between them; a line break within a string becomes one space.
    text: Vec<u8>,
    starts: Vec<LineStart>,
    pub(crate) nesting: Nesting,
    /// Whether the first line ends within a string.
    pub(crate) in_string: bool,
    /// The end of the first line.
    pub(crate) first_end: FilePosition,
}

impl OpenValue {
    /// Starts with the line in `source`.
    pub(crate) fn new(source: LocatedText<'_>, in_string: bool) -> Self {
        let mut nesting = Nesting::default();
        nesting.feed(source.text);
        let first_end = source.place(source.text.len());
        let mut this = Self { text: Vec::new(), starts: Vec::new(), nesting, in_string, first_end };
        if source.text.len() <= MAX_BYTES {
            this.text.extend_from_slice(source.text);
        }
        this.starts.extend_from_slice(source.starts);
        this
    }

    /// Adds a line. Returns false, and does not add it, if the value would become too large.
    pub(crate) fn push(&mut self, line: &[u8], number: u64, offset: u64) -> bool {
        let first_dropped = self.text.is_empty();
        if first_dropped || self.text.len() + line.len() >= MAX_BYTES || self.starts.len() >= MAX_LINES {
            return false;
        }
        self.text.push(b' ');
        self.starts.push(LineStart { at: self.text.len(), number, offset });
        self.text.extend_from_slice(line);
        self.nesting.feed(b"\n");
        self.nesting.feed(line);
        true
    }

    /// Returns the number of lines so far.
    pub(crate) fn lines(&self) -> usize {
        self.starts.len()
    }

    /// Returns the start of the second line in the text.
    pub(crate) fn second_at(&self) -> usize {
        self.starts.get(1).map_or(usize::MAX, |start| start.at)
    }

    /// Returns the text with its position in the file.
    pub(crate) fn source(&self) -> LocatedText<'_> {
        LocatedText { text: &self.text, starts: &self.starts }
    }
}

/// Follows only brackets and strings. Unlike `base::json_scan` it reads text in pieces, so a value that is too large to
/// buffer is followed line by line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nesting {
    depth: u64,
    in_string: bool,
    escaped: bool,
    closed: bool,
}

impl Nesting {
    /// Reads the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.closed |= self.depth == 0;
                }
                _ => {}
            }
        }
    }

    /// Returns whether the outermost bracket was closed.
    pub(crate) fn closed(self) -> bool {
        self.closed
    }
}

/// Describes where an incomplete value ends.
pub(crate) fn open_end(in_string: bool) -> &'static str {
    if in_string { "an end in the middle of a string" } else { "an end in the middle of an object" }
}
