//! NDJSON framing, streaming and bounded: bytes in, [`crate::tape::model::LineFacts`] out.
