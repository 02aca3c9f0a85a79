//! The drawing of a flow over time: kick-off, polls, waits, downloads, deletion and probes. Each part has its own
//! shape.

use maud::{Markup, html};

use crate::recording::model::{Exchange, FlowRecord, Outcome, Phase, Role};
use crate::report::escape::visible;
use crate::report::{exchange, text};

/// The width of the drawing, of the names at its left, and of its right margin, in SVG units.
const WIDTH: f64 = 860.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;

/// The height of a lane.
const LANE: f64 = 30.0;

/// The number of marks in one drawing.
const MAX_MARKS: usize = 300;

#[derive(Clone, Copy, PartialEq)]
enum Lane {
    Job,
    Files,
    Probes,
}

impl Lane {
    fn of(exchange: &Exchange) -> Self {
        match exchange.role {
            _ if exchange.probe.is_some() => Lane::Probes,
            Role::File => Lane::Files,
            Role::Probe => Lane::Probes,
            _ => Lane::Job,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Lane::Job => "job",
            Lane::Files => "files",
            Lane::Probes => "probes",
        }
    }
}

/// Returns the status of the response, or why there is none.
pub(crate) fn outcome(exchange: &Exchange) -> String {
    match &exchange.outcome {
        Outcome::Response(r) => exchange::status_words(r.status),
        Outcome::NoResponse(t) => format!("no response, {}", t.kind),
        Outcome::Handshake(h) => visible(&h.words()),
    }
}

pub(crate) fn drawing(index: usize, flow: &FlowRecord, exchanges: &[&Exchange]) -> Markup {
    let start = exchanges.iter().map(|e| e.at).min().unwrap_or(0);
    let ends = exchanges.iter().map(|e| e.at.saturating_add(e.took));
    let waits = flow.waits.iter().map(|(at, length, _)| at.saturating_add(*length));
    let span = ends.chain(waits).max().unwrap_or(start).saturating_sub(start).max(1);
    // An f64 represents the milliseconds of any run exactly.
    #[allow(clippy::cast_precision_loss)]
    let x = |at: u64| LEFT + (at.saturating_sub(start).min(span) as f64) / (span as f64) * (WIDTH - LEFT - RIGHT);
    let lanes: Vec<Lane> = [Lane::Job, Lane::Files, Lane::Probes]
        .into_iter()
        .filter(|lane| *lane == Lane::Job || exchanges.iter().any(|e| Lane::of(e) == *lane))
        .collect();
    let mut tops = Vec::new();
    let mut y = LANE / 2.0 + 4.0;
    for lane in &lanes {
        tops.push((*lane, y));
        y += LANE;
    }
    let axis = y - 4.0;
    let height = axis + 24.0;
    let y_of = |lane: Lane| tops.iter().find(|(l, _)| *l == lane).map_or(0.0, |(_, y)| *y);
    let title = format!("tl{index}");
    html! {
        div.chart tabindex="0" role="group" aria-label={ "Drawing of " (visible(&flow.name)) } {
            svg viewBox={ "0 0 " (WIDTH) " " (number(height)) } width=(WIDTH) height=(number(height)) role="img" aria-labelledby=(title) {
                title id=(title) { (alternative(flow, exchanges)) }
                @for (lane, y) in &tops {
                    text.lane x="0" y=(number(y + 4.0)) { (lane.name()) }
                    line.rail x1=(LEFT) x2=(WIDTH - RIGHT) y1=(number(*y)) y2=(number(*y)) {}
                }
                @for (at, length, why) in flow.waits.iter().take(MAX_MARKS) {
                    @let end = x(at.saturating_add(*length));
                    line.wait x1=(number(x(*at))) x2=(number(end)) y1=(number(y_of(Lane::Job))) y2=(number(y_of(Lane::Job))) {
                        title { "wait of " (text::duration(*length)) ", " (visible(why)) }
                    }
                }
                @for exchange in exchanges.iter().take(MAX_MARKS) {
                    (mark(exchange, x(exchange.at), x(exchange.at.saturating_add(exchange.took)), y_of(Lane::of(exchange))))
                }
                line.axis x1=(LEFT) x2=(WIDTH - RIGHT) y1=(number(axis)) y2=(number(axis)) {}
                @for (at, anchor) in ticks(start, span) {
                    line.axis x1=(number(x(at))) x2=(number(x(at))) y1=(number(axis)) y2=(number(axis + 4.0)) {}
                    text.tick x=(number(x(at))) y=(number(axis + 17.0)) text-anchor=(anchor) { "+" (tick(at, span)) }
                }
            }
        }
    }
}

