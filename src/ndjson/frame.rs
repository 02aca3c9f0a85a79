//! Splits bytes into lines, independent of the chunks (in NDJSON, a line ends with LF or CR LF).

/// A line as the framer found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framed<'a> {
    /// A line.
    Line(FramedLine<'a>),
    /// A line longer than the limit; it was skipped.
    TooLong {
        /// Its number, from 1.
        number: u64,
        /// Its start, in bytes from 0.
        offset: u64,
    },
}

/// A line without its line ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramedLine<'a> {
    /// The bytes, without LF or CR LF.
    pub bytes: &'a [u8],
    /// Its number, from 1.
    pub number: u64,
    /// Its start, in bytes from 0.
    pub offset: u64,
    /// Whether it ended with CR LF.
    pub crlf: bool,
    /// Whether it ended with a line feed; only the last line of a file can be without one.
    pub newline: bool,
}

/// Splits a file into lines. Buffers at most one line of at most `max_line` bytes.
#[derive(Debug)]
pub struct Framer {
    max_line: usize,
    buffer: Vec<u8>,
    skipping: bool,
    number: u64,
    line_start: u64,
    at: u64,
}

impl Framer {
    /// Creates a framer for one file.
    pub fn new(max_line: usize) -> Self {
        Self { max_line, buffer: Vec::new(), skipping: false, number: 1, line_start: 0, at: 0 }
    }

    /// Skips `bytes` before the first line; they count only in offsets.
    pub fn skip(&mut self, bytes: u64) {
        self.at += bytes;
        self.line_start = self.at;
    }

    /// Adds the next bytes, and passes every line that ends in them to `out`. Lines within one chunk are not copied.
    pub fn push(&mut self, chunk: &[u8], out: &mut dyn FnMut(Framed<'_>)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let Some((piece, after)) = rest.split_at_checked(end) else { return };
            rest = after;
            self.at += piece.len() as u64;
            match piece.split_last() {
                Some((b'\n', body)) => self.end(body, true, out),
                _ => self.keep(piece),
            }
        }
    }

    /// Passes a last line without a line feed to `out`. Returns true if there is none: the file is empty or ended with
    /// a line feed.
    pub fn finish(&mut self, out: &mut dyn FnMut(Framed<'_>)) -> bool {
        let open = self.at > self.line_start;
        if open {
            self.end(&[], false, out);
        }
        !open
    }

    fn keep(&mut self, piece: &[u8]) {
        if self.skipping || self.buffer.len() + piece.len() > self.max_line {
            self.skipping = true;
            self.buffer = Vec::new();
        } else {
            self.buffer.extend_from_slice(piece);
        }
    }

    fn end(&mut self, body: &[u8], newline: bool, out: &mut dyn FnMut(Framed<'_>)) {
        let (number, offset) = (self.number, self.line_start);
        if self.skipping || self.buffer.len() + body.len() > self.max_line {
            out(Framed::TooLong { number, offset });
        } else {
            let full = if self.buffer.is_empty() {
                body
            } else {
                self.buffer.extend_from_slice(body);
                &self.buffer
            };
            let stripped = full.strip_suffix(b"\r").filter(|_| newline);
            let (bytes, crlf) = (stripped.unwrap_or(full), stripped.is_some());
            out(Framed::Line(FramedLine { bytes, number, offset, crlf, newline }));
        }
        self.buffer.clear();
        self.skipping = false;
        self.number += 1;
        self.line_start = self.at;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn frame(bytes: &[u8], step: usize, max: usize) -> (Vec<String>, bool) {
        let mut framer = Framer::new(max);
        let mut lines = Vec::new();
        let mut out = |framed: Framed<'_>| {
            lines.push(match framed {
                Framed::Line(l) => format!(
                    "{} {} {:?}{}{}",
                    l.number,
                    l.offset,
                    String::from_utf8_lossy(l.bytes),
                    if l.crlf { " crlf" } else { "" },
                    if l.newline { "" } else { " open" }
                ),
                Framed::TooLong { number, offset } => format!("{number} {offset} too long"),
            });
        };
        for chunk in bytes.chunks(step) {
            framer.push(chunk, &mut out);
        }
        let closed = framer.finish(&mut out);
        (lines, closed)
    }

    #[test]
    fn lines_do_not_depend_on_chunks() {
        let text = b"one\r\ntwo\n\n \r\nthr\ree\nlong long long\nx\r\nend\r";
        let expected = [
            "1 0 \"one\" crlf",
            "2 5 \"two\"",
            "3 9 \"\"",
            "4 10 \" \" crlf",
            "5 13 \"thr\\ree\"",
            "6 20 too long",
            "7 35 \"x\" crlf",
            "8 38 \"end\\r\" open",
        ];
        for step in 1..=text.len() {
            let (lines, closed) = frame(text, step, 8);
            assert_eq!(lines, expected, "chunks of {step}");
            assert!(!closed);
        }
        assert_eq!(frame(b"", 1, 8), (vec![], true));
        assert_eq!(frame(b"a\n", 1, 8), (vec!["1 0 \"a\"".to_owned()], true));
    }

    #[test]
    fn a_gigabyte_line_uses_little_memory() {
        let mut framer = Framer::new(1 << 16);
        let chunk = vec![b'x'; 1 << 20];
        let mut seen = Vec::new();
        for _ in 0..1024 {
            framer.push(&chunk, &mut |_| unreachable!());
            assert!(framer.buffer.capacity() <= 1 << 17);
        }
        framer.push(b"\nok\n", &mut |framed| seen.push(matches!(framed, Framed::TooLong { .. })));
        assert_eq!(seen, [true, false]);
    }
}
