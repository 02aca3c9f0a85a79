//! The matrix as a page: every fault under every spec, and every test with the faults that trigger it. One file, no
//! scripts, no network, like `index.html` of a report.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::reference::fault::definition::{Fault, FaultKind};
use crate::report::escape::visible;
use crate::report::html::page::STYLE;
use crate::selftest::cell::{Cell, CellResult};

/// The style rules of the matrix, in addition to the style of reports.
const MORE: &str = include_str!("matrix_page.css");

/// Returns the page. `cells` are in the order of faults, then specs; `faults` have the titles; `untested` are the tests
/// that no fault triggers.
pub fn render(cells: &[Cell], faults: &[Fault], untested: &[String]) -> String {
    let style = format!("{STYLE}{MORE}");
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(hash);
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    let page = MatrixPage::of(cells, faults);
    let out = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Plimsoll: faults and tests" }
                style { (PreEscaped(style)) }
            }
            body.wide {
                a.skip href="#matrix" { "Skip to the matrix" }
                header {
                    p.brand { "Plimsoll" }
                    h1 { "Faults and tests" }
                    p { "For each row, the reference server behaves wrongly in one way, or in an unusual but legal way. Every
                        test of a spec judges it. Exactly the tests that a defect lists must notice it, and no test may
                        notice a legal variant." }
                    (page.tally())
                }
                (page.repairs(untested))
                (page.matrix())
                (page.tests())
            }
        }
    };
    out.into_string()
}

/// The data that every section uses.
struct MatrixPage<'a> {
    cells: &'a [Cell],
    specs: Vec<&'a str>,
    /// Title and area of each fault.
    about: BTreeMap<&'a str, (&'a str, String)>,
}

impl<'a> MatrixPage<'a> {
    fn of(cells: &'a [Cell], faults: &'a [Fault]) -> Self {
        let mut specs: Vec<&str> = Vec::new();
        for cell in cells {
            if !specs.contains(&cell.spec.as_str()) {
                specs.push(&cell.spec);
            }
        }
        let about = faults.iter().map(|fault| (fault.id.as_str(), (fault.title.as_str(), fault.area.to_string())));
        Self { cells, specs, about: about.collect() }
    }

    /// Returns the number of cells with each result, by spec.
    fn tally(&self) -> Markup {
        let count = |spec: Option<&str>, result: CellResult| {
            self.cells.iter().filter(|cell| spec.is_none_or(|spec| cell.spec == spec) && cell.result == result).count()
        };
        html! {
            div.scroll { table.matrix {
                caption { "Cells: a fault or a legal variant under a spec" }
                thead { tr {
                    th scope="col" { "spec" }
                    @for result in CellResult::ALL { th.count scope="col" { (result) } }
                } }
                tbody {
                    @for spec in &self.specs { tr {
                        th scope="row" { code { (visible(spec)) } }
                        @for result in CellResult::ALL { td.count { (count(Some(spec), *result)) } }
                    } }
                    tr {
                        th scope="row" { "all" }
                        @for result in CellResult::ALL { td.count { (count(None, *result)) } }
                    }
                }
            } }
        }
    }

    /// Lists the cells and tests that need a repair.
    fn repairs(&self, untested: &[String]) -> Markup {
        let bad: Vec<&Cell> = self.cells.iter().filter(|cell| !cell.result.is_good()).collect();
        html! {
            section {
                h2 { "What to repair" }
                @if bad.is_empty() && untested.is_empty() { p { "Nothing." } }
                ul {
                    @for cell in bad { li {
                        code { (visible(&cell.fault)) } " under " code { (visible(&cell.spec)) } ": " strong { (cell.result) }
                        ", " (visible(&cell.because))
                    } }
                    @for test in untested { li { "no fault triggers " code { (visible(test)) } } }
                }
            }
        }
    }

