//! Links in Markdown: each target exists, and each anchor is a heading of its target.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The Markdown files of the repository, by path from its root.
fn pages() -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let within = path.strip_prefix(root).unwrap().to_owned();
            let skipped = within.starts_with("target") || within.to_string_lossy().starts_with('.');
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.insert(within, fs::read_to_string(&path).unwrap());
            }
        }
    }
    pages
}

/// The lines of a page that are not code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence && !line.starts_with("    ")
    })
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// The targets of the links in a line, without code spans.
fn targets(line: &str) -> Vec<String> {
    let text: String = line.split('`').step_by(2).collect::<Vec<_>>().join("_");
    text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// A path with its `..` resolved.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

/// The links of `pages` that lead nowhere.
fn broken(pages: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for (path, text) in pages {
        for target in prose(text).flat_map(targets).filter(|target| !target.contains("://")) {
            let (file, fragment) = target.split_once('#').unwrap_or((&target, ""));
            let file = if file.is_empty() { path.clone() } else { normal(&path.parent().unwrap().join(file)) };
            let headings = || {
                let lines = prose(pages.get(&file)?);
                Some(lines.filter_map(|line| line.strip_prefix('#')).map(|line| anchor(line.trim_start_matches('#'))))
            };
            let found = match fragment {
                "" => pages.contains_key(&file) || root.join(&file).exists(),
                _ => headings().is_some_and(|mut headings| headings.any(|heading| heading == fragment)),
            };
            if !found {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    broken
}

#[test]
fn every_link_in_markdown_leads_somewhere() {
    let pages = pages();
    assert!(pages.len() > 15, "{} pages", pages.len());
    let broken = broken(&pages);
    assert!(broken.is_empty(), "links without a target:\n{}", broken.join("\n"));
}

#[test]
fn links_to_missing_files_and_headings_are_noticed() {
    let text = "# A page\n\n[a](missing.md), [b](#missing), [c](#a-page), [d](../README.md), [e](other.md#there)\n";
    let other = "## There\n\n```\n[f](code.md)\n```\n`[g](code.md)`\n";
    let page = |name: &str, text: &str| (PathBuf::from(format!("docs/{name}.md")), text.to_owned());
    let pages = BTreeMap::from([page("page", text), page("other", other)]);
    assert_eq!(broken(&pages), ["docs/page.md: missing.md", "docs/page.md: #missing"]);
}

#[test]
fn every_page_of_the_documentation_is_in_its_summary() {
    let pages = pages();
    let summary = &pages[Path::new("docs/src/SUMMARY.md")];
    for path in pages.keys().filter_map(|path| path.strip_prefix("docs/src").ok()) {
        let listed = summary.contains(&format!("({})", path.display()));
        assert!(listed || path == Path::new("SUMMARY.md"), "docs/src/SUMMARY.md does not list {}", path.display());
    }
}
