//! The text of a configuration file, and the lines of its values.

use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::config::setting::{Origin, Setting, SettingValue};

/// A configuration file that was read.
#[derive(Debug)]
pub struct FileText {
    /// The path of the file text, as the user gave it.
    pub path: PathBuf,
    /// Whether it was found in the working directory and not named by the user.
    pub found: bool,
    /// Its text.
    pub text: String,
}

impl FileText {
    /// Returns the folder of the file.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Returns a setting of the file, with its line.
    pub(crate) fn setting<T: SettingValue>(&self, value: &Spanned<T>) -> Setting<T> {
        let line = self.line(value.span().start);
        let path = self.path.clone();
        let origin = if self.found { Origin::Found(path, line) } else { Origin::File(path, line) };
        Setting::new(value.get_ref().clone().relative_to(self.folder()), origin)
    }

    /// Returns the line of a byte offset, from 1.
    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
    }
}
