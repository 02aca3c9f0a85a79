//! `index.html`: one file that works without scripts and without a network. Texts of the server are escaped: they reach
//! the page only through [`maud`] and [`crate::report::escape::visible`].

use base64::Engine;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::base::vocabulary::Verdict;
use crate::report::differences::differences;
use crate::report::escape::visible;
use crate::report::html::cards::{fixes, warnings};
use crate::report::html::compare_specs::compare_specs;
use crate::report::html::configuration::configuration;
use crate::report::html::context::PageContext;
use crate::report::html::exchanges::exchanges;
use crate::report::html::files::files;
use crate::report::html::requirements::requirements;
use crate::report::html::tally::tallies;
use crate::report::html::tests::tests;
use crate::report::html::timeline::timelines;
use crate::report::html::undecided::undecided_causes;
use crate::report::html::verdict::verdict;
use crate::verdicts::judged_run::Run;

/// The style of all pages.
pub(crate) const STYLE: &str = include_str!("style.css");

/// Returns the page.
pub fn render(run: &Run) -> String {
    let page = &PageContext::new(run);
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
                (banner(page))
                (contents(page))
                main #main tabindex="-1" {
                    (verdict(page))
                    (fixes(page))
                    (undecided_causes(page))
                    (warnings(page))
                    (tallies(page))
                    (compare_specs(page))
                    (requirements(page))
                    (timelines(page))
                    (tests(page))
                    (exchanges(page))
                    (files(page))
                    (configuration(page))
                }
                footer {
                    p {
                        "Made by Plimsoll " (visible(&run.plimsoll.version)) ", suites " code { (visible(&run.plimsoll.suites)) }
                        ". The same data for programs: " code { "run.json" } "."
                    }
                }
            }
        }
    };
    out.into_string()
}

fn banner(page: &PageContext<'_>) -> Markup {
    let target = &page.run.target;
    html! {
        header {
            p.brand { "Plimsoll" }
            h1 { "Bulk data export: conformance report" }
            dl.facts {
                div { dt { "Server" } dd { (visible(&target.base)) } }
                @if !target.software.is_empty() { div { dt { "Software" } dd { (visible(&target.software)) } } }
                @if !target.fhir.is_empty() { div { dt { "FHIR" } dd { (visible(&target.fhir)) } } }
                div { dt { "Run" } dd { (visible(&page.run.started)) } }
            }
        }
    }
}

fn contents(page: &PageContext<'_>) -> Markup {
    let links = [
        ("verdict", "Verdict"),
        ("fix", "What to fix"),
        ("undecided", "Undetermined"),
        ("warnings", "Warnings"),
        ("tally", "Totals"),
        ("differences", "Where the specs differ"),
        ("requirements", "Requirements"),
        ("timeline", "Timeline"),
        ("tests", "Tests"),
        ("exchanges", "Exchanges"),
        ("files", "Files"),
        ("configuration", "Configuration"),
    ];
    let undecided = page.run.judgements.iter().flat_map(|j| &j.tests).any(|t| t.verdict == Verdict::Error);
    let differ = !differences(page.run).is_empty();
    let shown = |id: &str| (undecided || id != "undecided") && (differ || id != "differences");
    let links = links.into_iter().filter(|(id, _)| shown(id));
    html! {
        nav aria-label="Contents" {
            ul { @for (id, name) in links { li { a href={ "#" (id) } { (name) } } } }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod palette {
    use std::collections::BTreeMap;

    use crate::report::html::page::STYLE;

    fn luminance(color: &str) -> f64 {
        let digits = color.trim_start_matches('#');
        let part = |i: usize| f64::from(u8::from_str_radix(&digits[i..i + 2], 16).unwrap()) / 255.0;
        let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        0.2126 * linear(part(0)) + 0.7152 * linear(part(2)) + 0.0722 * linear(part(4))
    }

    /// Returns the contrast ratio of WCAG 2.2, 1.4.3.
    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Returns the colors of one theme.
    fn theme(text: &str) -> BTreeMap<&str, &str> {
        let block = text.split_once(":root {").unwrap().1.split_once('}').unwrap().0;
        let pairs = block.split(';').filter_map(|rule| rule.trim().strip_prefix("--")?.split_once(": "));
        pairs.filter(|(_, value)| value.starts_with('#') && value.len() == 7).collect()
    }

    /// Covers also what axe does not check: text in drawings and in boxes that scroll.
    #[test]
    fn text_has_enough_contrast_in_both_themes() {
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
