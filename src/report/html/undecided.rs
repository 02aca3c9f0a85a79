//! The section of undetermined tests: a card for each cause.

use maud::{Markup, html};

use crate::base::vocabulary::Verdict;
use crate::report::cause::Cause;
use crate::report::escape::visible;
use crate::report::html::context::PageContext;
use crate::report::html::finding::exchange_excerpt;
use crate::report::html::part::{capital, spec_head, test_anchor};
use crate::report::{cause, finding, text};
use crate::verdicts::judged_run::Judgement;

/// The number of causes that are shown, and of tests that a card names.
const MAX_CAUSES: usize = 8;
const MAX_NAMES: usize = 6;

/// Returns the section of undetermined tests.
pub(crate) fn undecided_causes(page: &PageContext<'_>) -> Markup {
    let all: Vec<_> = page.run.judgements.iter().map(|j| (j, cause::causes(page.run, j, Verdict::Error))).collect();
    html! {
        @if all.iter().any(|(_, causes)| !causes.is_empty()) {
            section aria-labelledby="undecided" {
                h2 #undecided { "Undetermined" }
                p.note { "These tests found no violation. Remove the cause and run again." }
                @for (index, (judgement, causes)) in all.iter().enumerate().filter(|(_, (_, c))| !c.is_empty()) {
                    (spec_head(judgement))
                    @for cause in causes.iter().take(MAX_CAUSES) {
                        (cause_card(page, index, cause, all.get(..index).unwrap_or_default()))
                    }
                    @if causes.len() > MAX_CAUSES {
                        p.note { (text::count((causes.len() - MAX_CAUSES) as u64, "more cause")) "; see Tests." }
                    }
                }
            }
        }
    }
}

fn cause_card(
    page: &PageContext<'_>,
    index: usize,
    cause: &Cause<'_>,
    before: &[(&Judgement, Vec<Cause<'_>>)],
) -> Markup {
    let shown_before =
        before.iter().find(|(_, all)| all.iter().any(|c| c.exchanges == cause.exchanges && c.reason == cause.reason));
    let exchange = cause.tests.first().and_then(|t| finding::lone_exchange(page.run, t));
    let first = cause.tests.iter().take(MAX_NAMES);
    html! {
        article.card.doubt {
            p.kicker { (text::count(cause.tests.len() as u64, "test")) " undetermined, on " (finding::flows(&cause.tests)) }
            h4 { (capital(&text::cut(&cause.reason, 400))) "." }
            @match (shown_before, exchange) {
                (Some((judgement, _)), _) => p.note { "Same cause as under " (visible(&judgement.spec)) "." },
                (None, Some(exchange)) => (exchange_excerpt(page, exchange)),
                (None, None) => {},
            }
            p.note {
                "Tests: "
                @for (i, test) in first.enumerate() {
                    @if i > 0 { ", " }
                    a href={ "#" (test_anchor(index, &test.id)) } { (visible(&test.id)) }
                }
                @if cause.tests.len() > MAX_NAMES { " and " (cause.tests.len() - MAX_NAMES) " more" }
                "."
            }
        }
    }
}
