//! The summary on the terminal, after libtest's lines.

use std::path::Path;

use crate::base::vocabulary::Verdict;
use crate::report::differences::{asks, differences};
use crate::report::escape::visible;
use crate::report::severity::CauseGroup;
use crate::report::{cause, exchange, finding, severity, text, verdict};
use crate::suite::model::Asks;
use crate::verdicts::judged_run::{Conformance, Judgement, RequirementResult, Run, TestResult};

/// How the summary is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct TerminalOptions<'a> {
    /// Use color (ANSI escapes).
    pub color: bool,
    /// Warnings count as failures, and libtest has shown them already.
    pub strict: bool,
    /// The report folder, if the reports were written.
    pub reports: Option<&'a Path>,
}

/// The number of reasons and warnings that are listed; the rest is counted.
const MAX: usize = 12;

/// Returns the summary of a run: failures and warnings by cause, undetermined and skipped tests with their reasons, the
/// counts, the traffic, and the verdict under each spec. Lines have at most 100 columns.
pub fn summary(run: &Run, options: &TerminalOptions<'_>) -> String {
    let mut out = SummaryWriter { text: String::new(), color: options.color };
    let several = run.judgements.len() > 1;
    for judgement in &run.judgements {
        let of = if several { format!(" ({})", visible(&judgement.spec)) } else { String::new() };
        violations(&mut out, judgement, Verdict::Fail, "failure", &of);
        if !options.strict {
            violations(&mut out, judgement, Verdict::Warn, "warning", &of);
        }
        reasons(&mut out, run, judgement, Verdict::Error, &format!("undetermined{of}"));
        reasons(&mut out, run, judgement, Verdict::Skip, &format!("not tested{of}"));
        reasons(&mut out, run, judgement, Verdict::NotApplicable, &format!("not applicable{of}"));
        tally(&mut out, judgement, &of);
    }
    side_by_side(&mut out, run);
    out.head("traffic");
    out.text(2, &verdict::traffic(run));
    if !run.leftovers.is_empty() {
        out.head(&format!("left on the server: {}", text::count(run.leftovers.len() as u64, "job")));
        for url in run.leftovers.iter().take(MAX) {
            out.line(2, &text::cut(&visible(url), text::COLUMNS - 2));
        }
        out.more(run.leftovers.len(), "job");
    }
    out.head("verdict");
    for judgement in &run.judgements {
        verdict_of(&mut out, run, judgement);
    }
    if let Some(early) = &run.early {
        out.text(2, &format!("the run ended early: {}", visible(early)));
    }
    if let Some(scope) = verdict::scope(run) {
        out.text(2, &scope);
    }
    for note in verdict::notes(run) {
        out.text(2, &note);
    }
    if let Some(reports) = options.reports {
        out.head("reports");
        out.line(2, &visible(&reports.join("index.html").display().to_string()));
        out.line(2, "in the same folder: junit.xml, checklist.md, run.json and recording/");
    }
    out.text
}

/// Lists the requirements in which the specs differ, and counts those that are the same.
fn side_by_side(out: &mut SummaryWriter, run: &Run) {
    let all = differences(run);
    let (same, differ): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.asks == Asks::Same);
    if differ.is_empty() {
        return;
    }
    out.head(&format!("where the specs differ: {}", text::count(differ.len() as u64, "requirement")));
    let in_words = |requirement: &RequirementResult| {
        let RequirementResult { id, level, state, .. } = requirement;
        format!("{} ({level}, {})", visible(id), state.as_str().replace('-', " "))
    };
    for one in differ.iter().take(MAX) {
        let others: Vec<String> = one.others.iter().map(|other| in_words(other)).collect();
        out.text(2, &format!("{} requires {} {}", in_words(one.requirement), asks(one.asks), list(&others)));
        if let Some(how) = one.how {
            out.text(4, &visible(how));
        }
    }
    out.more(differ.len(), "requirement");
    if !same.is_empty() {
        out.text(
            2,
            &format!(
                "the same in both specs: {}; index.html compares all of them",
                text::count(same.len() as u64, "requirement")
            ),
        );
    }
}

