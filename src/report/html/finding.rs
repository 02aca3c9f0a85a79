//! A finding on the page, and an exchange that left a test undetermined.

use maud::{Markup, html};

use crate::recording::model::Exchange;
use crate::report::escape::visible;
use crate::report::html::context::PageContext;
use crate::report::html::part::{capital, wire_box};
use crate::report::wire::{Detail, WireMark};
use crate::report::{curl, exchange, finding, text, wire};
use crate::verdicts::judged_run::Finding;

/// The columns of an excerpt. It scrolls in its own box on a narrow screen.
const COLUMNS: usize = 110;

/// Returns a finding with its exchange, its repeats and the command that repeats the request. The request is left out
/// after a finding of the same exchange.
pub(crate) fn finding(page: &PageContext<'_>, found: &Finding, before: Option<&Finding>) -> Markup {
    let mut shown = finding::show(page.run, found, COLUMNS);
    let same_exchange = found.exchange.is_some() && found.exchange == before.and_then(|b| b.exchange);
    if same_exchange {
        shown.lines.retain(|l| l.mark != WireMark::Sent);
    }
    html! {
        div.finding {
            @if !shown.label.is_empty() {
                p.where {
                    @match found.exchange.filter(|id| page.written.contains(id)) {
                        Some(id) => a href={ "#x" (id) } { (shown.label) },
                        None => (shown.label),
                    }
                }
            }
            (wire_box(&format!("Excerpt of {}", shown.label), &shown.lines))
            p.narrow { "Expected " (visible(&found.expected)) ", found " (text::cut(&visible(&found.actual), 300)) "." }
            @if let Some(repeats) = &shown.repeats { p.note { (capital(repeats)) "." } }
            @if let Some(exchange) = shown.exchange.filter(|_| !same_exchange) { (repeat_request(page, exchange, Some(found))) }
        }
    }
}

/// Returns an exchange without a finding, with the command that repeats the request.
pub(crate) fn exchange_excerpt(page: &PageContext<'_>, exchange: &Exchange) -> Markup {
    let label = exchange::label(page.run, exchange);
    html! {
        div.finding {
            p.where {
                @if page.written.contains(&exchange.id) { a href={ "#x" (exchange.id) } { (label) } } @else { (label) }
            }
            (wire_box(&format!("Excerpt of {label}"), &wire::show(page.run, exchange, None, Detail::Telling, COLUMNS)))
            (repeat_request(page, exchange, None))
        }
    }
}

fn repeat_request(page: &PageContext<'_>, exchange: &Exchange, found: Option<&Finding>) -> Markup {
    let prelude = curl::prelude(page.run, exchange);
    html! {
        p.label { "Repeat the request" }
        pre.command tabindex="0" role="group" aria-label="Command that repeats the request" {
            @if let Some(command) = &prelude { (command) "\n" }
            (curl::line(exchange))
            @if let Some(command) = finding::look(found, exchange) { "\n" (command) }
        }
        @if let Some(kickoff) = curl::kickoff(page.run, exchange) {
            p.note { "The kick-off is exchange " (kickoff.id) "." }
        }
        @if let Some(sentence) = curl::hint(page.run, exchange) { p.note { (sentence) "." } }
    }
}
