//! Suite files: those that ship are read, good ones of every shape too, and each mistake is refused where it stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;

use plimsoll::suite;

#[test]
fn refused() {
    let mut names: Vec<String> = std::fs::read_dir("fixtures/refused-suites")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 40, "{} folders of mistakes", names.len());
    for name in names {
        let folder = Path::new("fixtures/refused-suites").join(&name);
        match suite::read_dir(&folder) {
            Ok(_) => panic!("{} was not refused", folder.display()),
            Err(refusals) => insta::assert_snapshot!(format!("refused-{name}"), refusals.render(false)),
        }
    }
}

/// Run this alone while writing suites: it shows every mistake in `suites/`.
#[test]
fn shipped_suites_are_sound() {
    let shipped = suite::read_dir(Path::new("suites"));
    let shipped = shipped.unwrap_or_else(|refusals| panic!("\n{}", refusals.render(false)));
    let embedded = suite::embedded().unwrap_or_else(|refusals| panic!("\n{}", refusals.render(false)));
    assert_eq!(embedded.digest, shipped.digest, "the embedded suites are those of the folder");
    assert_eq!(embedded.digest.len(), 12);
    assert_eq!(
        embedded.requirements.keys().collect::<Vec<_>>(),
        shipped.requirements.keys().collect::<Vec<_>>(),
        "both ways give the same order"
    );
    assert!(embedded.flow("system").is_some_and(|flow| !flow.title.is_empty()));
    let source = &embedded.spec("hl7-3.0.0").unwrap().source;
    let text = std::fs::read_to_string(&source.file).unwrap();
    assert_eq!(text.lines().nth(source.line - 1), Some("[spec.\"hl7-3.0.0\"]"));
}

#[test]
fn every_suite_file_is_compiled_in_and_names_its_schema() {
    let mut folder: Vec<String> = std::fs::read_dir("suites")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    folder.sort();
    let mut embedded: Vec<&str> = suite::EMBEDDED.iter().map(|(name, _)| *name).collect();
    embedded.sort_unstable();
    assert_eq!(embedded, folder, "the list in src/suite/source.rs is that of the folder");
    for (name, text) in suite::EMBEDDED {
        let first = text.lines().next();
        assert_eq!(first, Some("#:schema ./suite.schema.json"), "the first line of suites/{name}, for editors");
    }
}