    /// Returns a table with a row for each fault and a column for each spec.
    fn matrix(&self) -> Markup {
        let mut rows: Vec<(&str, BTreeMap<&str, &Cell>)> = Vec::new();
        for cell in self.cells {
            match rows.last_mut().filter(|(fault, _)| *fault == cell.fault) {
                Some((_, by_spec)) => drop(by_spec.insert(&cell.spec, cell)),
                None => rows.push((&cell.fault, BTreeMap::from([(cell.spec.as_str(), cell)]))),
            }
        }
        let area = |fault: &str| self.about.get(fault).map(|(_, area)| area.clone()).unwrap_or_default();
        let areas: BTreeSet<String> = rows.iter().map(|(fault, _)| area(fault)).collect();
        html! {
            section #matrix {
                h2 { "The matrix" }
                ul.legend {
                    @for result in CellResult::ALL { li { span class={ "cell " (class(*result)) } { (sign(*result)) } " " (result) } }
                }
                p.note { "A number counts the tests that noticed the fault. Point at a cell to see the tests or the reason." }
                div.scroll { table.matrix {
                    thead { tr {
                        th scope="col" { "fault" }
                        @for spec in &self.specs { th.spec scope="col" { (visible(spec)) } }
                    } }
                    @for own in &areas {
                        tbody {
                            tr { th.area colspan=(self.specs.len() + 1) scope="colgroup" { (visible(own)) } }
                            @for (fault, by_spec) in rows.iter().filter(|(fault, _)| area(fault) == *own) {
                                tr {
                                    th scope="row" {
                                        code { (visible(fault)) }
                                        @if let Some((title, _)) = self.about.get(fault) { br; span.small { (visible(title)) } }
                                    }
                                    @for spec in &self.specs { (cell_markup(by_spec.get(spec).copied())) }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }

    /// Returns a table with a row for each test, and the number of defects that trigger it under each spec.
    fn tests(&self) -> Markup {
        let mut tests: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
        for cell in self.cells.iter().filter(|cell| cell.kind == FaultKind::Defect) {
            for entry in &cell.noticed {
                let name = entry.split_once('@').map_or(entry.as_str(), |(name, _)| name);
                tests.entry(name).or_default().entry(&cell.spec).or_default().insert(&cell.fault);
            }
        }
        html! {
            section {
                h2 { "Tests, and how many faults trigger them" }
                div.scroll { table.matrix {
                    thead { tr {
                        th scope="col" { "test" }
                        @for spec in &self.specs { th.spec scope="col" { (visible(spec)) } }
                    } }
                    tbody {
                        @for (test, by_spec) in &tests { tr {
                            th scope="row" { code { (visible(test)) } }
                            @for spec in &self.specs {
                                @match by_spec.get(spec) {
                                    Some(faults) => {
                                        td.count title=(visible(&faults.iter().copied().collect::<Vec<_>>().join(", "))) { (faults.len()) }
                                    },
                                    None => td.count.zero { "–" },
                                }
                            }
                        } }
                    }
                } }
            }
        }
    }
}

fn cell_markup(cell: Option<&Cell>) -> Markup {
    let Some(cell) = cell else { return html! { td {} } };
    let explanation = match (&cell.because, cell.noticed.is_empty()) {
        (because, true) if because.is_empty() => "no test noticed it".to_owned(),
        (because, true) => because.clone(),
        (because, false) if because.is_empty() => format!("noticed by {}", cell.noticed.join(", ")),
        (because, false) => format!("{because}; noticed by {}", cell.noticed.join(", ")),
    };
    html! {
        td class={ "cell " (class(cell.result)) } title=(visible(&explanation)) {
            span aria-hidden="true" { (sign(cell.result)) }
            @if cell.result == CellResult::Killed { " " (cell.noticed.len()) }
            span.read { (cell.result) }
        }
    }
}

fn class(result: CellResult) -> &'static str {
    match result {
        CellResult::Killed => "killed",
        CellResult::Clean => "clean",
        CellResult::Excluded => "excluded",
        CellResult::Survived | CellResult::Overkilled | CellResult::FalseAlarm => "amiss",
    }
}

/// Returns a sign that readers can distinguish without colors.
fn sign(result: CellResult) -> &'static str {
    match result {
        CellResult::Killed => "●",
        CellResult::Clean => "○",
        CellResult::Excluded => "·",
        CellResult::Survived => "✗",
        CellResult::Overkilled => "⊕",
        CellResult::FalseAlarm => "!",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn cell(fault: &str, kind: FaultKind, result: CellResult, noticed: &[&str], because: &str) -> Cell {
        let noticed: Vec<String> = noticed.iter().map(|name| (*name).to_owned()).collect();
        let spec = "hl7-3.0.0".to_owned();
        let expected = noticed.clone();
        Cell { fault: fault.to_owned(), kind, spec, expected, noticed, result, because: because.to_owned() }
    }

    #[test]
    fn every_cell_is_shown_and_texts_are_escaped() {
        let faults = crate::reference::fault::embedded::faults().unwrap();
        let cells = [
            cell("cancel-405", FaultKind::Defect, CellResult::Killed, &["delete::supported", "delete::a@system"], ""),
            cell(
                "legal-crlf",
                FaultKind::Legal,
                CellResult::FalseAlarm,
                &["files::ndjson"],
                "noticed by <script>alert(1)</script>",
            ),
        ];
        let page = render(&cells, &faults, &["hl7-3.0.0::poll::\u{1b}[31m<b>".to_owned()]);
        let title = &faults.iter().find(|fault| fault.id == "cancel-405").unwrap().title;
        for text in ["cancel-405", title, "●</span> 2", "delete::a@system", "&lt;script&gt;", "no fault triggers"] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("<script") && !page.contains('\u{1b}') && !page.contains("<b>"));
        assert!(page.contains("false-alarm") && !page.contains("<p>Nothing.</p>"));
        let clean = render(&cells[..1], &faults, &[]);
        assert!(clean.contains("<p>Nothing.</p>"));
    }
}
