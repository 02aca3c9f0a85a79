//! The section of all tests with verdict, reason and place in the suites.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::base::vocabulary::Verdict;
use crate::report::escape::visible;
use crate::report::html::context::PageContext;
use crate::report::html::part::{requirement_anchor, spec_head, test_anchor};
use crate::report::html::table::{TableRow, table};
use crate::report::{cause, text};
use crate::verdicts::judged_run::{Judgement, TestResult};

/// The order of the groups.
const ORDER: &[Verdict] =
    &[Verdict::Fail, Verdict::Error, Verdict::Warn, Verdict::Pass, Verdict::Skip, Verdict::NotApplicable];

/// Longer groups are collapsed.
const MAX_OPEN: usize = 30;

/// Returns whether the verdict is a result of expectations; such tests do not share a reason.
fn is_judged(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Pass | Verdict::Fail | Verdict::Warn)
}

pub(crate) fn tests(page: &PageContext<'_>) -> Markup {
    html! {
        section aria-labelledby="tests" {
            h2 #tests { "Tests" }
            @for (index, judgement) in page.run.judgements.iter().enumerate() {
                (spec_head(judgement))
                @for verdict in ORDER { (test_group(page, index, judgement, *verdict)) }
            }
        }
    }
}

fn test_group(page: &PageContext<'_>, index: usize, judgement: &Judgement, verdict: Verdict) -> Markup {
    let tests: Vec<&TestResult> = judgement.tests.iter().filter(|t| t.verdict == verdict).collect();
    // Many tests of one verdict have few causes, which the page shows above.
    let open = matches!(verdict, Verdict::Fail | Verdict::Error | Verdict::Warn) && tests.len() <= MAX_OPEN;
    let mut first_of_cause: BTreeMap<&str, &TestResult> = BTreeMap::new();
    for cause in cause::causes(page.run, judgement, verdict).iter().filter(|_| !is_judged(verdict)) {
        let first = cause.tests.first().copied();
        first_of_cause.extend(cause.tests.iter().skip(1).filter_map(|t| Some((t.id.as_str(), first?))));
    }
    let name = verdict.as_str().replace('-', " ");
    html! {
        @if !tests.is_empty() {
            details open[open] {
                summary { b { (name) } ": " (text::count(tests.len() as u64, "test")) }
                (table(&format!("Tests: {name}"), &["Test", "Level", "Result", "Exchanges", "Suite"],
                    tests.iter().map(|t| test_row(page, index, judgement, t, first_of_cause.get(t.id.as_str()).copied())).collect()))
            }
        }
    }
}

fn test_row(
    page: &PageContext<'_>,
    index: usize,
    judgement: &Judgement,
    test: &TestResult,
    first_of_cause: Option<&TestResult>,
) -> TableRow {
    let known = |id: &&String| judgement.requirements.iter().any(|r| r.id == **id);
    let found = html! {
        @match first_of_cause {
            Some(first) => { "same as " a href={ "#" (test_anchor(index, &first.id)) } { (visible(&first.id)) } },
            // The findings show the reason.
            None if test.findings.is_empty() => (visible(&test.because)),
            None => {},
        }
        @for f in test.findings.iter().take(3) {
            div.small {
                @if let Some(id) = f.exchange { (page.exchange_link(id)) " " }
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
                " " a href={ "#" (requirement_anchor(index, id)) } { (visible(id)) }
            }
        }
    };
    TableRow {
        id: Some(test_anchor(index, &test.id)),
        cells: vec![
            test_cell,
            html! { span.word { (test.level) } @if test.defect { br; span.small { "the spec text is wrong" } } },
            found,
            page.exchange_links(&test.exchanges),
            html! { code { (visible(&test.suite)) } },
        ],
    }
}
