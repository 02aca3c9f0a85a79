//! The verdict, what to fix, the warnings, the tallies.

use maud::{Markup, html};

use crate::base::vocabulary::Verdict;
use crate::report::cause::Cause;
use crate::report::escape::visible;
use crate::report::html::Page;
use crate::report::html::part::{
    Row, badge, blamed, capital, duty_anchor, link, numbers, shown_before, table, test_anchor,
};
use crate::report::verdict::Tally;
use crate::report::{cause, finding, text, verdict};
use crate::verdicts::judged_run::{Judgement, RequirementResult, State, TestResult};

/// Tests of one requirement whose findings are written out.
const MAX_TESTS: usize = 3;

/// Cards named in the verdict, causes written out, and tests named in one.
const MAX_FIRST: usize = 12;
const MAX_CAUSES: usize = 8;
const MAX_NAMES: usize = 6;

/// Findings of one test in a card.
const MAX_FINDINGS: usize = 3;

impl Page<'_> {
    pub(crate) fn verdict(&self) -> Markup {
        html! {
            section aria-labelledby="verdict" {
                h2 #verdict { "Verdict" }
                @for (index, judgement) in self.run.judgements.iter().enumerate() {
                    div.verdict.(judgement.outcome.as_str()) {
                        p.outcome { (capital(&verdict::sentence(self.run, judgement))) "." }
                        @for said in [verdict::remark(self.run, judgement), verdict::gate(judgement)].into_iter().flatten() {
                            p { (capital(&said)) "." }
                        }
                        @if judgement.informational { p { "Judged without counting for the outcome of the run." } }
                        p.counts { (counts(judgement)) }
                        (self.first_things(index, judgement))
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

    /// What to read first: the cards of this spec, or why nothing could be decided.
    fn first_things(&self, index: usize, judgement: &Judgement) -> Markup {
        let duties = self.duties_of(judgement, State::Violated);
        let causes = cause::causes(self.run, judgement, Verdict::Error);
        html! {
            @if !duties.is_empty() {
                ol.first {
                    @for duty in duties.iter().take(MAX_FIRST) {
                        @let at = shown_before(self.run, index, &duty.id).unwrap_or(index);
                        li { a href={ "#c" (duty_anchor(at, &duty.id)) } { (visible(duty.says.trim_end_matches('.'))) } }
                    }
                }
                @if duties.len() > MAX_FIRST { p { "and " (duties.len() - MAX_FIRST) " more." } }
            }
            @if !causes.is_empty() {
                p {
                    a href="#undecided" { "Not decided" } ": "
                    @for (i, cause) in causes.iter().take(3).enumerate() {
                        @if i > 0 { "; " }
                        (text::count(cause.tests.len() as u64, "test")) ", " (text::cut(&cause.reason, 300))
                    }
                    @if causes.len() > 3 { "; and more" }
                    "."
                }
            }
        }
    }

    /// The requirements in a state, those whose breaking ended a flow first: they hide others.
    fn duties_of<'j>(&self, judgement: &'j Judgement, state: State) -> Vec<&'j RequirementResult> {
        let mut duties: Vec<_> = judgement.requirements.iter().filter(|r| r.state == state).collect();
        let hides = |duty: &RequirementResult| {
            let blamed = blamed(judgement, &duty.id);
            blamed.iter().any(|t| !cause::followers(self.run, judgement, t).is_empty())
        };
        duties.sort_by_cached_key(|duty| !hides(duty));
        duties
    }

    /// What kept tests from being decided, a card a cause.
    pub(crate) fn undecided_causes(&self) -> Markup {
        let all: Vec<_> = self.run.judgements.iter().map(|j| (j, cause::causes(self.run, j, Verdict::Error))).collect();
        html! {
            @if all.iter().any(|(_, causes)| !causes.is_empty()) {
                section aria-labelledby="undecided" {
                    h2 #undecided { "Not decided" }
                    p.note { "These say nothing against the server. Mend the cause and run again." }
                    @for (index, (judgement, causes)) in all.iter().enumerate().filter(|(_, (_, c))| !c.is_empty()) {
                        (self.spec_head(judgement))
                        @for cause in causes.iter().take(MAX_CAUSES) {
                            (self.cause(index, cause, all.get(..index).unwrap_or_default()))
                        }
                        @if causes.len() > MAX_CAUSES {
                            p.note { (text::count((causes.len() - MAX_CAUSES) as u64, "cause")) " more; see Tests." }
                        }
                    }
                }
            }
        }
    }

    fn cause(&self, index: usize, cause: &Cause<'_>, before: &[(&Judgement, Vec<Cause<'_>>)]) -> Markup {
        let told = before
            .iter()
            .find(|(_, all)| all.iter().any(|c| c.exchanges == cause.exchanges && c.reason == cause.reason));
        let exchange = cause.tests.first().and_then(|t| finding::lone_exchange(self.run, t));
        let first = cause.tests.iter().take(MAX_NAMES);
        html! {
            article.card.doubt {
                p.kicker { (text::count(cause.tests.len() as u64, "test")) " undetermined, on " (finding::flows(&cause.tests)) }
                h4 { (capital(&text::cut(&cause.reason, 400))) "." }
                @match (told, exchange) {
                    (Some((judgement, _)), _) => p.note { "The same as under " (visible(&judgement.spec)) "." },
                    (None, Some(exchange)) => (self.exchange_told(exchange)),
                    (None, None) => {},
                }
                p.note {
                    "Tests: "
                    @for (i, test) in first.enumerate() {
                        @if i > 0 { ", " }
                        a href={ "#" (test_anchor(index, &test.id)) } { (visible(&test.id)) }
                    }
                    @if cause.tests.len() > MAX_NAMES { " and " (cause.tests.len() - MAX_NAMES) " more" }
                    "."
                }
            }
        }
    }

    pub(crate) fn fixes(&self) -> Markup {
        let tests = self.run.judgements.iter().flat_map(|j| &j.tests);
        let undecided = tests.filter(|t| t.verdict == Verdict::Error).count();
        let none = match undecided {
            0 => "Nothing: no SHALL or SHALL NOT was found violated.".to_owned(),
            n => {
                let tests = text::count(n as u64, "test");
                format!(
                    "No SHALL or SHALL NOT was found violated, but {tests} could not be decided: the causes stand below."
                )
            }
        };
        self.cards("fix", "What to fix", State::Violated, &none)
    }

    pub(crate) fn warnings(&self) -> Markup {
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
                    @for duty in self.duties_of(judgement, state) {
                        @match shown_before(self.run, index, &duty.id) {
                            Some(before) => p.again {
                                b { (duty.level) ": " } (visible(&duty.says)) " The same as under "
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
        let mut groups: Vec<(&TestResult, Vec<&TestResult>)> = Vec::new();
        for test in &tests {
            match groups.iter_mut().find(|(first, _)| cause::alike(first, test)) {
                Some((_, others)) => others.push(test),
                None => groups.push((test, Vec::new())),
            }
        }
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
                @for (test, others) in groups.iter().take(MAX_TESTS) {
                    div.evidence {
                        p {
                            a href={ "#" (test_anchor(index, &test.id)) } { (visible(&test.id)) }
                            @if test.title.trim_end_matches('.') != duty.says.trim_end_matches('.') { ": " (visible(&test.title)) }
                        }
                        @if let Some(reason) = &test.known { p.note { "A known deviation: " (visible(reason)) } }
                        @if test.findings.is_empty() { p { (visible(&test.because)) } }
                        @let folded = cause::fold(&test.findings);
                        @for (i, (found, also)) in folded.iter().take(MAX_FINDINGS).enumerate() {
                            (self.finding(found, i.checked_sub(1).and_then(|i| folded.get(i)).map(|(f, _)| *f)))
                            @if let Some(said) = finding::elsewhere(self.run, also) { p.note { (capital(&said)) "." } }
                        }
                        @if folded.len() > MAX_FINDINGS {
                            p.note { (text::count((folded.len() - MAX_FINDINGS) as u64, "finding")) " more in run.json." }
                        }
                        @if !others.is_empty() { (self.same_on(index, others)) }
                        @for test in std::iter::once(test).chain(others) {
                            @if let Some(said) = finding::consequences(self.run, judgement, test) {
                                p.note { b { (capital(&said)) "." } }
                            }
                        }
                        @if !test.why.is_empty() { p.why { b { "Why it matters: " } (visible(&test.why)) "." } }
                    }
                }
                @if groups.len() > MAX_TESTS {
                    p.note {
                        "Also seen by "
                        @for (i, (test, _)) in groups.iter().skip(MAX_TESTS).enumerate() {
                            @if i > 0 { ", " }
                            a href={ "#" (test_anchor(index, &test.id)) } { (visible(&test.id)) }
                        }
                        "."
                    }
                }
            }
        }
    }

    /// Other flows that show the same.
    fn same_on(&self, index: usize, others: &[&TestResult]) -> Markup {
        html! {
            p.label { "The same on" }
            ul.same {
                @for test in others {
                    li {
                        a href={ "#" (test_anchor(index, &test.id)) } { (visible(&test.flow)) }
                        // The flow stands in the link.
                        @let own = format!(", {},", visible(&test.flow));
                        @if let Some(found) = test.findings.first() {
                            ": " (finding::one_line(self.run, found).replacen(&own, ",", 1))
                        }
                    }
                }
            }
        }
    }

    pub(crate) fn tallies(&self) -> Markup {
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
            for cause in cause::causes(self.run, judgement, verdict) {
                let at = html! {
                    (cause.reason)
                    @if !cause.exchanges.is_empty() { " (" (self.exchange_links(&cause.exchanges)) ")" }
                };
                let flows = html! { (finding::flows(&cause.tests)) };
                rows.push(Row::new(vec![at, badge(verdict.as_str()), html! { (cause.tests.len()) }, flows]));
            }
        }
        html! { @if !rows.is_empty() { (table("Why tests were not decided", &["Reason (exchange)", "Verdict", "Tests", "Flows"], rows)) } }
    }
}

/// `127 tests passed, 8 failed, 51 were skipped`
fn counts(judgement: &Judgement) -> String {
    let words = [
        (Verdict::Pass, "passed"),
        (Verdict::Fail, "failed"),
        (Verdict::Warn, "warned"),
        (Verdict::Error, "undetermined"),
        (Verdict::Skip, "skipped"),
        (Verdict::NotApplicable, "not applicable"),
    ];
    let count = |verdict| judgement.tests.iter().filter(|t| t.verdict == verdict).count();
    let parts: Vec<String> =
        words.iter().filter(|(v, _)| count(*v) > 0).map(|(v, word)| format!("{} {word}", count(*v))).collect();
    format!("Of {}: {}.", text::count(judgement.tests.len() as u64, "test"), parts.join(", "))
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
