//! Reads a local file: plain, gzip or zstd, recognized by its first bytes.

use std::io::{Cursor, ErrorKind, Read};
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;

use crate::ndjson::command::progress::NdjsonProgress;
use crate::ndjson::decode::Coding;
use crate::ndjson::reader::{FileReader, Finished};

/// The number of bytes that are read at once.
const PIECE: usize = 256 << 10;

/// The maximum number of decoded pieces that wait to be checked.
const WAITING: usize = 8;

/// Reads `input` to its end with the reader that `begin` creates for its coding. Sets `broken` to the reason if `input`
/// cannot be read to its end.
pub(crate) fn pump(
    input: &mut (dyn Read + Send),
    broken: &mut Option<String>,
    progress: &NdjsonProgress,
    begin: impl FnOnce(Coding) -> FileReader,
) -> Finished {
    let mut head = Vec::new();
    if let Err(error) = input.take(4).read_to_end(&mut head) {
        *broken = Some(format!("cannot read the file: {error}"));
        return begin(Coding::Identity).finish(false);
    }
    match head.as_slice() {
        [0x1f, 0x8b, ..] => feed(begin(Coding::Gzip), &mut Cursor::new(head).chain(input), broken, progress),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            zstd(begin(Coding::Identity), &mut Cursor::new(head).chain(input), broken, progress)
        }
        _ => feed(begin(Coding::Identity), &mut Cursor::new(head).chain(input), broken, progress),
    }
}

fn feed(
    mut reader: FileReader,
    input: &mut dyn Read,
    broken: &mut Option<String>,
    progress: &NdjsonProgress,
) -> Finished {
    let mut buffer = vec![0; PIECE];
    loop {
        let before = reader.lines();
        match input.read(&mut buffer) {
            Ok(0) => return reader.finish(true),
            Ok(length) => {
                if reader.push(buffer.get(..length).unwrap_or_default()).is_err() {
                    return reader.finish(false);
                }
                progress.bytes.fetch_add(length as u64, Ordering::Relaxed);
                progress.lines.fetch_add(reader.lines() - before, Ordering::Relaxed);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                *broken = Some(format!("cannot read the rest of the file: {error}"));
                return reader.finish(false);
            }
        }
    }
}

/// Reads zstd frames, decoded on another thread.
fn zstd(
    mut reader: FileReader,
    input: &mut (dyn Read + Send),
    broken: &mut Option<String>,
    progress: &NdjsonProgress,
) -> Finished {
    let (decoded, received) = sync_channel::<Result<Vec<u8>, String>>(WAITING);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let counted = Counted { inner: input, progress };
            if let Err(error) = frames(counted, &mut |piece| decoded.send(Ok(piece)).is_ok()) {
                let _ = decoded.send(Err(format!("the zstd stream is damaged or incomplete: {error}")));
            }
        });
        while let Ok(piece) = received.recv() {
            let before = reader.lines();
            let pushed = match piece {
                Ok(piece) => reader.push(&piece).is_ok(),
                Err(why) => {
                    *broken = Some(why);
                    false
                }
            };
            if !pushed {
                // The other thread ends when its channel is closed.
                drop(received);
                return reader.finish(false);
            }
            progress.lines.fetch_add(reader.lines() - before, Ordering::Relaxed);
        }
        reader.finish(true)
    })
}

/// A reader that counts the bytes read from a compressed file.
struct Counted<'p, R> {
    inner: R,
    progress: &'p NdjsonProgress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.progress.bytes.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// Passes the decoded bytes of each frame to `take`, until `take` returns false.
fn frames(input: impl Read, take: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<(), String> {
    let mut input = std::io::BufReader::with_capacity(PIECE, input);
    loop {
        if std::io::BufRead::fill_buf(&mut input).map_err(|error| error.to_string())?.is_empty() {
            return Ok(());
        }
        let mut frame = ruzstd::decoding::StreamingDecoder::new(&mut input).map_err(|error| error.to_string())?;
        loop {
            let mut piece = vec![0; PIECE];
            let length = frame.read(&mut piece).map_err(|error| error.to_string())?;
            if length == 0 {
                break;
            }
            piece.truncate(length);
            if !take(piece) {
                return Ok(());
            }
        }
    }
}
