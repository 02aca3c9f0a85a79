//! The section of the verdict, with links to the most important findings.

use maud::{Markup, html};

use crate::base::vocabulary::Verdict;
use crate::report::escape::visible;
use crate::report::html::context::PageContext;
use crate::report::html::evidence::{requirements_in, shown_before};
use crate::report::html::part::{capital, requirement_anchor};
use crate::report::{cause, text, verdict};
use crate::verdicts::judged_run::{Judgement, RequirementState};

/// The number of requirements that the verdict names.
const MAX_FIRST: usize = 12;

pub(crate) fn verdict(page: &PageContext<'_>) -> Markup {
    html! {
        section aria-labelledby="verdict" {
            h2 #verdict { "Verdict" }
            @for (index, judgement) in page.run.judgements.iter().enumerate() {
                div.verdict.(judgement.outcome.as_str()) {
                    p.outcome { (capital(&verdict::sentence(page.run, judgement))) "." }
                    @for sentence in [verdict::remark(judgement), verdict::gate(judgement)].into_iter().flatten() {
                        p { (capital(&sentence)) "." }
                    }
                    @if judgement.informational { p { "Informational: this spec does not count for the outcome of the run." } }
                    p.counts { (counts(judgement)) }
                    (first_things(page, index, judgement))
                }
            }
            @if let Some(early) = &page.run.early { p.note { "The run ended early: " (visible(early)) "." } }
            @if let Some(scope) = verdict::scope(page.run) { p.note { (capital(&scope)) "." } }
            @for note in verdict::notes(page.run) { p.note { (capital(&note)) "." } }
            @if !page.run.leftovers.is_empty() {
                p.note { "Left on the server: " (text::count(page.run.leftovers.len() as u64, "job")) "." }
                ul { @for url in page.run.leftovers.iter().take(20) { li { code { (visible(url)) } } } }
            }
            p.note { "Traffic: " (verdict::traffic(page.run)) "." }
        }
    }
}

/// Returns links to the violated requirements of this spec, and the causes of undetermined tests.
fn first_things(page: &PageContext<'_>, index: usize, judgement: &Judgement) -> Markup {
    let requirements = requirements_in(page, judgement, RequirementState::Violated);
    let causes = cause::causes(page.run, judgement, Verdict::Error);
    html! {
        @if !requirements.is_empty() {
            ol.first {
                @for requirement in requirements.iter().take(MAX_FIRST) {
                    @let at = shown_before(page.run, index, &requirement.id).unwrap_or(index);
                    li { a href={ "#c" (requirement_anchor(at, &requirement.id)) } { (visible(requirement.says.trim_end_matches('.'))) } }
                }
            }
            @if requirements.len() > MAX_FIRST { p { "and " (requirements.len() - MAX_FIRST) " more." } }
        }
        @if !causes.is_empty() {
            p {
                a href="#undecided" { "Undetermined" } ": "
                @for (i, cause) in causes.iter().take(3).enumerate() {
                    @if i > 0 { "; " }
                    (text::count(cause.tests.len() as u64, "test")) ", " (text::cut(&cause.reason, 300))
                }
                @if causes.len() > 3 { "; and more" }
                "."
            }
        }
    }
}

/// Returns the number of tests by verdict: `Of 186 tests: 127 passed, 8 failed, 51 skipped.`
fn counts(judgement: &Judgement) -> String {
    let words = [
        (Verdict::Pass, "passed"),
        (Verdict::Fail, "failed"),
        (Verdict::Warn, "warned"),
        (Verdict::Error, "undetermined"),
        (Verdict::Skip, "skipped"),
        (Verdict::NotApplicable, "not applicable"),
    ];
    let count = |verdict| judgement.tests.iter().filter(|t| t.verdict == verdict).count();
    let parts: Vec<String> =
        words.iter().filter(|(v, _)| count(*v) > 0).map(|(v, word)| format!("{} {word}", count(*v))).collect();
    format!("Of {}: {}.", text::count(judgement.tests.len() as u64, "test"), parts.join(", "))
}
