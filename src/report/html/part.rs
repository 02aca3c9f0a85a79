//! Pieces that several sections use.

use maud::{Markup, html};

use crate::recording::model::Exchange;
use crate::report::escape::visible;
use crate::report::html::Page;
use crate::report::wire::{Detail, Line, Mark};
use crate::report::{curl, finding, text, wire};
use crate::verdicts::judged_run::{Finding, Judgement, Run, TestResult};

/// Columns of a wire excerpt on the page; it scrolls in its own box where there is less room.
const COLUMNS: usize = 110;

/// A table that says what it is, and folds into stacked rows on a narrow screen. The roles are spelled out because
/// browsers forget them when the layout changes.
pub(crate) fn table(caption: &str, heads: &[&str], rows: Vec<Row>) -> Markup {
    grid("stack", caption, heads, rows)
}

/// A table of numbers, which stays one and scrolls in its own box where there is no room.
pub(crate) fn numbers(caption: &str, heads: &[&str], rows: Vec<Row>) -> Markup {
    html! { div.numbers tabindex="0" role="group" aria-label=(caption) { (grid("wide", caption, heads, rows)) } }
}

fn grid(class: &str, caption: &str, heads: &[&str], rows: Vec<Row>) -> Markup {
    html! {
        table.(class) role="table" {
            caption { (caption) }
            thead role="rowgroup" {
                tr role="row" { @for head in heads { th scope="col" role="columnheader" { (head) } } }
            }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" id=[row.id] {
                        @for (i, cell) in row.cells.into_iter().enumerate() {
                            @let head = heads.get(i).copied().unwrap_or_default();
                            @if i == 0 { th scope="row" role="rowheader" data-head=(head) { div { (cell) } } }
                            @else { td role="cell" data-head=(head) { div { (cell) } } }
                        }
                    }
                }
            }
        }
    }
}

/// A row of [`table`]; the first cell is its head.
pub(crate) struct Row {
    /// An anchor.
    pub id: Option<String>,
    /// One cell a column.
    pub cells: Vec<Markup>,
}

impl Row {
    pub(crate) fn new(cells: Vec<Markup>) -> Self {
        Self { id: None, cells }
    }
}

/// A fragment as the beginning of a sentence.
pub(crate) fn capital(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().collect::<String>() + chars.as_str())
}

/// A verdict, state or outcome: a word in a frame whose shape says it too.
pub(crate) fn badge(word: &str) -> Markup {
    let tone = match word {
        "fail" | "violated" | "not-conformant" => "bad",
        "warn" | "not-met" | "error" | "undetermined" => "doubt",
        "pass" | "met" | "conformant" => "good",
        _ => "mute",
    };
    html! { span.badge.(tone) { (word.replace('-', " ")) } }
}

/// The wire, line by line, in a box that scrolls by itself.
pub(crate) fn wire_box(label: &str, lines: &[Line]) -> Markup {
    html! {
        pre.wire tabindex="0" role="group" aria-label=(label) {
            @for line in lines {
                @let class = match line.mark {
                    Mark::Sent => "sent",
                    Mark::Got => "got",
                    Mark::Body => "body",
                    Mark::Place => "place",
                    Mark::Caret => "caret",
                };
                span.(class) { (line.text) } "\n"
            }
        }
    }
}

/// A link that leaves the page, or the bare text where it is none that a browser should follow.
pub(crate) fn link(url: &str, text: &str) -> Markup {
    let web = url.starts_with("https://") || url.starts_with("http://");
    html! {
        @if web { a href=(visible(url)) rel="noreferrer" { (visible(text)) } }
        @else { (visible(text)) }
    }
}

/// The anchor of a test.
pub(crate) fn test_anchor(judgement: usize, id: &str) -> String {
    anchor("t", judgement, id)
}

/// The anchor of a requirement.
pub(crate) fn duty_anchor(judgement: usize, id: &str) -> String {
    anchor("r", judgement, id)
}

fn anchor(kind: &str, judgement: usize, id: &str) -> String {
    let id: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' }).collect();
    format!("{kind}{judgement}-{id}")
}

