//! The verdict, what to fix, the warnings, the tallies.

use maud::{Markup, html};

use super::Page;
use super::part::{Row, badge, blamed, capital, duty_anchor, link, numbers, shown_before, table, test_anchor};
use crate::record::{Judgement, RequirementResult, State};
use crate::report::escape::visible;
use crate::report::verdict::{self, Tally};
use crate::report::{finding, text};
use crate::words::Verdict;

/// Tests of one requirement whose findings are written out.
const MOST_TESTS: usize = 3;

/// Findings of one test in a card.
const MOST_FINDINGS: usize = 3;

impl Page<'_> {
    pub(super) fn verdict(&self) -> Markup {
        html! {
            section aria-labelledby="verdict" {
                h2 #verdict { "Verdict" }
                @for judgement in &self.run.judgements {
                    div.verdict.(judgement.outcome.as_str()) {
                        p.outcome { (capital(&verdict::sentence(self.run, judgement))) "." }
                        @for said in [verdict::remark(self.run, judgement), verdict::gate(judgement)].into_iter().flatten() {
                            p { (capital(&said)) "." }
                        }
                        @if judgement.also { p { "Judged without counting for the outcome of the run." } }
                    }
                }
                @if let Some(early) = &self.run.early { p.note { "The run ended early: " (visible(early)) "." } }
                @if let Some(scope) = verdict::scope(self.run) { p.note { (capital(&scope)) "." } }
                @if !self.run.leftovers.is_empty() {
                    p.note { "Left on the server: " (text::count(self.run.leftovers.len() as u64, "job")) "." }
                    ul { @for url in self.run.leftovers.iter().take(20) { li { code { (visible(url)) } } } }
                }
                p.note { "Traffic: " (verdict::traffic(self.run)) "." }
            }
        }
    }

    pub(super) fn fixes(&self) -> Markup {
        let tests = self.run.judgements.iter().flat_map(|j| &j.tests);
        let undecided = tests.filter(|t| t.verdict == Verdict::Error).count();
        let none = match undecided {
            0 => "Nothing: no SHALL or SHALL NOT was found violated.".to_owned(),
            n => {
                let tests = text::count(n as u64, "test");
                format!("No SHALL or SHALL NOT was found violated, but {tests} could not be decided; see Tests.")
            }
        };
        self.cards("fix", "What to fix", State::Violated, &none)
    }

    pub(super) fn warnings(&self) -> Markup {
        self.cards("warnings", "Warnings", State::NotMet, "None.")
    }

    fn cards(&self, id: &str, name: &str, state: State, none: &str) -> Markup {
        let of = |j: &Judgement| j.requirements.iter().any(|r| r.state == state);
        html! {
            section aria-labelledby=(id) {
                h2 id=(id) { (name) }
                @if !self.run.judgements.iter().any(of) { p { (none) } }
                @for (index, judgement) in self.run.judgements.iter().enumerate().filter(|(_, j)| of(j)) {
                    (self.spec_head(judgement))
                    @for duty in judgement.requirements.iter().filter(|r| r.state == state) {
                        @match shown_before(self.run, index, &duty.id) {
                            Some(before) => p.again {
                                (duty.level) " " (visible(&duty.says)) " The same as under "
                                a href={ "#c" (duty_anchor(before, &duty.id)) } { (self.spec_id(before)) } "; "
                                (link(&duty.link, "the text of this spec")) "."
                            },
                            None => (self.card(index, judgement, duty)),
                        }
                    }
                }
            }
        }
    }

    fn spec_id(&self, judgement: usize) -> String {
        self.run.judgements.get(judgement).map_or_else(String::new, |j| visible(&j.spec))
    }

    fn card(&self, index: usize, judgement: &Judgement, duty: &RequirementResult) -> Markup {
        let tests = blamed(judgement, &duty.id);
        let defect = tests.iter().any(|t| t.defect);
        let class = if duty.state == State::Violated { "bad" } else { "doubt" };
        html! {
            article.card.(class) id={ "c" (duty_anchor(index, &duty.id)) } {
                p.kicker { (finding::broken(duty.level, defect)) }
                h4 { (visible(&duty.says)) }
                p.meta {
                    code { (visible(&duty.id)) } " in " (visible(&judgement.spec)) ", " (duty.area) ", "
                    (link(&duty.link, "where it is written"))
                }
                @if tests.is_empty() { p { (visible(&duty.because)) } }
                @for test in tests.iter().take(MOST_TESTS) {
                    div.evidence {
                        p {
                            a href={ "#" (test_anchor(index, &test.id)) } { (visible(&test.id)) }
                            @if test.title.trim_end_matches('.') != duty.says.trim_end_matches('.') { ": " (visible(&test.title)) }
                        }
                        @if let Some(reason) = &test.known { p.note { "A known deviation: " (visible(reason)) } }
                        @if test.findings.is_empty() { p { (visible(&test.because)) } }
                        @for (i, found) in test.findings.iter().take(MOST_FINDINGS).enumerate() {
                            (self.finding(found, i.checked_sub(1).and_then(|i| test.findings.get(i))))
                        }
                        @if test.findings.len() > MOST_FINDINGS {
                            p.note { (text::count((test.findings.len() - MOST_FINDINGS) as u64, "finding")) " more in run.json." }
                        }
                        @if let Some(said) = finding::consequences(self.run, judgement, test) { p.note { (capital(&said)) "." } }
                        @if !test.why.is_empty() { p.why { b { "Why it matters: " } (visible(&test.why)) } }
                    }
                }
                @if tests.len() > MOST_TESTS {
                    p.note {
                        "Also seen by "
                        @for (i, test) in tests.iter().skip(MOST_TESTS).enumerate() {
                            @if i > 0 { ", " }
                            a href={ "#" (test_anchor(index, &test.id)) } { (visible(&test.id)) }
                        }
                        "."
                    }
                }
            }
        }
    }

    pub(super) fn tallies(&self) -> Markup {
        html! {
            section aria-labelledby="tally" {
                h2 #tally { "Tally" }
                @for judgement in &self.run.judgements {
                    (self.spec_head(judgement))
                    (tally("Requirements by level", "Level", &verdict::by_level(judgement)))
                    (tally("Requirements by feature", "Feature", &verdict::by_area(judgement)))
                    (tally("Tests by export level", "Export", &verdict::by_export(self.run, judgement)))
                    (self.undecided(judgement))
                }
            }
        }
    }

    /// Why tests were not decided, by reason.
    fn undecided(&self, judgement: &Judgement) -> Markup {
        let mut rows = Vec::new();
        for verdict in [Verdict::Error, Verdict::Skip, Verdict::NotApplicable] {
            for (reason, tests) in verdict::fold(judgement, verdict) {
                rows.push(Row::new(vec![html! { (reason) }, badge(verdict.as_str()), html! { (tests.len()) }]));
            }
        }
        html! { @if !rows.is_empty() { (table("Why tests were not decided", &["Reason", "Verdict", "Tests"], rows)) } }
    }
}

fn tally(caption: &str, first: &str, tally: &Tally) -> Markup {
    let names: Vec<String> = tally.columns.iter().map(|c| c.replace('-', " ")).collect();
    let heads: Vec<&str> = std::iter::once(first).chain(names.iter().map(String::as_str)).collect();
    let rows = tally.rows.iter().map(|(name, counts)| {
        let cells = counts.iter().map(|n| html! { @if *n == 0 { span.zero { "0" } } @else { (n) } });
        Row::new(std::iter::once(html! { (name) }).chain(cells).collect())
    });
    numbers(caption, &heads, rows.collect())
}
