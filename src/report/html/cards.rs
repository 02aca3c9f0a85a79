//! The sections "What to fix" and "Warnings": a card for each requirement.

use maud::{Markup, html};

use crate::base::vocabulary::Verdict;
use crate::report::escape::visible;
use crate::report::html::context::PageContext;
use crate::report::html::evidence::{requirements_in, shown_before, tests_against};
use crate::report::html::finding::finding;
use crate::report::html::part::{capital, link, requirement_anchor, spec_head, test_anchor};
use crate::report::{cause, finding, text};
use crate::verdicts::judged_run::{Judgement, RequirementResult, RequirementState, TestResult};

/// The number of tests of one requirement, and of findings of one test, that are shown.
const MAX_TESTS: usize = 3;
const MAX_FINDINGS: usize = 3;

pub(crate) fn fixes(page: &PageContext<'_>) -> Markup {
    let tests = page.run.judgements.iter().flat_map(|j| &j.tests);
    let undecided = tests.filter(|t| t.verdict == Verdict::Error).count();
    let none = match undecided {
        0 => "Nothing. No SHALL or SHALL NOT is violated.".to_owned(),
        n => {
            let tests = text::count(n as u64, "test");
            format!("No SHALL or SHALL NOT is violated, but the verdict of {tests} is undetermined. See Undetermined.")
        }
    };
    cards(page, "fix", "What to fix", RequirementState::Violated, &none)
}

pub(crate) fn warnings(page: &PageContext<'_>) -> Markup {
    let weaker = page.run.judgements.iter().flat_map(|j| &j.requirements);
    let open = weaker.filter(|r| !r.level.is_binding() && r.state == RequirementState::Undetermined).count();
    let none = match open {
        0 => "None.".to_owned(),
        n => {
            let requirements = text::count(n as u64, "weaker requirement");
            let are = if n == 1 { "is" } else { "are" };
            format!("None, but {requirements} {are} undetermined. See Requirements.")
        }
    };
    cards(page, "warnings", "Warnings", RequirementState::NotMet, &none)
}

fn cards(page: &PageContext<'_>, id: &str, name: &str, state: RequirementState, none: &str) -> Markup {
    let of = |j: &Judgement| j.requirements.iter().any(|r| r.state == state);
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (name) }
            @if !page.run.judgements.iter().any(of) { p { (none) } }
            @for (index, judgement) in page.run.judgements.iter().enumerate().filter(|(_, j)| of(j)) {
                (spec_head(judgement))
                @for requirement in requirements_in(page, judgement, state) {
                    @match shown_before(page.run, index, &requirement.id) {
                        Some(before) => p.again {
                            b { (requirement.level) ": " } (visible(&requirement.says)) " Same findings as under "
                            a href={ "#c" (requirement_anchor(before, &requirement.id)) } { (spec_id(page, before)) } "; "
                            (link(&requirement.link, "the text of this spec")) "."
                        },
                        None => (card(page, index, judgement, requirement)),
                    }
                }
            }
        }
    }
}

fn spec_id(page: &PageContext<'_>, judgement: usize) -> String {
    page.run.judgements.get(judgement).map_or_else(String::new, |j| visible(&j.spec))
}

fn card(page: &PageContext<'_>, index: usize, judgement: &Judgement, requirement: &RequirementResult) -> Markup {
    let tests = tests_against(judgement, &requirement.id);
    let mut groups: Vec<(&TestResult, Vec<&TestResult>)> = Vec::new();
    for test in &tests {
        match groups.iter_mut().find(|(first, _)| cause::alike(first, test)) {
            Some((_, others)) => others.push(test),
            None => groups.push((test, Vec::new())),
        }
    }
    let defect = tests.iter().any(|t| t.defect);
    let class = if requirement.state == RequirementState::Violated { "bad" } else { "doubt" };
    html! {
        article.card.(class) id={ "c" (requirement_anchor(index, &requirement.id)) } {
            p.kicker { (finding::broken(requirement.level, defect)) }
            h4 { (visible(&requirement.says)) }
            p.meta {
                code { (visible(&requirement.id)) } " in " (visible(&judgement.spec)) ", " (requirement.area) ", "
                (link(&requirement.link, "spec text"))
            }
            @if tests.is_empty() { p { (visible(&requirement.because)) } }
            @for (test, others) in groups.iter().take(MAX_TESTS) {
                div.evidence {
                    p {
                        a href={ "#" (test_anchor(index, &test.id)) } { (visible(&test.id)) }
                        @if test.title.trim_end_matches('.') != requirement.says.trim_end_matches('.') { ": " (visible(&test.title)) }
                    }
                    @if let Some(sentence) = cause::sentence(judgement, test) { p.note { b { (capital(&sentence)) "." } } }
                    @if let Some(reason) = &test.known { p.note { "A known deviation: " (visible(reason)) } }
                    @if test.findings.is_empty() { p { (visible(&test.because)) } }
                    @let folded = cause::fold(&test.findings);
                    @for (i, (found, also)) in folded.iter().take(MAX_FINDINGS).enumerate() {
                        (finding(page, found, i.checked_sub(1).and_then(|i| folded.get(i)).map(|(f, _)| *f)))
                        @if let Some(sentence) = finding::elsewhere(page.run, also) { p.note { (capital(&sentence)) "." } }
                    }
                    @if folded.len() > MAX_FINDINGS {
                        p.note { (text::count((folded.len() - MAX_FINDINGS) as u64, "more finding")) " in run.json." }
                    }
                    @if !others.is_empty() { (same_on(page, index, others)) }
                    @for test in std::iter::once(test).chain(others) {
                        @if let Some(sentence) = finding::consequences(page.run, judgement, test) {
                            p.note { b { (capital(&sentence)) "." } }
                        }
                    }
                    @if !test.why.is_empty() { p.why { b { "Why it matters: " } (visible(&test.why)) "." } }
                }
            }
            @if groups.len() > MAX_TESTS {
                p.note {
                    "Also found by "
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

/// Lists other flows with the same finding.
fn same_on(page: &PageContext<'_>, index: usize, others: &[&TestResult]) -> Markup {
    html! {
        p.label { "Same finding on" }
        ul.same {
            @for test in others {
                li {
                    a href={ "#" (test_anchor(index, &test.id)) } { (visible(&test.flow)) }
                    // The link names the flow.
                    @let own = format!(", {},", visible(&test.flow));
                    @if let Some(found) = test.findings.first() {
                        ": " (finding::one_line(page.run, found).replacen(&own, ",", 1))
                    }
                }
            }
        }
    }
}