impl Page<'_> {
    /// `14`, linked where the exchange is on the page.
    pub(crate) fn exchange_link(&self, id: u32) -> Markup {
        html! {
            @if self.written.contains(&id) { a href={ "#x" (id) } { (id) } } @else { (id) }
        }
    }

    /// Some exchanges: `14, 15, 16 and 12 more`.
    pub(crate) fn exchange_links(&self, ids: &[u32]) -> Markup {
        const SHOWN: usize = 6;
        html! {
            @for (i, id) in ids.iter().take(SHOWN).enumerate() {
                @if i > 0 { ", " }
                (self.exchange_link(*id))
            }
            @if ids.len() > SHOWN { " and " (ids.len() - SHOWN) " more" }
        }
    }

    /// A finding with its wire, repeats and the command that asks again. What was sent is left out after a finding of
    /// the same exchange.
    pub(crate) fn finding(&self, found: &Finding, before: Option<&Finding>) -> Markup {
        let mut shown = finding::show(self.run, found, COLUMNS);
        let again = found.exchange.is_some() && found.exchange == before.and_then(|b| b.exchange);
        if again {
            shown.lines.retain(|l| l.mark != Mark::Sent);
        }
        html! {
            div.finding {
                @if !shown.label.is_empty() {
                    p.where {
                        @match found.exchange.filter(|id| self.written.contains(id)) {
                            Some(id) => a href={ "#x" (id) } { (shown.label) },
                            None => (shown.label),
                        }
                    }
                }
                (wire_box(&format!("Excerpt of {}", shown.label), &shown.lines))
                p.narrow { "Expected " (visible(&found.expected)) ", found " (text::cut(&visible(&found.actual), 300)) "." }
                @if let Some(repeats) = &shown.repeats { p.note { (capital(repeats)) "." } }
                @if let Some(exchange) = shown.exchange.filter(|_| !again) { (self.again(exchange, Some(found))) }
            }
        }
    }

    /// An exchange that no finding is about, with the command that asks again.
    pub(crate) fn exchange_told(&self, exchange: &Exchange) -> Markup {
        let label = wire::label(self.run, exchange);
        html! {
            div.finding {
                p.where {
                    @if self.written.contains(&exchange.id) { a href={ "#x" (exchange.id) } { (label) } } @else { (label) }
                }
                (wire_box(&format!("Excerpt of {label}"), &wire::show(self.run, exchange, None, Detail::Telling, COLUMNS)))
                (self.again(exchange, None))
            }
        }
    }

    fn again(&self, exchange: &Exchange, found: Option<&Finding>) -> Markup {
        let prelude = curl::prelude(self.run, exchange);
        html! {
            p.label { "Ask again" }
            pre.command tabindex="0" role="group" aria-label="Command that asks again" {
                @if let Some(command) = &prelude { (command) "\n" }
                (curl::line(exchange))
                @if let Some(command) = finding::look(found, exchange) { "\n" (command) }
            }
            @if let Some(said) = curl::hint(self.run, exchange) { p.note { (said) "." } }
        }
    }

    /// A head that names the spec, where several are judged.
    pub(crate) fn spec_head(&self, judgement: &Judgement) -> Markup {
        html! { h3 { (crate::report::verdict::title(judgement)) } }
    }
}

/// The tests of a requirement that came to nothing good, worst first.
pub(crate) fn blamed<'a>(judgement: &'a Judgement, requirement: &str) -> Vec<&'a TestResult> {
    use crate::base::vocabulary::Verdict;
    let of = |t: &&TestResult| t.requirements.iter().any(|r| r == requirement);
    let mut tests: Vec<_> =
        judgement.tests.iter().filter(of).filter(|t| matches!(t.verdict, Verdict::Fail | Verdict::Warn)).collect();
    tests.sort_by_key(|t| (t.verdict != Verdict::Fail, t.findings.is_empty()));
    tests
}

/// Whether an earlier judgement shows the same violation of the same requirement at the same level.
pub(crate) fn shown_before(run: &Run, judgement: usize, requirement: &str) -> Option<usize> {
    let key = |j: &Judgement| {
        let r = j.requirements.iter().find(|r| r.id == requirement)?;
        let tests: Vec<String> = blamed(j, requirement).iter().map(|t| t.id.clone()).collect();
        Some((r.level, r.state, tests))
    };
    let own = key(run.judgements.get(judgement)?)?;
    run.judgements.iter().take(judgement).position(|j| key(j).as_ref() == Some(&own))
}
