//! Where the files that were fetched are kept, if the user asked for it.

use std::fs::File;

use crate::drive::context::{FlowContext, stop};
use crate::ndjson::decode::Coding;
use crate::recording::model::{FileRef, Stop, StopKind};

impl FlowContext<'_> {
    /// Opens the file that the body is kept in, if bodies are kept. Its name is ours alone.
    pub fn keep(&self, place: FileRef, coding: Coding, probe: bool) -> Result<Option<File>, Stop> {
        let Some(folder) = self.run.settings.keep_files.as_ref().filter(|_| !probe) else { return Ok(None) };
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let folder = folder.join(self.name().chars().map(plain).collect::<String>());
        let ending = if coding == Coding::Gzip { ".gz" } else { "" };
        let path = folder.join(format!("{}-{}.ndjson{ending}", place.list, place.index));
        let file = std::fs::create_dir_all(&folder).and_then(|()| File::create(path));
        file.map(Some).map_err(|error| self.cannot_keep(&error))
    }

    /// Why a body cannot be kept.
    pub fn cannot_keep(&self, error: &std::io::Error) -> Stop {
        stop(StopKind::Limit, None, format!("the files cannot be kept: {error}; see --keep-files"))
    }
}
