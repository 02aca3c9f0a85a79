//! The tape on disk: `tape.jsonl`, one [`Entry`] a line, each flushed as it is written.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::model::Entry;

/// The file's name within a tape's folder.
pub const FILE_NAME: &str = "tape.jsonl";

/// What can go wrong with a tape on disk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Appends entries to a tape.
pub struct Writer {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Writer {
    /// Begins a tape in the folder `folder`, which is made if need be; one that lies there is replaced.
    pub fn create(folder: &Path) -> Result<Self, Error> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { path, source }
        };
        fs::create_dir_all(folder).map_err(io(folder))?;
        let path = folder.join(FILE_NAME);
        let out = BufWriter::new(File::create(&path).map_err(io(&path))?);
        Ok(Self { path, out })
    }

    /// Appends one entry and flushes it.
    pub fn write(&mut self, entry: &Entry) -> Result<(), Error> {
        let write = |out: &mut BufWriter<File>| -> std::io::Result<()> {
            serde_json::to_writer(&mut *out, entry)?;
            out.write_all(b"\n")?;
            out.flush()
        };
        write(&mut self.out).map_err(|source| Error::Io { path: self.path.clone(), source })
    }
}
