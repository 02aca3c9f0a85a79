//! Finds which file imports which, from `use` items and paths in code. A `mod` declaration is no import.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::File;

/// The files that each file imports.
pub type Imports<'f> = BTreeMap<&'f str, BTreeSet<&'f str>>;

/// Returns the imports of all files.
pub fn imports(files: &[File]) -> Imports<'_> {
    let modules: BTreeMap<Vec<&str>, &str> =
        files.iter().filter(|file| !file.module().is_empty()).map(|file| (file.module(), file.path.as_str())).collect();
    let mut all = Imports::new();
    for file in files {
        let mut found = BTreeSet::new();
        for path in paths(&file.code(), &file.module(), &modules) {
            let known = (1..=path.len()).rev().find_map(|length| {
                let module: Vec<&str> = path[..length].iter().map(String::as_str).collect();
                modules.get(&module).copied()
            });
            found.extend(known.filter(|known| *known != file.path));
        }
        all.insert(&file.path, found);
    }
    all
}

/// Returns the absolute paths, without `crate`, that `code` of `module` contains.
fn paths(code: &str, module: &[&str], modules: &BTreeMap<Vec<&str>, &str>) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut text = code;
    // `use` items first, because their braces nest; all other code is scanned for single paths.
    while let Some(at) = next_use(text) {
        rest += &text[..at];
        let end = text[at..].find(';').map_or(text.len(), |end| at + end);
        let tree = text[at..end].trim_start_matches("use").trim();
        for path in leaves(tree) {
            found.extend(absolute(&path, module, modules));
        }
        text = &text[end..];
    }
    rest += text;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut path: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut chars = rest.chars().chain([' ']).peekable();
    while let Some(c) = chars.next() {
        if is_word(c) {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            path.push(std::mem::take(&mut word));
        }
        if c == ':' && chars.peek() == Some(&':') {
            chars.next();
            continue;
        }
        if path.len() > 1 {
            found.extend(absolute(&path, module, modules));
        }
        path.clear();
    }
    found
}

/// Returns the position of the next `use` item.
fn next_use(text: &str) -> Option<usize> {
    text.match_indices("use ").map(|(at, _)| at).find(|at| {
        let line = text[..*at].rsplit('\n').next().unwrap_or_default().trim_start();
        line.is_empty() || (line.starts_with("pub") && line.ends_with(' ') && !line.contains(['=', '"', ';']))
    })
}

/// Returns the full paths of a `use` tree.
fn leaves(tree: &str) -> Vec<Vec<String>> {
    let Some((prefix, list)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap().trim();
        return vec![path.split("::").map(|word| word.trim().to_owned()).collect()];
    };
    let prefix: Vec<String> = prefix.split("::").map(|word| word.trim().to_owned()).filter(|w| !w.is_empty()).collect();
    let list = &list[..list.rfind('}').unwrap_or(list.len())];
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts
        .flat_map(leaves)
        .map(|leaf| prefix.iter().cloned().chain(leaf.into_iter().filter(|word| word != "self")).collect())
        .collect()
}

/// Returns a path in `module` as a path from the root of the crate, or none if it leaves the crate or names no module.
fn absolute(path: &[String], module: &[&str], modules: &BTreeMap<Vec<&str>, &str>) -> Option<Vec<String>> {
    let own = |length: usize| module[..length].iter().map(|word| (*word).to_owned());
    let first = path.first()?.as_str();
    match first {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some(own(module.len()).chain(path[1..].iter().cloned()).collect()),
        "super" => {
            let up = path.iter().take_while(|word| *word == "super").count();
            Some(own(module.len().checked_sub(up)?).chain(path[up..].iter().cloned()).collect())
        }
        child => {
            let child: Vec<&str> = module.iter().copied().chain([child]).collect();
            modules.contains_key(&child).then(|| own(module.len()).chain(path.iter().cloned()).collect())
        }
    }
}

/// Returns the circles: groups of files that all import each other, directly or through others.
pub fn circles<'f>(imports: &Imports<'f>) -> Vec<BTreeSet<&'f str>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> = imports.keys().map(|file| (*file, reachable(file, imports))).collect();
    let mut found: Vec<BTreeSet<&str>> = Vec::new();
    for (file, from) in &reach {
        let group: BTreeSet<&str> = from.iter().copied().filter(|other| reach[other].contains(file)).collect();
        if !group.is_empty() && !found.contains(&group) {
            found.push(group);
        }
    }
    found
}

fn reachable<'f>(file: &str, imports: &Imports<'f>) -> BTreeSet<&'f str> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&str> = imports[file].iter().copied().collect();
    while let Some(one) = next.pop() {
        if seen.insert(one) {
            next.extend(imports[one].iter().copied());
        }
    }
    seen
}
