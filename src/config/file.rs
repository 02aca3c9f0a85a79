//! Reads `plimsoll.toml`. A refusal shows the file, the line and a caret; the excerpt never shows a possible secret.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::config::file_text::FileText;
use crate::config::refuse;
use crate::config::run_config::{RunConfig, RunTable};

/// The largest configuration file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// A configuration file that was read.
#[derive(Debug)]
pub struct ConfigFile {
    /// The path and text of the config file.
    pub source: FileText,
    /// The content of the config file.
    pub table: RunTable,
}

impl ConfigFile {
    /// Reads the file that the user named, or `plimsoll.toml` in `folder` if it exists. An error is a complete message,
    /// ready to print.
    pub fn read(named: Option<&Path>, folder: &Path) -> Result<Option<Self>, String> {
        let (path, found) = match named {
            Some(path) => (path.to_owned(), false),
            None => (PathBuf::from("plimsoll.toml"), true),
        };
        let place = folder.join(&path);
        let length = match std::fs::metadata(&place) {
            Ok(meta) if meta.is_file() => meta.len(),
            Ok(_) => return Err(format!("{} is not a file", path.display())),
            Err(e) if found && e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(format!("cannot read {}: {e}", path.display())),
        };
        if length > MAX_BYTES {
            return Err(format!(
                "{} is longer than {MAX_BYTES} bytes; check that it is a configuration file",
                path.display()
            ));
        }
        let text = std::fs::read_to_string(&place).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        Self::parse(path, found, text).map(Some)
    }

    /// Reads the text of a configuration file.
    pub fn parse(path: PathBuf, found: bool, text: String) -> Result<Self, String> {
        let table: RunTable =
            toml::from_str(&text).map_err(|e| refuse::toml(&path, &text, &e, &RunTable::all_keys()))?;
        let file = Self { source: FileText { path, found, text }, table };
        if let Some(span) = file.table.allow_writes.as_ref().map(Spanned::span) {
            return Err(file.refuse(
                span,
                "allow-writes is not permitted in a configuration file",
                "remove the line and give --allow-writes on the command line",
            ));
        }
        if let Some(span) = file.table.allow_hooks.as_ref().map(Spanned::span) {
            let title = "allow-hooks is not permitted in a configuration file";
            return Err(file.refuse(span, title, "remove the line and give --allow-hooks on the command line"));
        }
        if let Some(span) = file.table.auth.secret() {
            return Err(file.refuse(
                span,
                "a secret is not permitted in a configuration file, because such files are copied and committed",
                "name its place instead: token-env = \"PLIMSOLL_TOKEN\", token-file = \"...\" or key-file = \"...\"",
            ));
        }
        Ok(file)
    }

    /// Returns a refusal that points at `span` of this file.
    pub fn refuse(&self, span: Range<usize>, title: &str, help: &str) -> String {
        refuse::at(&self.source.path, &self.source.text, span, title, help, &RunTable::all_keys())
    }

    /// Returns the configuration in effect: the values of `file`, if there is one, overridden by those that `given`
    /// sets.
    pub fn configure(file: Option<&Self>, given: impl FnOnce(&mut RunConfig)) -> RunConfig {
        RunConfig::new(file.map(|file| (&file.source, &file.table)), given)
    }
}
