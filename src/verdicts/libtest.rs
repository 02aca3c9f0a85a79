//! Prints judgements as trials of libtest-mimic.

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::base::unprintable::one_line;
use crate::base::vocabulary::Verdict;
use crate::verdicts::judged_run::{Judgement, Run, TestResult};

/// Reads the arguments after `--`, as `cargo test` does.
///
/// # Errors
/// The error of clap: a mistake, or a request for help.
pub fn arguments(args: &[String]) -> Result<Arguments, clap::Error> {
    let program = std::iter::once("plimsoll run --".to_owned());
    <Arguments as clap::Parser>::try_parse_from(program.chain(args.iter().cloned()))
}

/// Returns whether the arguments select the test of this name.
pub fn selects(args: &Arguments, name: &str) -> bool {
    !args.is_filtered_out(&Trial::test(name, || Ok(())))
}

/// Lists the tests as `cargo test -- --list` does, in the format that the arguments name.
pub fn list(args: &Arguments, names: impl Iterator<Item = String>) {
    let args = Arguments { list: true, ..args.clone() };
    // A list has no outcome.
    let _ = libtest_mimic::run(&args, names.map(|name| Trial::test(name, || Ok(()))).collect());
}

/// Prints the judged run as libtest does, one trial for each test. `render` formats the findings of a test. `follows`
/// returns a reference to an earlier undetermined test with the same cause: a cause fails one trial, and the other
/// tests are only counted. The exit code comes from [`crate::verdicts::exit::code`], not from here.
pub fn print(
    args: &Arguments,
    run: &Run,
    strict: bool,
    render: impl Fn(&Judgement, &TestResult) -> String,
    follows: impl Fn(&Judgement, &TestResult) -> Option<String>,
) {
    let several = run.judgements.len() > 1;
    let mut trials = Vec::new();
    for judgement in &run.judgements {
        for test in &judgement.tests {
            let name = if several { format!("{}::{}", judgement.spec, test.id) } else { test.id.clone() };
            let end = match follows(judgement, test).filter(|_| test.verdict == Verdict::Error) {
                Some(earlier) => Ok(Completion::ignored_with(one_line(&format!("undetermined: {earlier}"), 160))),
                None => end(test, strict, || render(judgement, test)),
            };
            trials.push(Trial::ignorable_test(name, move || end));
        }
    }
    // The verdicts are known already; one thread prints them in the order of the suites.
    let args = Arguments { test_threads: args.test_threads.or(Some(1)), ..args.clone() };
    let _ = libtest_mimic::run(&args, trials);
}

/// Returns the result of a trial.
fn end(test: &TestResult, strict: bool, render: impl FnOnce() -> String) -> Result<Completion, Failed> {
    let ignored = |why: &str| Ok(Completion::ignored_with(one_line(why, 300)));
    match test.verdict {
        Verdict::Pass => Ok(Completion::Completed),
        Verdict::Fail | Verdict::Warn if test.known.is_some() => {
            ignored(&format!("known deviation: {}", test.known.as_deref().unwrap_or_default()))
        }
        Verdict::Warn if !strict => Ok(Completion::Completed),
        Verdict::Fail | Verdict::Warn | Verdict::Error => Err(render().into()),
        Verdict::Skip => ignored(&test.because),
        Verdict::NotApplicable => ignored(&format!("not applicable: {}", test.because)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::verdicts::samples::test;

    fn args(words: &[&str]) -> Arguments {
        arguments(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn exact_skip_and_filter_select_as_in_cargo_test() {
        let name = "poll::in-progress-202@patient";
        assert!(selects(&args(&[]), name));
        assert!(selects(&args(&["progress"]), name));
        assert!(!selects(&args(&["progress", "--exact"]), name));
        assert!(selects(&args(&[name, "--exact"]), name));
        assert!(!selects(&args(&["--skip", "@patient"]), name));
        assert!(arguments(&["--no-such-thing".to_owned()]).is_err());
    }

    #[test]
    fn verdicts_are_results_of_libtest() {
        let end = |verdict, strict| end(&test("poll::a@system", verdict), strict, || "the finding".to_owned());
        assert!(matches!(end(Verdict::Pass, false), Ok(Completion::Completed)));
        assert_eq!(end(Verdict::Fail, false).err().unwrap().message(), Some("the finding"));
        assert!(matches!(end(Verdict::Warn, false), Ok(Completion::Completed)));
        assert!(end(Verdict::Warn, true).is_err());
        assert_eq!(end(Verdict::Error, false).err().unwrap().message(), Some("the finding"));
        assert!(matches!(end(Verdict::Skip, true), Ok(Completion::Ignored { .. })));
        assert!(matches!(end(Verdict::NotApplicable, true), Ok(Completion::Ignored { .. })));
    }

    #[test]
    fn a_known_deviation_is_ignored_with_its_reason() {
        let mut known = test("poll::a@system", Verdict::Fail);
        known.known = Some("vendor ticket 17".to_owned());
        match end(&known, false, String::new) {
            Ok(Completion::Ignored { reason }) => assert_eq!(reason.unwrap(), "known deviation: vendor ticket 17"),
            _ => panic!("a known deviation does not fail a trial"),
        }
    }
}
