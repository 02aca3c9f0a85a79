//! The examples of README.md and of the documentation must work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::path::Path;

use crate::support::{plimsoll, plimsoll_in, shown};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the TOML blocks of a page of the documentation, in order.
fn blocks(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/src").join(page)).unwrap();
    let blocks = text.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// Returns the text of README.md and of all pages written by hand.
fn documentation() -> String {
    let pages = fs::read_dir(root().join("docs/src")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.is_file() && !path.ends_with("suite-language.md"));
    pages.chain([root().join("README.md")]).map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn the_example_test_and_fault_of_the_documentation_work() {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(root().join("suites")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let blocks = blocks("writing-tests.md");
    let [requirement, test, fault] = blocks.as_slice() else { panic!("{} blocks", blocks.len()) };
    let poll = folder.path().join("poll.toml");
    fs::write(&poll, fs::read_to_string(&poll).unwrap() + "\n" + requirement + "\n" + test).unwrap();
    let suites = folder.path().to_str().unwrap();
    let explained = plimsoll(&["explain", "poll::says-how-far", "--suites", suites]);
    assert_eq!(explained.status.code(), Some(0), "{}", shown(&explained));
    assert!(shown(&explained).contains("header X-Progress is "), "{}", shown(&explained));
    let run = plimsoll_in(folder.path(), &["run", "says-how-far", "--suites", suites, "--report", "report"], &[]);
    assert_eq!(run.status.code(), Some(0), "{}", shown(&run));
    assert!(shown(&run).contains("test result: ok. 3 passed; 0 failed"), "{}", shown(&run));
    let fault =
        plimsoll::reference::fault::definition::parse_fault("fixtures/faults/says-nothing.toml", fault).unwrap();
    assert_eq!(fault.notices, ["poll::says-how-far"]);
}

#[test]
fn the_known_deviation_of_the_documentation_names_a_test() {
    let folder = tempfile::tempdir().unwrap();
    let [known] = &blocks("pipelines.md")[..] else { panic!("one block") };
    fs::write(folder.path().join("plimsoll.toml"), known).unwrap();
    let list = plimsoll_in(folder.path(), &["run", "--list"], &[]);
    assert_eq!(list.status.code(), Some(0), "{}", shown(&list));
    let wrong = known.replace("in-progress-202", "in-progres-202");
    fs::write(folder.path().join("plimsoll.toml"), wrong).unwrap();
    let refused = plimsoll_in(folder.path(), &["run", "--list"], &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(shown(&refused).contains("did you mean \"poll::in-progress-202\"?"), "{}", shown(&refused));
}

#[test]
fn every_flag_in_the_documentation_exists() {
    let documentation = documentation();
    let mut help = String::new();
    for command in ["run", "init", "replay", "serve", "ndjson", "list", "explain", "coverage", "selftest", "diff"] {
        help += &String::from_utf8(plimsoll(&[command, "--help"]).stdout).unwrap();
    }
    let words = documentation.split(|c: char| c.is_whitespace() || "`,;()".contains(c));
    let flags = words.filter(|word| word.starts_with("--") && word.len() > 2);
    // Flags of cargo and libtest.
    let foreign = ["--release", "--path", "--exact", "--test", "--bench", "--nocapture", "--output"];
    let mut seen = 0;
    for flag in flags.map(|flag| flag.split('=').next().unwrap()).filter(|flag| !foreign.contains(flag)) {
        if flag.chars().all(|c| c == '-') {
            continue;
        }
        assert!(help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")), "{flag} is in no --help");
        seen += 1;
    }
    assert!(seen > 15, "{seen} flags found");
}

#[test]
fn the_configuration_of_the_documentation_is_accepted() {
    for page in ["configuration.md", "changing-data.md"] {
        let [text] = &blocks(page)[..] else { panic!("{page} has another number of blocks") };
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plimsoll.toml"), text).unwrap();
        fs::write(folder.path().join("key.pem"), "").unwrap();
        let printed = plimsoll_in(folder.path(), &["run", "--print-config"], &[]);
        assert_eq!(printed.status.code(), Some(0), "{page}: {}", shown(&printed));
    }
}
