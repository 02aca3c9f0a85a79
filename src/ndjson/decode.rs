//! Decodes the content coding of a file while it is received, with limits against decompression bombs (RFC 9110, 8.4).

use std::io::Write;

use flate2::write::MultiGzDecoder;

use crate::ndjson::limits::Limits;
use crate::recording::model::{Trouble, TroubleKind};

/// A content coding that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// None.
    Identity,
    /// gzip, one member or several.
    Gzip,
}

impl Coding {
    /// Parses the value of a `Content-Encoding` header; `None` means that there is no such header.
    ///
    /// # Errors
    /// A lower-case fragment that names the coding, if it is not supported.
    pub fn parse(header: Option<&str>) -> Result<Self, String> {
        let mut coding = Self::Identity;
        for word in header.unwrap_or("").split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let next = match word.to_ascii_lowercase().as_str() {
                "identity" => continue,
                "gzip" | "x-gzip" => Self::Gzip,
                other => {
                    let shown: String = other.chars().take(40).flat_map(char::escape_default).collect();
                    return Err(format!(
                        "unsupported content coding \"{shown}\"; only gzip and identity are supported"
                    ));
                }
            };
            if coding != Self::Identity {
                return Err("the body has two content codings; only one is supported".to_owned());
            }
            coding = next;
        }
        Ok(coding)
    }

    /// Returns its name in a `Content-Encoding` header; `None` for identity.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
        }
    }
}

/// The number of decoded bytes above which the ratio is checked: small files with much repetition are common and
/// harmless.
const RATIO_FROM: u64 = 16 << 20;

/// A streaming decoder. Its memory does not grow with the input.
pub struct Decoder {
    gzip: Option<Box<MultiGzDecoder<Vec<u8>>>>,
    max_decoded: u64,
    max_ratio: u64,
    taken: u64,
    given: u64,
}

impl Decoder {
    /// Creates a decoder of `coding`, with the limits `max_decoded` and `max_ratio`.
    pub fn new(coding: Coding, limits: &Limits) -> Self {
        let gzip = (coding == Coding::Gzip).then(|| Box::new(MultiGzDecoder::new(Vec::new())));
        Self { gzip, max_decoded: limits.max_decoded, max_ratio: limits.max_ratio, taken: 0, given: 0 }
    }

    /// Returns the number of encoded bytes so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Decodes `chunk` and passes the decoded bytes to `out`, in pieces of about ten thousand bytes at most.
    ///
    /// # Errors
    /// `limit` if the decoded bytes exceed a limit, `protocol` if the coding is damaged. Do not call it again after an
    /// error.
    pub fn push(&mut self, chunk: &[u8], out: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        self.taken += chunk.len() as u64;
        let Some(mut gzip) = self.gzip.take() else { return self.hand_on(chunk, out) };
        let mut rest = chunk;
        while !rest.is_empty() {
            // One call fills at most one buffer, so a bomb is detected before it uses much memory.
            let used = gzip.write(rest).map_err(|error| broken(&error))?;
            let silent = gzip.get_ref().is_empty();
            self.hand_on(gzip.get_ref(), out)?;
            gzip.get_mut().clear();
            if used == 0 && silent {
                return Err(trouble(TroubleKind::Protocol, "the gzip decoder makes no progress".to_owned()));
            }
            rest = rest.get(used..).unwrap_or_default();
        }
        self.gzip = Some(gzip);
        Ok(())
    }

    /// Passes the remaining bytes to `out`, and checks that the stream is complete.
    ///
    /// # Errors
    /// As [`Decoder::push`]; `cut` if the stream is incomplete.
    pub fn finish(&mut self, out: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        let Some(mut gzip) = self.gzip.take() else { return Ok(()) };
        // An empty body has no gzip member; that is harmless.
        if self.taken == 0 {
            return Ok(());
        }
        let end = gzip.try_finish();
        self.hand_on(gzip.get_ref(), out)?;
        end.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => trouble(TroubleKind::Cut, "the gzip stream is incomplete".to_owned()),
            _ => trouble(TroubleKind::Protocol, format!("the gzip stream is damaged or incomplete: {error}")),
        })
    }

    fn hand_on(&mut self, decoded: &[u8], out: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        self.given += decoded.len() as u64;
        if self.given > self.max_decoded {
            let message = format!("the decoded file exceeds the limit of {} bytes", self.max_decoded);
            return Err(trouble(TroubleKind::Limit, message));
        }
        if self.given > RATIO_FROM && self.given / self.taken.max(1) > self.max_ratio {
            let message = format!("the decoded file exceeds the limit of {} times the encoded size", self.max_ratio);
            return Err(trouble(TroubleKind::Limit, message));
        }
        if !decoded.is_empty() {
            out(decoded);
        }
        Ok(())
    }
}

