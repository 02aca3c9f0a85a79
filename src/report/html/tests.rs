//! Every test with its verdict, its reason and its place in the suites.

use maud::{Markup, html};

use std::collections::BTreeMap;

use crate::base::vocabulary::Verdict;
use crate::report::escape::visible;
use crate::report::html::Page;
use crate::report::html::part::{Row, duty_anchor, table, test_anchor};
use crate::report::{cause, text};
use crate::verdicts::judged_run::{Judgement, TestResult};

/// The groups, what needs work first.
const ORDER: &[Verdict] =
    &[Verdict::Fail, Verdict::Error, Verdict::Warn, Verdict::Pass, Verdict::Skip, Verdict::NotApplicable];

/// Longer groups are folded.
const MAX_OPEN: usize = 30;

/// Whether the verdict comes from looking at answers, so that tests do not share its reason.
fn judged(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Pass | Verdict::Fail | Verdict::Warn)
}

impl Page<'_> {
    pub(crate) fn tests(&self) -> Markup {
        html! {
            section aria-labelledby="tests" {
                h2 #tests { "Tests" }
                @for (index, judgement) in self.run.judgements.iter().enumerate() {
                    (self.spec_head(judgement))
                    @for verdict in ORDER { (self.test_group(index, judgement, *verdict)) }
                }
            }
        }
    }

    fn test_group(&self, index: usize, judgement: &Judgement, verdict: Verdict) -> Markup {
        let tests: Vec<&TestResult> = judgement.tests.iter().filter(|t| t.verdict == verdict).collect();
        // Many at once have few causes, and those stand above.
        let open = matches!(verdict, Verdict::Fail | Verdict::Error | Verdict::Warn) && tests.len() <= MAX_OPEN;
        let mut tellers: BTreeMap<&str, &TestResult> = BTreeMap::new();
        for cause in cause::causes(self.run, judgement, verdict).iter().filter(|_| !judged(verdict)) {
            let first = cause.tests.first().copied();
            tellers.extend(cause.tests.iter().skip(1).filter_map(|t| Some((t.id.as_str(), first?))));
        }
        let name = verdict.as_str().replace('-', " ");
        html! {
            @if !tests.is_empty() {
                details open[open] {
                    summary { b { (name) } ": " (text::count(tests.len() as u64, "test")) }
                    (table(&format!("Tests: {name}"), &["Test", "Level", "Found", "Exchanges", "Written in"],
                        tests.iter().map(|t| self.test_row(index, judgement, t, tellers.get(t.id.as_str()).copied())).collect()))
                }
            }
        }
    }

    fn test_row(&self, index: usize, judgement: &Judgement, test: &TestResult, teller: Option<&TestResult>) -> Row {
        let known = |id: &&String| judgement.requirements.iter().any(|r| r.id == **id);
        let found = html! {
            @match teller {
                Some(first) => { "as " a href={ "#" (test_anchor(index, &first.id)) } { (visible(&first.id)) } },
                // The findings say the same, and where.
                None if test.findings.is_empty() => (visible(&test.because)),
                None => {},
            }
            @for f in test.findings.iter().take(3) {
                div.small {
                    @if let Some(id) = f.exchange { (self.exchange_link(id)) " " }
                    (visible(&f.place.to_string())) ": expected " (visible(&f.expected)) ", found " (text::cut(&visible(&f.actual), 300))
                }
            }
            @if let Some(reason) = &test.known { div.small { "known: " (visible(reason)) } }
            @if test.because.is_empty() && test.findings.is_empty() { span.zero { "as expected" } }
        };
        let test_cell = html! {
            (visible(&test.title)) br;
            span.small {
                code { (visible(&test.id)) }
                @for id in test.requirements.iter().filter(known) {
                    " " a href={ "#" (duty_anchor(index, id)) } { (visible(id)) }
                }
            }
        };
        Row {
            id: Some(test_anchor(index, &test.id)),
            cells: vec![
                test_cell,
                html! { span.word { (test.level) } @if test.defect { br; span.small { "the text errs" } } },
                found,
                self.exchange_links(&test.exchanges),
                html! { code { (visible(&test.suite)) } },
            ],
        }
    }
}
