//! Undoes a content coding on a thread of its own, since that takes longer than reading what comes out. Pieces come back in
//! their order, so that nothing of what is found depends on how fast either thread is.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread;

use crate::ndjson::decode::Decoder;
use crate::recording::model::Trouble;

/// As many chunks may wait on either side.
const WAITING: usize = 8;

/// As many decoded bytes are handed over at once.
const PIECE: usize = 256 << 10;

enum In {
    Chunk(Vec<u8>),
    Finish,
}

enum Out {
    /// Decoded bytes.
    Piece(Vec<u8>),
    /// A chunk was used up. Whoever waits for room is woken by it.
    Taken,
    Broken(Trouble),
}

/// A decoder on a thread of its own.
pub(crate) struct Apart {
    chunks: Option<SyncSender<In>>,
    pieces: Receiver<Out>,
}

impl Apart {
    /// Moves `decoder` to a thread; gives it back where none can be had.
    pub(crate) fn start(decoder: Decoder) -> Result<Self, Decoder> {
        let (chunks, coming) = sync_channel::<In>(WAITING);
        let (going, pieces) = sync_channel::<Out>(WAITING);
        let (hand, taken) = sync_channel::<Decoder>(1);
        let work = move || {
            if let Ok(decoder) = taken.recv() {
                decode(decoder, &coming, &going);
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

    /// Hands over a chunk, and takes what is ready.
    pub(crate) fn push(&mut self, chunk: &[u8], take: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        let mut waiting = In::Chunk(chunk.to_vec());
        loop {
            let Some(chunks) = &self.chunks else { return Ok(()) };
            match chunks.try_send(waiting) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) => {
                    waiting = back;
                    if let Ok(out) = self.pieces.recv() {
                        given(out, take)?;
                    }
                }
                // The thread ended, and said why.
                Err(TrySendError::Disconnected(_)) => return self.drain(take),
            }
        }
        loop {
            match self.pieces.try_recv() {
                Ok(out) => given(out, take)?,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Takes the rest. With `whole` the coding must have come to its end.
    pub(crate) fn finish(mut self, whole: bool, take: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        let mut waiting = whole.then_some(In::Finish);
        while let (Some(last), Some(chunks)) = (waiting.take(), &self.chunks) {
            if let Err(TrySendError::Full(back)) = chunks.try_send(last) {
                waiting = Some(back);
                if let Ok(out) = self.pieces.recv() {
                    given(out, take)?;
                }
            }
        }
        self.chunks = None;
        self.drain(take)
    }

    fn drain(&mut self, take: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        while let Ok(out) = self.pieces.recv() {
            given(out, take)?;
        }
        Ok(())
    }
}

fn given(out: Out, take: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
    match out {
        Out::Piece(piece) => take(&piece),
        Out::Taken => {}
        Out::Broken(trouble) => return Err(trouble),
    }
    Ok(())
}

/// What the thread does. It ends when either side has gone.
fn decode(mut decoder: Decoder, coming: &Receiver<In>, going: &SyncSender<Out>) {
    while let Ok(next) = coming.recv() {
        let mut held = Vec::with_capacity(PIECE);
        let mut hold = |decoded: &[u8]| {
            held.extend_from_slice(decoded);
            if held.len() >= PIECE {
                let _ = going.send(Out::Piece(std::mem::replace(&mut held, Vec::with_capacity(PIECE))));
            }
        };
        let (done, last) = match next {
            In::Chunk(chunk) => (decoder.push(&chunk, &mut hold), false),
            In::Finish => (decoder.finish(&mut hold), true),
        };
        if !held.is_empty() {
            let _ = going.send(Out::Piece(held));
        }
        let after = match done {
            Ok(()) => Out::Taken,
            Err(trouble) => Out::Broken(trouble),
        };
        let broken = matches!(after, Out::Broken(_));
        if going.send(after).is_err() || broken || last {
            return;
        }
    }
}
