//! The language of what people read: words that CONTRIBUTING.md, "Style", replaces are refused.

use std::fs;
use std::path::{Path, PathBuf};

/// Words and phrases that are old-fashioned, indirect, or not American spelling.
const REFUSED: [&str; 25] = [
    "are to be",
    "are told",
    "asked for",
    "at liberty",
    "behaviour",
    "beside",
    "bids",
    "bring about",
    "colour",
    "duties",
    "duty",
    "for want of",
    "held against",
    "honour",
    "is to be",
    "is told",
    "licence",
    "nobody",
    "organise",
    "organised",
    "rumour",
    "save for",
    "that which",
    "thereby",
    "whose",
];

/// The files that people read: sources, rules, faults and documentation.
fn read_by_people() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> =
        ["src", "suites", "docs", "fixtures/faults", "fixtures/legal"].iter().map(|name| root.join(name)).collect();
    let mut files = vec![root.join("README.md")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if ["rs", "toml", "md"].contains(&extension.as_str()) {
                files.push(path);
            }
        }
    }
    files.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The refused words of a line. A word in an identifier, an id or a URL does not count.
fn refused(line: &str) -> Vec<&'static str> {
    let line = line.to_lowercase();
    let part = |c: char| c.is_alphanumeric() || "_-/.:\"#".contains(c);
    let stands_alone = |at: usize, word: &str| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let ends = |c: char| c.is_alphanumeric() || "_-/".contains(c);
        !before.ends_with(part) && !after.starts_with(ends)
    };
    REFUSED.into_iter().filter(|word| line.match_indices(word).any(|(at, _)| stands_alone(at, word))).collect()
}

#[test]
fn texts_are_in_plain_english() {
    let mut wrong = Vec::new();
    for (path, text) in read_by_people() {
        for (number, line) in text.lines().enumerate() {
            for word in refused(line) {
                wrong.push(format!("{}:{}: {word:?}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "words that CONTRIBUTING.md, \"Style\", replaces:\n{}", wrong.join("\n"));
}

#[test]
fn refused_words_are_found_in_prose_and_not_in_names() {
    assert_eq!(refused("/// Duties, whose level is SHALL."), ["duties", "whose"]);
    assert_eq!(refused("let nobody_there = \"is-told\"; // see export.html#bids"), Vec::<&str>::new());
}
