//! `index.html`: one file that works without scripts and without a network. What the server sent is escaped by
//! construction: it reaches the page through [`maud`] and after [`crate::report::escape::visible`] only.

pub(crate) mod compare_specs;
pub(crate) mod exchanges;
pub(crate) mod part;
pub(crate) mod requirements;
pub(crate) mod summary;
pub(crate) mod tests;
pub(crate) mod timeline;

use std::collections::BTreeSet;

use base64::Engine;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::base::vocabulary::Verdict;
use crate::report::differences::differences;
use crate::report::escape::visible;
use crate::verdicts::judged_run::{Run, TestResult};

/// The style of all pages.
pub(crate) const STYLE: &str = include_str!("style.css");

/// Exchanges that are written out. A browser has to hold them all; `run.json` has the rest.
const MAX_EXCHANGES: usize = 400;

/// Rows of the table of files.
const MAX_FILES: usize = 500;

/// The page.
pub fn render(run: &Run) -> String {
    let page = Page { run, written: written(run) };
    let title = format!("Plimsoll: {}", visible(&run.target.base));
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(hash);
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    let out = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the verdict" }
                (page.banner())
                (page.contents())
                main #main tabindex="-1" {
                    (page.verdict())
                    (page.fixes())
                    (page.undecided_causes())
                    (page.warnings())
                    (page.tallies())
                    (page.beside())
                    (page.duties())
                    (page.timelines())
                    (page.tests())
                    (page.exchanges())
                    (page.files())
                    (page.configuration())
                }
                footer {
                    p {
                        "Made by Plimsoll " (visible(&run.plimsoll.version)) ", rules " code { (visible(&run.plimsoll.suites)) }
                        ". The same record for programs: " code { "run.json" } "."
                    }
                }
            }
        }
    };
    out.into_string()
}

/// What every section needs.
struct Page<'a> {
    run: &'a Run,
    /// The exchanges that have an anchor on the page.
    written: BTreeSet<u32>,
}

impl Page<'_> {
    fn banner(&self) -> Markup {
        let target = &self.run.target;
        html! {
            header {
                p.brand { "Plimsoll" }
                h1 { "Bulk data export: conformance report" }
                dl.facts {
                    div { dt { "Server" } dd { (visible(&target.base)) } }
                    @if !target.software.is_empty() { div { dt { "Software" } dd { (visible(&target.software)) } } }
                    @if !target.fhir.is_empty() { div { dt { "FHIR" } dd { (visible(&target.fhir)) } } }
                    div { dt { "Run" } dd { (visible(&self.run.started)) } }
                }
            }
        }
    }

    fn contents(&self) -> Markup {
        let links = [
            ("verdict", "Verdict"),
            ("fix", "What to fix"),
            ("undecided", "Not decided"),
            ("warnings", "Warnings"),
            ("tally", "Tally"),
            ("beside", "Where the specs differ"),
            ("requirements", "Requirements"),
            ("timeline", "Timeline"),
            ("tests", "Tests"),
            ("exchanges", "Exchanges"),
            ("files", "Files"),
            ("configuration", "Configuration"),
        ];
        let undecided = self.run.judgements.iter().flat_map(|j| &j.tests).any(|t| t.verdict == Verdict::Error);
        let differ = !differences(self.run).is_empty();
        let there = |id: &str| (undecided || id != "undecided") && (differ || id != "beside");
        let links = links.into_iter().filter(|(id, _)| there(id));
        html! {
            nav aria-label="Contents" {
                ul { @for (id, name) in links { li { a href={ "#" (id) } { (name) } } } }
            }
        }
    }
}

/// The exchanges to write out: those that findings name, then the others in their order.
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod palette {
    use std::collections::BTreeMap;

    use super::STYLE;

    fn luminance(colour: &str) -> f64 {
        let digits = colour.trim_start_matches('#');
        let part = |i: usize| f64::from(u8::from_str_radix(&digits[i..i + 2], 16).unwrap()) / 255.0;
        let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        0.2126 * linear(part(0)) + 0.7152 * linear(part(2)) + 0.0722 * linear(part(4))
    }

    /// WCAG 2.2, 1.4.3.
    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The colours of one theme.
    fn theme(text: &str) -> BTreeMap<&str, &str> {
        let block = text.split_once(":root {").unwrap().1.split_once('}').unwrap().0;
        let pairs = block.split(';').filter_map(|rule| rule.trim().strip_prefix("--")?.split_once(": "));
        pairs.filter(|(_, value)| value.starts_with('#') && value.len() == 7).collect()
    }

    /// Also for what axe leaves undecided: text in drawings and in boxes that scroll.
    #[test]
    fn text_can_be_read_in_both_themes() {
        let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").unwrap();
        for (name, theme) in [("light", theme(light)), ("dark", theme(dark))] {
            let grounds = ["paper", "sheet", "bad-paper", "doubt-paper", "good-paper"];
            let inks = ["ink", "soft", "link", "bad", "doubt", "good", "sent"];
            for (ink, ground) in inks.iter().flat_map(|ink| grounds.map(|ground| (*ink, ground))) {
                let ratio = contrast(theme[ink], theme[ground]);
                assert!(ratio >= 4.5, "{name}: --{ink} on --{ground} has {ratio:.2}");
            }
            // Shapes need less: the marks of a drawing and the frames of badges.
            for (ink, ground) in [("strong", "paper"), ("strong", "sheet"), ("bad", "sheet"), ("ink", "sheet")] {
                let ratio = contrast(theme[ink], theme[ground]);
                assert!(ratio >= 3.0, "{name}: --{ink} on --{ground} has {ratio:.2}");
            }
        }
    }
}
