//! Stores downloaded files on disk for `--keep-files`.

use std::fs::File;

use crate::drive::context::FlowContext;
use crate::drive::stops::stop;
use crate::ndjson::decode::Coding;
use crate::recording::model::{FileRef, Stop, StopKind};

/// Creates the file for a body, if `--keep-files` is set. No part of its name is from the server.
pub(crate) fn keep(
    context: &FlowContext<'_>,
    place: FileRef,
    coding: Coding,
    probe: bool,
) -> Result<Option<File>, Stop> {
    let Some(folder) = context.run.settings.keep_files.as_ref().filter(|_| !probe) else { return Ok(None) };
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let folder = folder.join(context.name().chars().map(plain).collect::<String>());
    let ending = if coding == Coding::Gzip { ".gz" } else { "" };
    let path = folder.join(format!("{}-{}.ndjson{ending}", place.list, place.index));
    let file = std::fs::create_dir_all(&folder).and_then(|()| File::create(path));
    file.map(Some).map_err(|error| cannot_keep(&error))
}

/// Returns the reason to end a flow when a body cannot be stored.
pub(crate) fn cannot_keep(error: &std::io::Error) -> Stop {
    stop(StopKind::Limit, None, format!("the folder of --keep-files cannot be written: {error}"))
}
