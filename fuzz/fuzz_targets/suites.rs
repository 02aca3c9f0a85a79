//! Fuzzes a suite file: it is loaded, or refused with a message.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::suite::refusal::SuiteFile;

fuzz_target!(|text: &str| {
    let file = SuiteFile { name: "fuzzed.toml".into(), path: "fuzzed.toml".into(), text: text.to_owned() };
    if let Err(refusals) = plimsoll::suite::source::load(vec![file]) {
        assert!(!refusals.render(false).is_empty(), "a refusal has a message");
    }
});
