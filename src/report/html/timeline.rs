//! The section of timelines: a drawing and a list for each flow.

use maud::{Markup, html};

use crate::recording::model::{Exchange, FlowRecord};
use crate::report::escape::visible;
use crate::report::html::context::PageContext;
use crate::report::html::drawing::{drawing, legend, outcome};
use crate::report::{exchange, text};

/// The number of flows that are drawn, and of steps of a flow that are listed.
const MAX_FLOWS: usize = 60;
const MAX_STEPS: usize = 80;

pub(crate) fn timelines(page: &PageContext<'_>) -> Markup {
    let by_flow = exchange::by_flow(page.run);
    let all = page.run.flows.iter().map(|f| (f, by_flow.get(&Some(f.name.as_str())).map_or(&[][..], Vec::as_slice)));
    let (mut ran, not_started): (Vec<_>, Vec<_>) = all.partition(|(_, exchanges)| !exchanges.is_empty());
    // The recording has flows in the order of their ends; the page shows them in the order of their starts.
    ran.sort_by_key(|(_, exchanges)| exchanges.first().map(|e| e.id));
    let mut reasons: Vec<(&str, Vec<&FlowRecord>)> = Vec::new();
    for (flow, _) in &not_started {
        let reason = flow.stop.as_ref().map_or("", |stop| stop.because.as_str());
        match reasons.iter_mut().find(|(r, _)| *r == reason) {
            Some((_, flows)) => flows.push(flow),
            None => reasons.push((reason, vec![flow])),
        }
    }
    html! {
        section aria-labelledby="timeline" {
            h2 #timeline { "Timeline" }
            @if page.run.flows.is_empty() { p { "No flow ran." } } @else if !ran.is_empty() { (legend()) }
            @for (index, (flow, exchanges)) in ran.iter().take(MAX_FLOWS).enumerate() { (flow_timeline(page, index, flow, exchanges)) }
            @if ran.len() > MAX_FLOWS {
                p.note { (text::count((ran.len() - MAX_FLOWS) as u64, "more flow")) " in run.json." }
            }
            @if !not_started.is_empty() {
                h3 { "Not started" }
                ul.small {
                    @for (reason, flows) in reasons.iter().take(MAX_FLOWS) {
                        li {
                            @for (i, flow) in flows.iter().take(MAX_FLOWS).enumerate() {
                                @if i > 0 { ", " }
                                b { (visible(&flow.name)) }
                            }
                            @if flows.len() > MAX_FLOWS { " and " (flows.len() - MAX_FLOWS) " more" }
                            @if !reason.is_empty() { ": " (visible(reason)) }
                        }
                    }
                }
            }
        }
    }
}

fn flow_timeline(page: &PageContext<'_>, index: usize, flow: &FlowRecord, exchanges: &[&Exchange]) -> Markup {
    let params: Vec<String> = flow.params.iter().map(|(n, v)| format!("{n}={v}")).collect();
    html! {
        div.flow {
            h3 { (visible(&flow.name)) }
            p.small {
                (visible(&title(flow)))
                @if !params.is_empty() { ", " code { (visible(&params.join(" "))) } }
            }
            @if let Some(stop) = &flow.stop {
                p.note {
                    "It ended early: " (visible(&stop.because))
                    @if let Some(id) = stop.exchange { " (exchange " (page.exchange_link(id)) ")" }
                    "."
                }
            }
                (drawing(index, flow, exchanges))
                details {
                    summary { "As a list: " (text::count(exchanges.len() as u64, "step")) }
                    ol.steps {
                        @for exchange in exchanges.iter().take(MAX_STEPS) {
                            li {
                                "+" (text::seconds(exchange.at)) " " (exchange::part(page.run, exchange)) ": " (outcome(exchange))
                                " (exchange " (page.exchange_link(exchange.id)) ")"
                            }
                        }
                    }
                    @if exchanges.len() > MAX_STEPS { p { (exchanges.len() - MAX_STEPS) " more in run.json." } }
                }
        }
    }
}

/// Returns the title of the flow, the export level if the run chose it, and the parameters that the run left out.
fn title(flow: &FlowRecord) -> String {
    let level = if flow.level_chosen { format!(", at {} level", flow.export) } else { String::new() };
    let dropped = match flow.dropped_params.as_slice() {
        [] => String::new(),
        dropped => format!(", without {}, which the server refused", dropped.join(", ")),
    };
    format!("{}{level}{dropped}", flow.title)
}
