//! Decodes a content coding on a thread of its own, because that takes longer than checking the lines. Pieces are
//! returned in their order, so the findings do not depend on the speed of either thread.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread;

use crate::ndjson::decode::Decoder;
use crate::recording::model::Trouble;

/// The maximum number of chunks that wait in either direction.
const WAITING: usize = 8;

/// The number of decoded bytes that are passed on at once.
const PIECE: usize = 256 << 10;

enum ToDecoder {
    Chunk(Vec<u8>),
    Finish,
}

enum FromDecoder {
    /// Decoded bytes.
    Piece(Vec<u8>),
    /// A chunk was decoded. Wakes a reader that waits for room.
    Taken,
    Broken(Trouble),
}

/// A decoder on a thread of its own.
pub(crate) struct DecodeThread {
    chunks: Option<SyncSender<ToDecoder>>,
    pieces: Receiver<FromDecoder>,
}

impl DecodeThread {
    /// Moves `decoder` to a new thread; returns it if no thread can be started.
    pub(crate) fn start(decoder: Decoder) -> Result<Self, Decoder> {
        let (chunks, received) = sync_channel::<ToDecoder>(WAITING);
        let (sender, pieces) = sync_channel::<FromDecoder>(WAITING);
        let (hand, taken) = sync_channel::<Decoder>(1);
        let work = move || {
            if let Ok(decoder) = taken.recv() {
                decode(decoder, &received, &sender);
            }
        };
        if thread::Builder::new().name("decode".to_owned()).spawn(work).is_err() {
            return Err(decoder);
        }
        match hand.send(decoder) {
            Ok(()) => Ok(Self { chunks: Some(chunks), pieces }),
            Err(back) => Err(back.0),
        }
    }

    /// Sends a chunk to the thread, and passes the decoded bytes that are ready to `take`.
    pub(crate) fn push(&mut self, chunk: &[u8], take: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        let mut waiting = ToDecoder::Chunk(chunk.to_vec());
        loop {
            let Some(chunks) = &self.chunks else { return Ok(()) };
            match chunks.try_send(waiting) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) => {
                    waiting = back;
                    if let Ok(out) = self.pieces.recv() {
                        handle(out, take)?;
                    }
                }
                // The thread ended after it sent the reason.
                Err(TrySendError::Disconnected(_)) => return self.drain(take),
            }
        }
        loop {
            match self.pieces.try_recv() {
                Ok(out) => handle(out, take)?,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Passes the remaining decoded bytes to `take`. With `complete` the stream must be complete.
    pub(crate) fn finish(mut self, complete: bool, take: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        let mut waiting = complete.then_some(ToDecoder::Finish);
        while let (Some(last), Some(chunks)) = (waiting.take(), &self.chunks) {
            if let Err(TrySendError::Full(back)) = chunks.try_send(last) {
                waiting = Some(back);
                if let Ok(out) = self.pieces.recv() {
                    handle(out, take)?;
                }
            }
        }
        self.chunks = None;
        self.drain(take)
    }

    fn drain(&mut self, take: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        while let Ok(out) = self.pieces.recv() {
            handle(out, take)?;
        }
        Ok(())
    }
}

fn handle(out: FromDecoder, take: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
    match out {
        FromDecoder::Piece(piece) => take(&piece),
        FromDecoder::Taken => {}
        FromDecoder::Broken(trouble) => return Err(trouble),
    }
    Ok(())
}

/// Decodes chunks until the stream ends, an error occurs, or the other side closes a channel.
fn decode(mut decoder: Decoder, received: &Receiver<ToDecoder>, sender: &SyncSender<FromDecoder>) {
    while let Ok(next) = received.recv() {
        let mut piece = Vec::with_capacity(PIECE);
        let mut collect = |decoded: &[u8]| {
            piece.extend_from_slice(decoded);
            if piece.len() >= PIECE {
                let _ = sender.send(FromDecoder::Piece(std::mem::replace(&mut piece, Vec::with_capacity(PIECE))));
            }
        };
        let (done, last) = match next {
            ToDecoder::Chunk(chunk) => (decoder.push(&chunk, &mut collect), false),
            ToDecoder::Finish => (decoder.finish(&mut collect), true),
        };
        if !piece.is_empty() {
            let _ = sender.send(FromDecoder::Piece(piece));
        }
        let after = match done {
            Ok(()) => FromDecoder::Taken,
            Err(trouble) => FromDecoder::Broken(trouble),
        };
        let broken = matches!(after, FromDecoder::Broken(_));
        if sender.send(after).is_err() || broken || last {
            return;
        }
    }
}