/// Returns the text alternative of the drawing.
fn alternative(flow: &FlowRecord, exchanges: &[&Exchange]) -> String {
    let count = |f: &dyn Fn(&Exchange) -> bool| exchanges.iter().filter(|e| f(e)).count() as u64;
    let polls = count(&|e| e.role == Role::Poll && e.probe.is_none());
    let files = count(&|e| Lane::of(e) == Lane::Files);
    let probes = count(&|e| Lane::of(e) == Lane::Probes);
    let kickoff = exchanges.iter().find(|e| e.role == Role::Kickoff).map_or("not sent".to_owned(), |e| outcome(e));
    let deleted = exchanges.iter().find(|e| matches!(e.role, Role::Delete | Role::Cleanup));
    let deleted = deleted.map_or("not deleted".to_owned(), |e| format!("DELETE: {}", outcome(e)));
    format!(
        "Timeline of {}: kick-off {kickoff}, {}, {}, {}, {deleted}",
        visible(&flow.name),
        text::count(polls, "poll"),
        text::count(files, "file"),
        text::count(probes, "probe")
    )
}

/// Returns the ticks: start, quarters and end.
fn ticks(start: u64, span: u64) -> Vec<(u64, &'static str)> {
    if span < 400 {
        return vec![(start, "start"), (start.saturating_add(span), "end")];
    }
    let at = |i: u64| start.saturating_add(span / 4 * i);
    vec![(start, "start"), (at(1), "middle"), (at(2), "middle"), (at(3), "middle"), (start.saturating_add(span), "end")]
}

/// Returns the label of a tick: in milliseconds if the flow takes less than a second.
fn tick(at: u64, span: u64) -> String {
    if span < 1000 { format!("{at} ms") } else { text::seconds(at) }
}

fn number(n: f64) -> String {
    format!("{n:.1}")
}

/// Returns whether the response is missing or has an error status.
fn refused(exchange: &Exchange) -> bool {
    match &exchange.outcome {
        Outcome::Response(r) => r.status >= 400,
        Outcome::NoResponse(_) => true,
        Outcome::Handshake(_) => false,
    }
}

fn mark(exchange: &Exchange, x: f64, end: f64, y: f64) -> Markup {
    let class = match (refused(exchange), Lane::of(exchange)) {
        (true, _) => "mark refused",
        (false, Lane::Files) => "mark span",
        _ => "mark",
    };
    let shape = match (Lane::of(exchange), exchange.role) {
        (Lane::Files, _) => {
            let width = (end - x).max(4.0);
            format!("M{x:.1} {:.1}h{width:.1}v12h-{width:.1}z", y - 6.0)
        }
        (Lane::Probes, _) => format!("M{x:.1} {:.1}l5 9h-10z", y - 5.0),
        (_, Role::Kickoff) => circle(x, y, 6.0),
        (_, Role::Poll) if exchange.phase == Some(Phase::Complete) => {
            format!("M{:.1} {:.1}h10v10h-10z", x - 5.0, y - 5.0)
        }
        (_, Role::Poll) => format!("M{x:.1} {:.1}l5 6l-5 6l-5 -6z", y - 6.0),
        (_, Role::Delete | Role::Cleanup) => {
            let cross = format!("M{:.1} {:.1}l10 10m0 -10l-10 10", x - 5.0, y - 5.0);
            // A cross cannot be hollow, so a refused DELETE gets a ring.
            if refused(exchange) { cross + &circle(x, y, 9.0) } else { cross }
        }
        _ => circle(x, y, 3.0),
    };
    html! {
        path class=(class) d=(shape) {
            title { "exchange " (exchange.id) ", " (exchange.role) ", +" (text::seconds(exchange.at)) ": " (outcome(exchange)) }
        }
    }
}

fn circle(x: f64, y: f64, r: f64) -> String {
    format!("M{:.1} {y:.1}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z", x - r, d = r * 2.0)
}

pub(crate) fn legend() -> Markup {
    let marks = [
        (circle(8.0, 8.0, 6.0), "mark", "kick-off"),
        ("M8 2l5 6l-5 6l-5 -6z".to_owned(), "mark", "poll"),
        ("M3 3h10v10h-10z".to_owned(), "mark", "poll of the finished job"),
        ("M1 2h14v12h-14z".to_owned(), "mark span", "file"),
        ("M8 3l5 9h-10z".to_owned(), "mark", "probe"),
        ("M3 3l10 10m0 -10l-10 10".to_owned(), "mark", "DELETE"),
        (circle(8.0, 8.0, 6.0), "mark refused", "hollow or ringed: error status or no response"),
    ];
    html! {
        ul.legend {
            @for (shape, class, name) in marks {
                li { svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" { path class=(class) d=(shape) {} } " " (name) }
            }
            li { svg width="24" height="16" viewBox="0 0 24 16" aria-hidden="true" { line.wait x1="0" x2="24" y1="8" y2="8" {} } " waiting" }
        }
    }
}
