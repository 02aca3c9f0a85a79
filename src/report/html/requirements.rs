//! The section of all requirements with their states.

use maud::{Markup, html};

use crate::report::escape::visible;
use crate::report::html::context::PageContext;
use crate::report::html::part::{link, requirement_anchor, spec_head, test_anchor};
use crate::report::html::table::{TableRow, table};
use crate::report::text;
use crate::verdicts::judged_run::{Judgement, RequirementResult, RequirementState};

/// The order of the groups.
const ORDER: &[RequirementState] = &[
    RequirementState::Violated,
    RequirementState::NotMet,
    RequirementState::Undetermined,
    RequirementState::Met,
    RequirementState::NotApplicable,
    RequirementState::Untested,
];

/// Longer groups are collapsed.
const MAX_OPEN: usize = 30;

pub(crate) fn requirements(page: &PageContext<'_>) -> Markup {
    html! {
        section aria-labelledby="requirements" {
            h2 #requirements { "Requirements" }
            @for (index, judgement) in page.run.judgements.iter().enumerate() {
                (spec_head(judgement))
                @for state in ORDER { (group(index, judgement, *state)) }
            }
        }
    }
}

fn group(index: usize, judgement: &Judgement, state: RequirementState) -> Markup {
    let requirements: Vec<&RequirementResult> = judgement.requirements.iter().filter(|r| r.state == state).collect();
    let open = matches!(state, RequirementState::Violated | RequirementState::NotMet | RequirementState::Undetermined)
        && requirements.len() <= MAX_OPEN;
    let name = state.as_str().replace('-', " ");
    html! {
        @if !requirements.is_empty() {
            details.printed open[open] {
                summary { b { (name) } ": " (text::count(requirements.len() as u64, "requirement")) }
                (table(&format!("Requirements {name}"), &["Requirement", "Level", "Area", "Reason and tests"],
                    requirements.iter().map(|one| row(index, judgement, one)).collect()))
            }
        }
    }
}

fn row(index: usize, judgement: &Judgement, requirement: &RequirementResult) -> TableRow {
    const SHOWN: usize = 4;
    let known = |id: &&String| judgement.tests.iter().any(|t| t.id == **id);
    let tests: Vec<&String> = requirement.tests.iter().filter(known).collect();
    let tests_cell = html! {
        @if !requirement.because.is_empty() { (visible(&requirement.because)) @if !tests.is_empty() { br; } }
        @for (i, id) in tests.iter().take(SHOWN).enumerate() {
            @if i > 0 { ", " }
            a href={ "#" (test_anchor(index, id)) } { (visible(id)) }
        }
        @if tests.len() > SHOWN { " and " (tests.len() - SHOWN) " more" }
    };
    TableRow {
        id: Some(requirement_anchor(index, &requirement.id)),
        cells: vec![
            html! { (visible(&requirement.says)) br; span.small { code { (visible(&requirement.id)) } " " (link(&requirement.link, "spec text")) } },
            html! { span.word { (requirement.level) } },
            html! { span.word { (requirement.area) } },
            tests_cell,
        ],
    }
}
