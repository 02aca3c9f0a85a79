//! The structure of the source code: folders import only lower folders, no files import each other in a circle, files,
//! folders and types stay small, no code panics on input, and configuration files are read strictly.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod imports;
mod language;
mod links;
mod sources;

use std::collections::BTreeMap;

use imports::{circles, imports};
use sources::{File, sources};

/// The most lines of a source file.
const MAX_FILE_LINES: usize = 450;
/// The most lines of a folder, without its subfolders.
const MAX_FOLDER_LINES: usize = 5_600;
/// The most files of a folder, without its subfolders.
const MAX_FOLDER_FILES: usize = 27;
/// The most methods of a type, over all its `impl` blocks.
const MAX_METHODS: usize = 27;

/// Returns the top folders, lowest first: the order of `lib.rs`.
fn layers(files: &[File]) -> Vec<String> {
    let lib = files.iter().find(|file| file.path == "lib.rs").unwrap();
    let names = lib.text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

/// Returns the imports of a folder from a higher one.
fn upward(files: &[File], layers: &[String]) -> Vec<String> {
    let height = |path: &str| layers.iter().position(|layer| *layer == path.split('/').next().unwrap());
    let mut wrong = Vec::new();
    for (file, imported) in imports(files) {
        for other in imported {
            if let (Some(here), Some(there)) = (height(file), height(other))
                && there > here
            {
                wrong.push(format!("src/{file} imports src/{other}, which is higher"));
            }
        }
    }
    wrong
}

/// Returns the calls outside tests that can panic.
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

/// Returns uses of serde attributes with which TOML types accept unknown keys, or report an error without its place.
fn lax(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| matches!(file.folder(), "suite" | "config" | "reference")) {
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

/// Returns the files and folders over the limits.
fn too_large(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut folders: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for file in files {
        let lines = file.text.lines().count();
        if lines > MAX_FILE_LINES {
            wrong.push(format!("src/{} has {lines} lines, more than {MAX_FILE_LINES}", file.path));
        }
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let sum = folders.entry(folder).or_default();
        *sum = (sum.0 + 1, sum.1 + lines);
    }
    for (folder, (count, lines)) in folders {
        if count > MAX_FOLDER_FILES {
            wrong.push(format!("src/{folder} has {count} files, more than {MAX_FOLDER_FILES}"));
        }
        if lines > MAX_FOLDER_LINES {
            wrong.push(format!("src/{folder} has {lines} lines, more than {MAX_FOLDER_LINES}"));
        }
    }
    wrong
}

/// Returns the types with more methods than the limit. A type is identified by its name and its top folder; methods of
/// traits do not count.
fn too_many_methods(files: &[File]) -> Vec<String> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for file in files {
        let mut owner: Option<String> = None;
        for line in file.code().lines() {
            if line.starts_with("impl") && !line.contains(" for ") {
                let mut name = line.trim_start_matches("impl");
                if let Some(generic) = name.strip_prefix('<') {
                    name = generic.split_once("> ").map_or("", |(_, name)| name);
                }
                let name = name.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                owner = Some(name.to_owned());
            } else if line.starts_with('}') {
                owner = None;
            } else if let Some(owner) =
                owner.as_ref().filter(|_| line.starts_with("    ") && !line.starts_with("     "))
                && line.trim_start_matches(|c: char| c != 'f').starts_with("fn ")
            {
                *counts.entry((file.folder().to_owned(), owner.clone())).or_default() += 1;
            }
        }
    }
    let many = counts.into_iter().filter(|(_, count)| *count > MAX_METHODS);
    many.map(|((folder, name), count)| format!("src/{folder}: {name} has {count} methods, more than {MAX_METHODS}"))
        .collect()
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn folders_import_only_lower_folders() {
    let files = sources();
    let layers = layers(&files);
    assert!(layers.len() > 10, "{layers:?}");
    for file in files.iter().filter(|file| !matches!(file.path.as_str(), "lib.rs" | "main.rs")) {
        assert!(layers.iter().any(|layer| layer == file.folder()), "src/{} is not in a folder of lib.rs", file.path);
    }
    assert_none(&upward(&files, &layers));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = sources();
    let imports = imports(&files);
    assert!(imports.values().map(|imported| imported.len()).sum::<usize>() > 1_000, "the imports were not read");
    let circles: Vec<String> = circles(&imports).iter().map(|circle| format!("a circle: {circle:?}")).collect();
    assert_none(&circles);
}

#[test]
fn files_folders_and_types_stay_small() {
    let files = sources();
    assert_none(&too_large(&files));
    assert_none(&too_many_methods(&files));
}

#[test]
fn no_code_panics_on_input() {
    assert_none(&panicking(&sources()));
}

#[test]
fn toml_is_read_strictly() {
    assert_none(&lax(&sources()));
}

#[test]
fn violations_are_found() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let layers: Vec<String> = ["base", "suite", "recording"].map(str::to_owned).to_vec();
    let files = [
        file("base/mod.rs", "pub mod words;"),
        file(
            "base/words.rs",
            "// crate::recording is a comment\n#[cfg(test)]\nmod tests {\n    use crate::recording;\n    fn f() { x.unwrap() }\n}\n",
        ),
        file("suite/mod.rs", "pub mod on;\npub mod raw;"),
        file(
            "suite/on.rs",
            "use crate::base::words::Level;\nuse crate::{base::words::{self, Area}, recording::store};\n",
        ),
        file("suite/raw.rs", "#[serde(default, flatten)]\nfn f() { x.unwrap_or_default(); crate::recording::y() }"),
        file("recording/mod.rs", "#[cfg(test)]\n#[allow(x)]\nmod samples;\nmod store;\nfn f() { todo!() }"),
        file("recording/samples.rs", "fn f() { x.unwrap() }"),
        file("recording/store.rs", "#[serde(flatten)]\nfn f() { x.expect(\"no\"); super::reader::read() }"),
        file("recording/reader.rs", "pub(crate) use super::{\n    store::{Writer},\n};\n"),
    ];
    assert_eq!(
        upward(&files, &layers),
        [
            "src/suite/on.rs imports src/recording/store.rs, which is higher",
            "src/suite/raw.rs imports src/recording/mod.rs, which is higher",
        ]
    );
    let all = imports(&files);
    assert!(all["suite/on.rs"].contains("base/words.rs"));
    let circles: Vec<Vec<&str>> = circles(&all).into_iter().map(|circle| circle.into_iter().collect()).collect();
    assert_eq!(circles, [["recording/reader.rs", "recording/store.rs"]]);
    assert_eq!(
        panicking(&files),
        ["src/recording/mod.rs: todo!( outside a test", "src/recording/store.rs: .expect( outside a test"]
    );
    assert_eq!(lax(&files), ["src/suite/raw.rs: serde(flatten)"]);

    let methods = "    fn one(&self) {}\n".repeat(MAX_METHODS);
    let large = [
        file("base/long.rs", &"\n".repeat(MAX_FILE_LINES + 1)),
        file("base/wide.rs", &format!("impl<'a> Wide<'a> {{\n{methods}}}\n")),
        file(
            "base/more.rs",
            "impl Wide<'_> {\n    pub(crate) async fn two(&self) {}\n}\nimpl Clone for Wide<'_> {\n    fn clone() {}\n}\n",
        ),
    ];
    assert_eq!(
        too_large(&large),
        [format!("src/base/long.rs has {} lines, more than {MAX_FILE_LINES}", MAX_FILE_LINES + 1)]
    );
    assert_eq!(
        too_many_methods(&large),
        [format!("src/base: Wide has {} methods, more than {MAX_METHODS}", MAX_METHODS + 1)]
    );
}