fn trouble(kind: TroubleKind, message: String) -> Trouble {
    Trouble { kind, message }
}

fn broken(error: &std::io::Error) -> Trouble {
    trouble(TroubleKind::Protocol, format!("the gzip stream is damaged: {error}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn pack(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn run(bytes: &[u8], step: usize, limits: &Limits) -> Result<Vec<u8>, Trouble> {
        let mut decoder = Decoder::new(Coding::Gzip, limits);
        let mut out = Vec::new();
        for chunk in bytes.chunks(step) {
            decoder.push(chunk, &mut |b| out.extend_from_slice(b))?;
        }
        decoder.finish(&mut |b| out.extend_from_slice(b))?;
        Ok(out)
    }

    #[test]
    fn gzip_is_decoded_with_any_chunks_and_members() {
        let text: Vec<u8> = (0..50_000u32).flat_map(|n| n.to_string().into_bytes()).collect();
        let (half, rest) = text.split_at(70_000);
        let bytes = [pack(half), pack(b""), pack(rest)].concat();
        for step in [1, 7, 4096, bytes.len()] {
            assert_eq!(run(&bytes, step, &Limits::default()).unwrap(), text, "chunks of {step}");
        }
        assert_eq!(run(b"", 1, &Limits::default()).unwrap(), b"");
    }

    #[test]
    fn damaged_or_incomplete_gzip_is_an_error() {
        let complete = pack(b"{\"resourceType\":\"Patient\",\"id\":\"1\"}\n");
        let mut flipped = complete.clone();
        let crc = flipped.len() - 8;
        flipped[crc] ^= 1;
        for step in [1, 1000] {
            // A cut within the final checksum looks like a wrong checksum.
            assert!(run(&complete[..complete.len() - 1], step, &Limits::default()).is_err());
            for cut in [1, 5, 12, complete.len() - 9] {
                let error = run(&complete[..cut], step, &Limits::default()).unwrap_err();
                assert_eq!(error.kind, TroubleKind::Cut, "{cut}: {}", error.message);
            }
            assert_eq!(run(&flipped, step, &Limits::default()).unwrap_err().kind, TroubleKind::Protocol);
            assert_eq!(
                run(b"{\"not\": \"gzip at all\"}", step, &Limits::default()).unwrap_err().kind,
                TroubleKind::Protocol
            );
        }
    }

    #[test]
    fn a_decompression_bomb_is_stopped_by_the_limits() {
        let bomb = pack(&vec![b' '; 40 << 20]);
        let mut most = 0;
        let limits = Limits { max_decoded: 1 << 20, ..Limits::default() };
        let mut decoder = Decoder::new(Coding::Gzip, &limits);
        let error = decoder.push(&bomb, &mut |b| most += b.len()).unwrap_err();
        assert_eq!(error.message, "the decoded file exceeds the limit of 1048576 bytes");
        assert!(most <= 1 << 20);

        let limits = Limits { max_ratio: 100, ..Limits::default() };
        let error = run(&bomb, bomb.len(), &limits).unwrap_err();
        assert_eq!(error.message, "the decoded file exceeds the limit of 100 times the encoded size");
    }

    #[test]
    fn content_codings_are_parsed_or_refused_by_name() {
        assert_eq!(Coding::parse(None), Ok(Coding::Identity));
        assert_eq!(Coding::parse(Some("X-GZip")), Ok(Coding::Gzip));
        assert_eq!(Coding::parse(Some("identity, gzip")), Ok(Coding::Gzip));
        assert_eq!(
            Coding::parse(Some("br\u{7}")),
            Err("unsupported content coding \"br\\u{7}\"; only gzip and identity are supported".to_owned())
        );
        assert!(Coding::parse(Some("gzip, gzip")).is_err());
    }
}
