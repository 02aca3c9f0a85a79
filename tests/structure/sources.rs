//! The source files of the library, as text.

use std::fs;
use std::path::{Path, PathBuf};

/// One source file of the library.
pub struct File {
    /// Its path below `src`, with forward slashes.
    pub path: String,
    pub text: String,
}

impl File {
    /// Returns the top folder of the file, or the name of the file for `lib.rs` and `main.rs`.
    pub fn folder(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// Returns the path of its module, without `crate`: `["check", "auth"]` for `check/auth.rs` and `["check"]` for
    /// `check/mod.rs`.
    pub fn module(&self) -> Vec<&str> {
        if matches!(self.path.as_str(), "lib.rs" | "main.rs") {
            return Vec::new();
        }
        let mut module: Vec<&str> = self.path.trim_end_matches(".rs").split('/').collect();
        if module.last() == Some(&"mod") {
            module.pop();
        }
        module
    }

    /// Returns the file without comments and without items under `cfg(test)`. Relies on the layout of rustfmt: an item
    /// ends at a brace with the indentation of its first line.
    pub fn code(&self) -> String {
        let mut code = String::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            let indent = line.len() - line.trim_start().len();
            if line.trim() != "#[cfg(test)]" {
                code += line.split("//").next().unwrap();
                code.push('\n');
                continue;
            }
            let end = format!("{}}}", " ".repeat(indent));
            let item = lines.by_ref().find(|line| !line.trim_start().starts_with("#["));
            if item.is_some_and(|item| item.ends_with('{')) {
                let _ = lines.by_ref().find(|line| *line == end);
            }
        }
        code
    }

    /// Returns the files that this file declares under `cfg(test)`.
    pub fn test_files(&self) -> Vec<String> {
        let folder = match self.path.strip_suffix("/mod.rs") {
            Some(folder) => folder,
            None => self.path.trim_end_matches(".rs"),
        };
        let mut files = Vec::new();
        for (at, mark) in self.text.match_indices("#[cfg(test)]") {
            let item = self.text[at + mark.len()..].lines().find(|line| !line.is_empty() && !line.starts_with("#["));
            if let Some(name) = item.and_then(|item| item.split_once("mod ")?.1.strip_suffix(';')) {
                files.push(format!("{folder}/{name}.rs"));
            }
        }
        files
    }
}

/// Returns every file below `src`, sorted by path.
pub fn sources() -> Vec<File> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &mut found);
    found.sort();
    let files = found.iter().map(|path| File {
        path: path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"),
        text: fs::read_to_string(path).unwrap(),
    });
    files.collect()
}
