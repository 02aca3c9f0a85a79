//! The section of totals, and the reasons of tests without a verdict.

use maud::{Markup, html};

use crate::base::vocabulary::Verdict;
use crate::report::html::context::PageContext;
use crate::report::html::part::{badge, spec_head};
use crate::report::html::table::{TableRow, numbers, table};
use crate::report::verdict::TallyTable;
use crate::report::{cause, finding, verdict};
use crate::verdicts::judged_run::Judgement;

pub(crate) fn tallies(page: &PageContext<'_>) -> Markup {
    html! {
        section aria-labelledby="tally" {
            h2 #tally { "Totals" }
            @for judgement in &page.run.judgements {
                (spec_head(judgement))
                (tally("Requirements by level", "Level", &verdict::by_level(judgement)))
                (tally("Requirements by area", "Area", &verdict::by_area(judgement)))
                (tally("Tests by export level", "Export level", &verdict::by_export(page.run, judgement)))
                (undecided(page, judgement))
            }
        }
    }
}

/// Returns the undetermined, skipped and not applicable tests by reason.
fn undecided(page: &PageContext<'_>, judgement: &Judgement) -> Markup {
    let mut rows = Vec::new();
    for verdict in [Verdict::Error, Verdict::Skip, Verdict::NotApplicable] {
        for cause in cause::causes(page.run, judgement, verdict) {
            let at = html! {
                (cause.reason)
                @if !cause.exchanges.is_empty() { " (" (page.exchange_links(&cause.exchanges)) ")" }
            };
            let flows = html! { (finding::flows(&cause.tests)) };
            rows.push(TableRow::new(vec![at, badge(verdict), html! { (cause.tests.len()) }, flows]));
        }
    }
    html! { @if !rows.is_empty() { (table("Reasons of undetermined, skipped and not applicable tests", &["Reason (exchange)", "Verdict", "Tests", "Flows"], rows)) } }
}

fn tally(caption: &str, first: &str, tally: &TallyTable) -> Markup {
    let names: Vec<String> = tally.columns.iter().map(|c| c.replace('-', " ")).collect();
    let heads: Vec<&str> = std::iter::once(first).chain(names.iter().map(String::as_str)).collect();
    let rows = tally.rows.iter().map(|(name, counts)| {
        let cells = counts.iter().map(|n| html! { @if *n == 0 { span.zero { "0" } } @else { (n) } });
        TableRow::new(std::iter::once(html! { (name) }).chain(cells).collect())
    });
    numbers(caption, &heads, rows.collect())
}
