//! Fuzzes a recording: it is refused, or both judgements are equal and every report is rendered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::judge::judge_run;
use plimsoll::recording::store;

fuzz_target!(|data: &[u8]| {
    let path = std::env::temp_dir().join(format!("plimsoll-fuzz-{}.jsonl", std::process::id()));
    if std::fs::write(&path, data).is_err() {
        return;
    }
    let Ok(recording) = store::read(&path) else { return };
    let (catalog, plan) = plimsoll_fuzz::rules();
    let run = judge_run::judge(catalog, plan, &recording);
    assert_eq!(
        run.judgements,
        judge_run::judge(catalog, plan, &recording).judgements,
        "both judgements of the recording are equal"
    );
    plimsoll_fuzz::draw(&run);
});
