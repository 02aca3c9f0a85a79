//! Specs side by side, duty by duty.

use maud::{Markup, html};

use crate::report::differences::{Difference, asks, differences};
use crate::report::escape::visible;
use crate::report::html::Page;
use crate::report::html::part::{Row, duty_anchor, table};
use crate::report::text;
use crate::suite::model::Asks;
use crate::verdicts::judged_run::RequirementResult;

impl Page<'_> {
    /// The section; nothing where no two of the specs speak of each other.
    pub(crate) fn beside(&self) -> Markup {
        let all = differences(self.run);
        let (same, differ): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.asks == Asks::Same);
        html! {
            @if !differ.is_empty() || !same.is_empty() {
                section aria-labelledby="beside" {
                    h2 #beside { "Where the specs differ" }
                    p { "The same answers, judged by each: what one spec asks for, what it asks for by the other, and what the other says." }
                    @if !differ.is_empty() { (self.side_by_side("Duties that differ", &differ)) }
                    @if !same.is_empty() {
                        details.printed {
                            summary { b { "the same in both" } ": " (text::count(same.len() as u64, "duty")) }
                            (self.side_by_side("Duties that are the same", &same))
                        }
                    }
                }
            }
        }
    }

    fn side_by_side(&self, caption: &str, all: &[Difference<'_>]) -> Markup {
        let spec = |index: usize| self.run.judgements.get(index).map(|j| j.spec.as_str()).unwrap_or_default();
        let rows = all.iter().map(|one| {
            Row::new(vec![
                html! { span.small { (visible(spec(one.of))) } br; (duty(one.of, one.duty)) },
                html! { span.word { (asks(one.asks)) } @if let Some(how) = one.how { br; (visible(how)) } },
                html! {
                    span.small { (visible(spec(one.to))) }
                    @for other in &one.duties { br; (duty(one.to, other)) }
                },
            ])
        });
        table(caption, &["One spec", "asks for", "than the other"], rows.collect())
    }
}

/// A duty with its level and what came of it.
fn duty(index: usize, duty: &RequirementResult) -> Markup {
    html! {
        (visible(&duty.says)) " "
        span.small {
            a href={ "#" (duty_anchor(index, &duty.id)) } { code { (visible(&duty.id)) } }
            ": " (duty.level) ", " (duty.state.as_str().replace('-', " "))
        }
    }
}
