//! Tests of suite files: valid ones are read, and each mistake is refused with its position.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;

#[test]
fn mistakes_are_refused() {
    let mut names: Vec<String> = std::fs::read_dir("fixtures/refused-suites")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 40, "{} folders of mistakes", names.len());
    for name in names {
        let folder = Path::new("fixtures/refused-suites").join(&name);
        match plimsoll::suite::source::read_dir(&folder) {
            Ok(_) => panic!("{} was not refused", folder.display()),
            Err(refusals) => insta::assert_snapshot!(format!("refused-{name}"), refusals.render(false)),
        }
    }
}

/// Run only this test while you write suites: it shows every mistake in `suites/`.
#[test]
fn the_shipped_suites_are_valid() {
    let shipped = plimsoll::suite::source::read_dir(Path::new("suites"));
    let shipped = shipped.unwrap_or_else(|refusals| panic!("\n{}", refusals.render(false)));
    let embedded =
        plimsoll::suite::source::embedded().unwrap_or_else(|refusals| panic!("\n{}", refusals.render(false)));
    assert_eq!(embedded.digest, shipped.digest, "the embedded suites are not those of the folder");
    assert_eq!(embedded.digest.len(), 12);
    assert_eq!(
        embedded.requirements.keys().collect::<Vec<_>>(),
        shipped.requirements.keys().collect::<Vec<_>>(),
        "the embedded suites have another order than the folder"
    );
    let levels: Vec<String> = embedded.tests_of("lesson-kickoff-three-levels").map(|test| test.name()).collect();
    assert_eq!(
        levels,
        [
            "kickoff::endpoint-system",
            "kickoff::endpoint-patient",
            "kickoff::endpoint-group",
            "kickoff::endpoint-group-found"
        ]
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
        .map(|entry| format!("suites/{}", entry.unwrap().file_name().into_string().unwrap()))
        .filter(|name| name.ends_with(".toml"))
        .collect();
    folder.sort();
    let mut embedded: Vec<&str> = plimsoll::suite::source::EMBEDDED.iter().map(|(name, _)| *name).collect();
    embedded.sort_unstable();
    assert_eq!(embedded, folder, "build.rs lists other files than the folder has");
    for (name, text) in plimsoll::suite::source::EMBEDDED {
        let first = text.lines().next();
        assert_eq!(first, Some("#:schema ./suite.schema.json"), "the first line of {name}, for editors");
    }
}

const SCHEMA: &str = "suites/suite.schema.json";

#[test]
fn schema_is_fresh() {
    let fresh = plimsoll::suite::schema::schema();
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(SCHEMA, &fresh).unwrap();
    }
    let stored = std::fs::read_to_string(SCHEMA).unwrap_or_default();
    assert!(
        stored == fresh,
        "{SCHEMA} does not match the types in src/suite. Run UPDATE=1 cargo test --test judging schema_is_fresh"
    );
}

/// Folders of mistakes that the schema alone refuses, so that an editor shows them.
const SCHEMA_LEVEL: &[&str] = &[
    "bad-base",
    "empty-areas",
    "empty-expect",
    "empty-flow",
    "empty-lines",
    "empty-on",
    "empty-verifies",
    "expect-and-any-of",
    "expects-nothing",
    "many-mistakes",
    "missing-key",
    "no-spec",
    "no-subject",
    "status-range",
    "status-word",
    "two-subjects",
    "unknown-area",
    "unknown-check",
    "unknown-key",
    "unknown-moment",
    "unknown-on",
    "unknown-pick",
    "unknown-rule",
    "unknown-section",
    "unknown-send",
    "unknown-shape",
    "wrong-level",
    "wrong-type",
];

#[test]
fn schema_accepts_valid_suites_and_refuses_simple_mistakes() {
    let schema: serde_json::Value = serde_json::from_str(&plimsoll::suite::schema::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value = |path: &Path| -> serde_json::Value {
        let text = std::fs::read_to_string(path).unwrap();
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    for folder in ["suites", "fixtures/suites/whole"] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let errors: Vec<String> = validator
                    .iter_errors(&value(&path))
                    .map(|error| format!("{}: {error}", error.instance_path()))
                    .collect();
                assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
            }
        }
    }
    for name in SCHEMA_LEVEL {
        let path = Path::new("fixtures/refused-suites").join(name).join("suite.toml");
        assert!(!validator.is_valid(&value(&path)), "{} is valid", path.display());
    }
}

