//! The specs compared, requirement by requirement.

use maud::{Markup, html};

use crate::report::differences::{Difference, asks, differences};
use crate::report::escape::visible;
use crate::report::html::context::PageContext;
use crate::report::html::part::requirement_anchor;
use crate::report::html::table::{TableRow, table};
use crate::report::text;
use crate::suite::model::Asks;
use crate::verdicts::judged_run::RequirementResult;

/// Returns the section, empty if no spec states a difference from another.
pub(crate) fn compare_specs(page: &PageContext<'_>) -> Markup {
    let all = differences(page.run);
    let (same, differ): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.asks == Asks::Same);
    html! {
        @if !differ.is_empty() || !same.is_empty() {
            section aria-labelledby="differences" {
                h2 #differences { "Where the specs differ" }
                p { "Each row compares a requirement of one spec with requirements of another spec, with the states of both in this run." }
                @if !differ.is_empty() { (side_by_side(page, "Requirements that differ", &differ)) }
                @if !same.is_empty() {
                    details.printed {
                        summary { b { "the same in both" } ": " (text::count(same.len() as u64, "requirement")) }
                        (side_by_side(page, "Requirements that are the same", &same))
                    }
                }
            }
        }
    }
}

fn side_by_side(page: &PageContext<'_>, caption: &str, all: &[Difference<'_>]) -> Markup {
    let spec = |index: usize| page.run.judgements.get(index).map(|j| j.spec.as_str()).unwrap_or_default();
    let rows = all.iter().map(|one| {
        TableRow::new(vec![
            html! { span.small { (visible(spec(one.of))) } br; (requirement(one.of, one.requirement)) },
            html! { span.word { (asks(one.asks)) } @if let Some(how) = one.how { br; (visible(how)) } },
            html! {
                span.small { (visible(spec(one.to))) }
                @for other in &one.others { br; (requirement(one.to, other)) }
            },
        ])
    });
    table(caption, &["Requirement", "Requires", "Requirement of the other spec"], rows.collect())
}

/// Returns a requirement with its level and its state.
fn requirement(index: usize, requirement: &RequirementResult) -> Markup {
    html! {
        (visible(&requirement.says)) " "
        span.small {
            a href={ "#" (requirement_anchor(index, &requirement.id)) } { code { (visible(&requirement.id)) } }
            ": " (requirement.level) ", " (requirement.state.as_str().replace('-', " "))
        }
    }
}
