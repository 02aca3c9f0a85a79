//! The data that every section of the page uses.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::verdicts::judged_run::{Run, TestResult};

/// The number of exchanges on the page. More would make it slow; `run.json` has all.
const MAX_EXCHANGES: usize = 400;

/// The data that every section of the page uses.
pub(crate) struct PageContext<'a> {
    /// The run of the page context.
    pub run: &'a Run,
    /// The exchanges that have an anchor on the page.
    pub written: BTreeSet<u32>,
}

impl<'a> PageContext<'a> {
    pub(crate) fn new(run: &'a Run) -> Self {
        Self { run, written: written(run) }
    }

    /// Returns `14`, as a link if the exchange is on the page.
    pub(crate) fn exchange_link(&self, id: u32) -> Markup {
        html! {
            @if self.written.contains(&id) { a href={ "#x" (id) } { (id) } } @else { (id) }
        }
    }

    /// Returns a list of exchanges: `14, 15, 16 and 12 more`.
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
}

/// Returns the exchanges to show: those of findings first, then the others in their order.
fn written(run: &Run) -> BTreeSet<u32> {
    let tests = || run.judgements.iter().flat_map(|j| &j.tests);
    let found = tests().flat_map(|t| &t.findings).filter_map(|f| f.exchange);
    let looked_at = |t: &TestResult| if t.findings.is_empty() { None } else { t.exchanges.first().copied() };
    let stops = run.flows.iter().filter_map(|f| f.stop.as_ref()).filter_map(|s| s.exchange);
    let all: BTreeSet<u32> = run.exchanges.iter().map(|e| e.id).collect();
    let first = found.chain(stops).chain(tests().filter_map(looked_at)).filter(|id| all.contains(id));
    let mut out = BTreeSet::new();
    for id in first.chain(all.iter().copied()) {
        if out.len() == MAX_EXCHANGES {
            break;
        }
        out.insert(id);
    }
    out
}
