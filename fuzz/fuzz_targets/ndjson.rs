//! Fuzzes a file, plain or gzip: the facts do not depend on the size of the pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::ndjson::decode::Coding;
use plimsoll::ndjson::expected::Expected;
use plimsoll::ndjson::reader::{FileReader, ReaderOptions};
use plimsoll::suite::model::FileList;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, bytes)) = data.split_first() else { return };
    let read = |size: usize| {
        let list = [FileList::Output, FileList::Error, FileList::Deleted][usize::from(kind % 3)];
        let mut options = ReaderOptions::new(Expected { list, announced: Some("Patient".to_owned()) });
        options.transaction_time = Some("2026-01-01T12:00:00Z".to_owned());
        if kind & 0x80 != 0 {
            options.coding = Coding::Gzip;
        }
        options.limits.max_line = 4096;
        options.limits.max_decoded = 1 << 20;
        let mut reader = FileReader::new(options);
        for piece in bytes.chunks(size) {
            if reader.push(piece).is_err() {
                break;
            }
        }
        reader.finish(true)
    };
    let whole = read(bytes.len().max(1));
    if kind & 0x80 == 0 {
        assert_eq!(whole, read(1 + usize::from(kind) % 7), "the facts do not depend on the pieces");
    }
});