#[test]
fn a_suite_with_every_feature_is_read() {
    let catalog = plimsoll::suite::source::read_dir(Path::new("fixtures/suites/whole"));
    let catalog = catalog.unwrap_or_else(|refusals| panic!("\n{}", refusals.render(false)));
    insta::assert_debug_snapshot!("whole", catalog.requirements.values().collect::<Vec<_>>());
    insta::assert_debug_snapshot!("whole-tests", catalog.tests);
    // A spec that builds on another has its requirements, without those that it drops, and its own level if it names
    // one.
    let place = |id: &str| catalog.requirement(id).unwrap().places.get("guide-1.1").cloned();
    assert!(place("kickoff-get").is_none(), "dropped");
    assert_eq!(place("poll-202").unwrap().level, plimsoll::base::vocabulary::Level::Shall, "inherited");
    assert_eq!(place("poll-progress").unwrap().level, plimsoll::base::vocabulary::Level::Shall, "its own");
    assert_eq!(catalog.link("poll-202", "guide-1.2").unwrap(), "https://example.org/guide/1.0/poll.html#running");
    assert_eq!(catalog.link("poll-progress", "guide-1.1").unwrap(), "https://example.org/guide/1.1/poll.html#progress");
    assert_eq!(catalog.link("kickoff-get", "guide-1.1"), None);
    // The tests of an adopted requirement verify the adopting one, also through a third requirement.
    let names: Vec<String> =
        catalog.tests_of("poll-alias-of-alias").map(plimsoll::suite::catalog::Test::name).collect();
    assert_eq!(names, ["poll::in-progress-202"]);
}

#[test]
fn the_digest_depends_only_on_names_and_bytes() {
    use plimsoll::suite::refusal::SuiteFile;
    use plimsoll::suite::source::load;
    let file = |name: &str, folder: &str, text: &str| SuiteFile {
        name: name.to_owned(),
        path: format!("{folder}/{name}"),
        text: text.to_owned(),
    };
    let digest = |files| load(files).unwrap().digest;
    let ab = digest(vec![file("a.toml", "x", "# 1"), file("b.toml", "x", "# 2")]);
    assert_eq!(ab, digest(vec![file("b.toml", "y", "# 2"), file("a.toml", "y", "# 1")]));
    assert_ne!(ab, digest(vec![file("a.toml", "x", "# 2"), file("b.toml", "x", "# 1")]));
    assert_ne!(ab, digest(vec![file("a.toml", "x", "# 1 "), file("b.toml", "x", "# 2")]));
}

#[test]
fn no_part_of_a_suite_makes_the_reader_panic() {
    use plimsoll::suite::refusal::SuiteFile;
    use plimsoll::suite::source::load;
    let text = std::fs::read_to_string("fixtures/suites/whole/poll.toml").unwrap();
    let specs = std::fs::read_to_string("fixtures/suites/whole/specs.toml").unwrap();
    let file = |name: &str, text: &str| SuiteFile { name: name.into(), path: name.into(), text: text.into() };
    let mut halves: Vec<String> = (0..text.len()).step_by(7).map(|end| text[..end].to_owned()).collect();
    let lines: Vec<&str> = text.lines().collect();
    for without in 0..lines.len() {
        let kept = lines.iter().enumerate().filter(|(line, _)| *line != without).map(|(_, text)| *text);
        halves.push(kept.collect::<Vec<_>>().join("\r\n"));
    }
    for c in ['"', '[', '{', '\u{0}', '\u{feff}', '='] {
        halves.extend((0..text.len()).step_by(61).map(|at| format!("{}{c}{}", &text[..at], &text[at..])));
    }
    halves.push("[".repeat(10_000));
    halves.push(format!("area = {}", "[{a=".repeat(5_000)));
    let mut refused = 0;
    for half in &halves {
        if let Err(refusals) = load(vec![file("poll.toml", half), file("specs.toml", &specs)]) {
            assert!(!refusals.is_empty() && refusals.render(false).starts_with("error: "), "{half}");
            refused += 1;
        }
    }
    assert!(refused > halves.len() / 2, "{refused} of {}", halves.len());
}

#[test]
fn unreadable_files_are_named() {
    let missing = plimsoll::suite::source::read_dir(Path::new("fixtures/no-such-folder")).unwrap_err().to_string();
    assert!(missing.starts_with("error: fixtures/no-such-folder: cannot read the folder: "), "{missing}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("latin.toml"), b"area = \"\xe4\"").unwrap();
    std::fs::create_dir(folder.path().join("folder.toml")).unwrap();
    let unreadable = plimsoll::suite::source::read_dir(folder.path()).unwrap_err();
    assert_eq!(unreadable.len(), 2, "{unreadable}");
    assert!(unreadable.to_string().contains("latin.toml: "), "{unreadable}");
}