/// Lists the failures or warnings by cause, worst first.
fn violations(out: &mut SummaryWriter, judgement: &Judgement, verdict: Verdict, name: &str, of: &str) {
    let groups = severity::groups(judgement, verdict);
    if groups.is_empty() {
        return;
    }
    let tests: usize = groups.iter().map(|group| 1 + group.others.len()).sum();
    let tests = if tests > groups.len() { format!(" ({})", text::count(tests as u64, "test")) } else { String::new() };
    out.head(&format!("{name}s{of}: {}{tests}", groups.len()));
    for CauseGroup { leader, others } in groups.iter().take(MAX) {
        if let Some(sentence) = cause::sentence(judgement, leader) {
            out.text(2, &sentence);
        }
        out.text(2, &finding::head(leader));
        let all: Vec<&TestResult> = std::iter::once(*leader).chain(others.iter().copied()).collect();
        let names = verdict::fold_flows(&all).into_iter().map(|(name, tests)| {
            let flows: Vec<String> = tests.iter().map(|t| visible(&t.flow)).collect();
            format!("{} on {}", visible(name), list(&flows))
        });
        out.text(4, &names.collect::<Vec<_>>().join("; "));
        if let Some(f) = leader.findings.first() {
            let at = f.exchange.map_or_else(String::new, |id| format!("exchange {id}, "));
            let (expected, actual) = (visible(&f.expected), visible(&f.actual));
            let sentence = format!("{at}{}: expected {expected}, found {actual}", visible(&f.place.to_string()));
            out.text(4, &text::cut(&sentence, 300));
        }
    }
    out.more(groups.len(), name);
}

fn reasons(out: &mut SummaryWriter, run: &Run, judgement: &Judgement, verdict: Verdict, head: &str) {
    let causes = cause::causes(run, judgement, verdict);
    let tests: usize = causes.iter().map(|c| c.tests.len()).sum();
    if tests == 0 {
        return;
    }
    out.head(&format!("{head}: {tests}"));
    for cause in causes.iter().take(MAX) {
        let names: Vec<String> = cause.tests.iter().take(3).map(|t| visible(&t.id)).collect();
        let more = if cause.tests.len() > 3 { format!(" and {} more", cause.tests.len() - 3) } else { String::new() };
        let at = match cause.exchanges.len() {
            0 => String::new(),
            1 => format!(" (exchange {})", text::numbers(&cause.exchanges)),
            _ => format!(" (exchanges {})", text::numbers(&cause.exchanges)),
        };
        out.text(2, &format!("{} x  {}{at}", cause.tests.len(), text::cut(&cause.reason, 300)));
        out.text(7, &format!("{}{more}", names.join(", ")));
    }
    out.more(causes.len(), "reason");
}

fn tally(out: &mut SummaryWriter, judgement: &Judgement, of: &str) {
    let tally = verdict::by_level(judgement);
    if tally.rows.is_empty() {
        return;
    }
    out.head(&format!("requirements{of}"));
    let head: Vec<String> = tally.columns.iter().map(|c| format!("{c:>w$}", w = text::width(c))).collect();
    out.line(2, &format!("{:<10}  {}", "", head.join("  ")));
    for (name, numbers) in &tally.rows {
        let cells = numbers.iter().zip(&tally.columns).map(|(n, c)| {
            let shown = if *n == 0 { "-".to_owned() } else { n.to_string() };
            format!("{shown:>w$}", w = text::width(c))
        });
        out.line(2, &format!("{name:<10}  {}", cells.collect::<Vec<_>>().join("  ")));
    }
}

fn verdict_of(out: &mut SummaryWriter, run: &Run, judgement: &Judgement) {
    let color = match judgement.outcome {
        Conformance::Conformant => "32",
        Conformance::NotConformant => "31",
        Conformance::Undetermined => "33",
    };
    let also = if judgement.informational { " (informational: does not count for the exit code)" } else { "" };
    let sentence = format!("{}: {}{also}", visible(&judgement.spec), verdict::sentence(run, judgement));
    for (i, line) in text::wrap(&sentence, text::COLUMNS - 4).iter().enumerate() {
        let painted = out.paint(line, color);
        out.line(if i == 0 { 2 } else { 4 }, &painted);
    }
    for sentence in [verdict::remark(judgement), verdict::gate(judgement)].into_iter().flatten() {
        out.text(4, &sentence);
    }
    let first = judgement.tests.iter().find(|t| t.verdict == Verdict::Error);
    if judgement.outcome == Conformance::Undetermined
        && let Some(exchange) = first.and_then(|t| t.exchanges.first()).and_then(|id| exchange::find(run, *id))
    {
        out.text(4, &format!("first undetermined test: {}", exchange::label(run, exchange)));
    }
}

/// Returns the words as a list: `patient, group and system`.
fn list(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

/// Writes the summary.
struct SummaryWriter {
    text: String,
    color: bool,
}

impl SummaryWriter {
    fn head(&mut self, text: &str) {
        self.text.push('\n');
        let painted = self.paint(text, "1");
        self.line(0, &painted);
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn text(&mut self, indent: usize, text: &str) {
        for (i, line) in text::wrap(text, text::COLUMNS - indent - 2).iter().enumerate() {
            self.line(if i == 0 { indent } else { indent + 2 }, line);
        }
    }

    fn more(&mut self, all: usize, noun: &str) {
        if all > MAX {
            let more = text::count((all - MAX) as u64, &format!("more {noun}"));
            self.line(2, &format!("and {more}; see the reports"));
        }
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
