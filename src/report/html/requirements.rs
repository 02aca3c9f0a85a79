//! Every requirement with its state.

use maud::{Markup, html};

use crate::report::escape::visible;
use crate::report::html::Page;
use crate::report::html::part::{Row, duty_anchor, link, table, test_anchor};
use crate::report::text;
use crate::verdicts::judged_run::{Judgement, RequirementResult, State};

/// The groups, what needs work first.
const ORDER: &[State] =
    &[State::Violated, State::NotMet, State::Undetermined, State::Met, State::NotApplicable, State::Untested];

/// Longer groups are folded.
const MAX_OPEN: usize = 30;

impl Page<'_> {
    pub(crate) fn duties(&self) -> Markup {
        html! {
            section aria-labelledby="requirements" {
                h2 #requirements { "Requirements" }
                @for (index, judgement) in self.run.judgements.iter().enumerate() {
                    (self.spec_head(judgement))
                    @for state in ORDER { (group(index, judgement, *state)) }
                }
            }
        }
    }
}

fn group(index: usize, judgement: &Judgement, state: State) -> Markup {
    let duties: Vec<&RequirementResult> = judgement.requirements.iter().filter(|r| r.state == state).collect();
    let open = matches!(state, State::Violated | State::NotMet | State::Undetermined) && duties.len() <= MAX_OPEN;
    let name = state.as_str().replace('-', " ");
    html! {
        @if !duties.is_empty() {
            details.printed open[open] {
                summary { b { (name) } ": " (text::count(duties.len() as u64, "requirement")) }
                (table(&format!("Requirements {name}"), &["Duty", "Level", "Feature", "Why, or decided by"],
                    duties.iter().map(|d| row(index, judgement, d)).collect()))
            }
        }
    }
}

fn row(index: usize, judgement: &Judgement, duty: &RequirementResult) -> Row {
    const SHOWN: usize = 4;
    let known = |id: &&String| judgement.tests.iter().any(|t| t.id == **id);
    let tests: Vec<&String> = duty.tests.iter().filter(known).collect();
    let decided = html! {
        @if !duty.because.is_empty() { (visible(&duty.because)) @if !tests.is_empty() { br; } }
        @for (i, id) in tests.iter().take(SHOWN).enumerate() {
            @if i > 0 { ", " }
            a href={ "#" (test_anchor(index, id)) } { (visible(id)) }
        }
        @if tests.len() > SHOWN { " and " (tests.len() - SHOWN) " more" }
    };
    Row {
        id: Some(duty_anchor(index, &duty.id)),
        cells: vec![
            html! { (visible(&duty.says)) br; span.small { code { (visible(&duty.id)) } " " (link(&duty.link, "text")) } },
            html! { span.word { (duty.level) } },
            html! { span.word { (duty.area) } },
            decided,
        ],
    }
}
