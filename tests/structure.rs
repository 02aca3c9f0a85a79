//! The house is tidy: rooms import only what stands before them, files stay short, nothing may panic, and suite files
//! refuse what they do not know. Read from the sources, so that a mistake is found wherever it is made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of a source file.
const MAX_LINES: usize = 450;

/// One source file of the library.
struct File {
    /// Its path below `src`, with forward slashes.
    path: String,
    text: String,
}

impl File {
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// What is compiled into the program: without comments and without what stands under `cfg(test)`. Relies on how
    /// rustfmt lays out code: an item ends at a brace as far in as it began.
    fn code(&self) -> String {
        let mut code = String::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            let inward = line.len() - line.trim_start().len();
            if line.trim() != "#[cfg(test)]" {
                code += line.split("//").next().unwrap();
                code.push('\n');
                continue;
            }
            let end = format!("{}}}", " ".repeat(inward));
            let item = lines.by_ref().find(|line| !line.trim_start().starts_with("#["));
            if item.is_some_and(|item| item.ends_with('{')) {
                let _ = lines.by_ref().find(|line| *line == end);
            }
        }
        code
    }

    /// The files that this one declares under `cfg(test)`, as far as one line says so.
    fn test_files(&self) -> Vec<String> {
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

fn sources() -> Vec<File> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    let files = found.iter().map(|path| File {
        path: path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"),
        text: fs::read_to_string(path).unwrap(),
    });
    files.collect()
}

/// The rooms in the order of `lib.rs`.
fn rooms(files: &[File]) -> Vec<String> {
    let lib = files.iter().find(|file| file.path == "lib.rs").unwrap();
    let names = lib.text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

/// The rooms that a text names after `crate::`, also within braces.
fn named(code: &str) -> Vec<&str> {
    let word = |text: &'_ str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let after = &code[at + "crate::".len()..];
        let Some(list) = after.strip_prefix('{') else {
            names.push(&after[..word(after)]);
            continue;
        };
        let (mut depth, mut begins) = (0, true);
        for (index, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                c if begins && c.is_alphanumeric() => {
                    names.push(&list[index..index + word(&list[index..])]);
                    begins = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// What each room imports from a later one.
fn backward(files: &[File], rooms: &[String]) -> Vec<String> {
    let place = |name: &str| rooms.iter().position(|room| room == name);
    let mut wrong = Vec::new();
    for file in files {
        let Some(here) = place(file.room()) else { continue };
        for name in named(&file.code()) {
            if place(name).is_some_and(|there| there > here) {
                wrong.push(format!("src/{}: {} imports {name}, which stands after it", file.path, file.room()));
            }
        }
    }
    wrong
}

/// Calls that panic on what they did not expect.
fn panicking(files: &[File]) -> Vec<String> {
    let tests: Vec<String> = files.iter().flat_map(File::test_files).collect();
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !tests.contains(&file.path)) {
        for call in [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "unimplemented!("] {
            if file.code().contains(call) {
                wrong.push(format!("src/{}: {call} outside a test", file.path));
            }
        }
    }
    wrong
}

/// Types read from TOML that would let an unknown key pass, or refuse without its place.
fn lax(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| matches!(file.room(), "suite" | "config" | "reference")) {
        for line in file.code().lines().filter(|line| line.contains("serde(")) {
            for word in ["untagged", "flatten"] {
                if line.contains(word) {
                    wrong.push(format!("src/{}: serde({word})", file.path));
                }
            }
        }
    }
    wrong
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn rooms_import_only_what_stands_before_them() {
    let files = sources();
    let rooms = rooms(&files);
    assert!(rooms.len() > 10, "{rooms:?}");
    for file in files.iter().filter(|file| !matches!(file.path.as_str(), "lib.rs" | "main.rs")) {
        assert!(rooms.iter().any(|room| room == file.room()), "src/{} belongs to no room of lib.rs", file.path);
    }
    none(&backward(&files, &rooms));
}

#[test]
fn nothing_panics_on_what_a_stranger_sent() {
    none(&panicking(&sources()));
}

#[test]
fn files_stay_short() {
    // The shelf is a list of files.
    let long = |file: &&File| file.text.lines().count() > MAX_LINES && file.path != "reference/shelf.rs";
    let files = sources();
    let wrong: Vec<String> =
        files.iter().filter(long).map(|file| format!("src/{} has more than {MAX_LINES} lines", file.path)).collect();
    none(&wrong);
}

#[test]
fn what_is_read_from_toml_is_strict() {
    none(&lax(&sources()));
}

#[test]
fn violations_are_found() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let rooms: Vec<String> = ["words", "suite", "recording"].map(str::to_owned).to_vec();
    let files = [
        file("suite/on.rs", "use crate::words::Level;\nuse crate::{words::{Area, recording}, recording};\n"),
        file(
            "words.rs",
            "// crate::recording is a comment\n#[cfg(test)]\nmod tests {\n    use crate::recording;\n    fn f() { x.unwrap() }\n}\n",
        ),
        file("suite/raw.rs", "#[serde(default, flatten)]\nfn f() { x.unwrap_or_default(); crate::recording::y() }"),
        file("recording/mod.rs", "#[cfg(test)]\n#[allow(x)]\nmod samples;\nmod store;\nfn f() { todo!() }"),
        file("recording/samples.rs", "fn f() { x.unwrap() }"),
        file("recording/store.rs", "#[serde(flatten)]\nfn f() { x.expect(\"no\") }"),
    ];
    assert_eq!(
        backward(&files, &rooms),
        [
            "src/suite/on.rs: suite imports recording, which stands after it",
            "src/suite/raw.rs: suite imports recording, which stands after it"
        ]
    );
    assert_eq!(
        panicking(&files),
        ["src/recording/mod.rs: todo!( outside a test", "src/recording/store.rs: .expect( outside a test"]
    );
    assert_eq!(lax(&files), ["src/suite/raw.rs: serde(flatten)"]);
}
