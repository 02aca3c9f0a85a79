//! The section of all exchanges, collapsed.

use maud::{Markup, html};

use crate::recording::model::{Exchange, Outcome};
use crate::report::escape::visible;
use crate::report::html::context::PageContext;
use crate::report::html::part::wire_box;
use crate::report::wire::Detail;
use crate::report::{exchange, text, wire};

/// The columns of an exchange.
const COLUMNS: usize = 160;

pub(crate) fn exchanges(page: &PageContext<'_>) -> Markup {
    let left = page.run.exchanges.len() - page.written.len().min(page.run.exchanges.len());
    html! {
        section aria-labelledby="exchanges" {
            h2 #exchanges { "Exchanges" }
            @if left > 0 {
                p.note { (text::count(left as u64, "more exchange")) " in run.json. The page shows exchanges of findings first." }
            }
            p.note { "Secrets are replaced. The content of resources is never recorded." }
            @for exchange in page.run.exchanges.iter().filter(|e| page.written.contains(&e.id)) {
                (exchange_details(page, exchange))
            }
        }
    }
}

fn exchange_details(page: &PageContext<'_>, exchange: &Exchange) -> Markup {
    let label = exchange::label(page.run, exchange);
    let outcome = match &exchange.outcome {
        Outcome::Response(r) => exchange::status_words(r.status),
        Outcome::NoResponse(t) => format!("no response: {}", t.kind),
        Outcome::Handshake(h) => visible(&h.words()),
    };
    html! {
        details.exchange id={ "x" (exchange.id) } {
            summary {
                span { (label) }
                " "
                span.small { (visible(&exchange.request.method)) ", " (outcome) ", " (text::duration(exchange.took)) }
            }
            (wire_box(&label, &wire::show(page.run, exchange, None, Detail::Full, COLUMNS)))
        }
    }
}
