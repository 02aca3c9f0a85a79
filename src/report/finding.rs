//! A finding as text: the level first, then the exchange with a caret under the wrong part, repeats as a count, and the
//! consequences after their cause.

use crate::base::vocabulary::{Level, Verdict};
use crate::recording::model::{Exchange, Outcome};
use crate::report::escape::visible;
use crate::report::wire::{Detail, WireLine, WireMark};
use crate::report::{cause, curl, exchange, text, wire};

use crate::verdicts::finding_place::{FindingPlace, PlaceKind};
use crate::verdicts::judged_run::{Finding, Judgement, Run, TestResult};

/// The number of findings of one test that are shown in full.
const MAX: usize = 4;

/// One finding, in parts that the terminal and the page arrange. All text is escaped for display.
pub(crate) struct FindingExcerpt<'a> {
    /// The exchange: `exchange 14, patient, poll 2 of 4, +3.0 s`.
    pub label: String,
    /// The lines of the exchange.
    pub lines: Vec<WireLine>,
    /// How often it is repeated, and where.
    pub repeats: Option<String>,
    /// The exchange, if the recording has it.
    pub exchange: Option<&'a Exchange>,
}

/// Returns the text about a failed, warned, undetermined or skipped test; it ends in a line feed. libtest prints the
/// line with the name before it.
///
/// Lines have at most 100 columns, except links and commands, which are not wrapped.
pub fn render(run: &Run, judgement: &Judgement, test: &TestResult) -> String {
    let mut out = String::new();
    for line in text::wrap(&head(test), text::COLUMNS) {
        push(&mut out, 0, &line);
    }
    let mut before = None;
    let folded = cause::fold(&test.findings);
    for (finding, others) in folded.iter().take(MAX) {
        let mut shown = show(run, finding, text::COLUMNS - 4);
        // The request is shown once for consecutive findings of one exchange.
        if finding.exchange.is_some() && finding.exchange == before {
            shown.lines.retain(|l| l.mark != WireMark::Sent);
        }
        before = finding.exchange;
        out.push('\n');
        if !shown.label.is_empty() {
            push(&mut out, 2, &text::cut(&shown.label, text::COLUMNS - 2));
        }
        for line in &shown.lines {
            push(&mut out, 4, &line.text);
        }
        for sentence in shown.repeats.into_iter().chain(elsewhere(run, others)) {
            push_wrapped(&mut out, 2, &sentence);
        }
    }
    if folded.len() > MAX {
        let more = text::count((folded.len() - MAX) as u64, "more finding");
        out.push('\n');
        push(&mut out, 2, &format!("{more}; run.json has all findings"));
    }
    if test.findings.is_empty()
        && let Some(exchange) = lone_exchange(run, test)
    {
        out.push('\n');
        push(&mut out, 2, &text::cut(&exchange::label(run, exchange), text::COLUMNS - 2));
        for line in wire::show(run, exchange, None, Detail::Telling, text::COLUMNS - 4) {
            push(&mut out, 4, &line.text);
        }
    }
    out.push('\n');
    for (name, value, one_line) in notes(run, judgement, test) {
        note(&mut out, name, &value, one_line);
    }
    out
}

/// Like [`render`], but a test with the same cause as an earlier test only refers to that test. The cause is the same
/// on another flow, under another spec, or for another undetermined test.
pub fn render_once(run: &Run, judgement: &Judgement, test: &TestResult) -> String {
    let Some((of, first)) = cause::shown_before(run, judgement, test) else {
        return render(run, judgement, test);
    };
    let name = match run.judgements.len() {
        0 | 1 => visible(&first.id),
        _ => format!("{}::{}", visible(&of.spec), visible(&first.id)),
    };
    let mut out = String::new();
    if test.verdict == Verdict::Error {
        return text::cut(&format!("Undetermined: same cause as {name}, above"), text::COLUMNS);
    }
    for line in text::wrap(&head(test), text::COLUMNS) {
        push(&mut out, 0, &line);
    }
    out.push('\n');
    let folded = cause::fold(&test.findings);
    for (finding, others) in folded.iter().take(MAX) {
        let sentence = std::iter::once(one_line(run, finding)).chain(elsewhere(run, others)).collect::<Vec<_>>();
        push_wrapped(&mut out, 2, &sentence.join("; "));
    }
    if folded.len() > MAX {
        push(&mut out, 2, &format!("and {} more", folded.len() - MAX));
    }
    out.push('\n');
    note(&mut out, "same as", &format!("{name}, above"), true);
    for (name, value, one_line) in notes(run, judgement, test) {
        // Another spec has another text and link; the earlier test shows the rest.
        if name == "effect" || name == "known" || (name == "spec" && of.spec != judgement.spec) {
            note(&mut out, name, &value, one_line);
        }
    }
    out
}

/// Returns a reference to an earlier test with the same cause: `same cause as files::delivered@system`.
pub fn follows(run: &Run, judgement: &Judgement, test: &TestResult) -> Option<String> {
    let (of, first) = cause::shown_before(run, judgement, test)?;
    Some(match run.judgements.len() {
        0 | 1 => format!("same cause as {}", visible(&first.id)),
        _ => format!("same cause as {}::{}", visible(&of.spec), visible(&first.id)),
    })
}

/// Returns a finding as one line: `exchange 6, patient, poll 1 of 3, +0.1 s: status, expected 202, found 200`.
pub(crate) fn one_line(run: &Run, finding: &Finding) -> String {
    let exchange = finding.exchange.and_then(|id| exchange::find(run, id));
    let label = exchange.map_or_else(String::new, |e| format!("{}: ", exchange::label(run, e)));
    let (expected, actual) = (wire::expected(finding), visible(&finding.actual));
    let repeats = exchange.and_then(|e| repeats(finding, e)).map_or_else(String::new, |r| format!("; {r}"));
    text::cut(&format!("{label}{}, {expected}, found {actual}", visible(&finding.place.to_string())), 300) + &repeats
}

/// Returns the other places of a finding about a line: `the same in 8 more files: exchange 29, file output/0, line 1
/// (40 lines); ...`.
pub(crate) fn elsewhere(run: &Run, others: &[&Finding]) -> Option<String> {
    const SHOWN: usize = 3;
    let one = |f: &&Finding| {
        let exchange = f.exchange.and_then(|id| exchange::find(run, id));
        let file = exchange.map_or_else(String::new, |e| format!(", {}", exchange::part(run, e)));
        let at = f.exchange.map_or_else(String::new, |id| format!("exchange {id}{file}, "));
        format!("{at}{} ({})", visible(&f.place.to_string()), text::count(f.count, "line"))
    };
    let shown: Vec<String> = others.iter().take(SHOWN).map(one).collect();
    let more = match others.len().saturating_sub(SHOWN) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    let files = text::count(others.len() as u64, "more file");
    (!others.is_empty()).then(|| format!("the same in {files}: {}{more}", shown.join("; ")))
}

/// Returns the first line about a test, by verdict and level: `SHALL violated: polls of a running job return 202
/// Accepted`.
pub(crate) fn head(test: &TestResult) -> String {
    let title = visible(&lower_first(&test.title));
    let because = visible(&test.because);
    match test.verdict {
        Verdict::Fail | Verdict::Warn => format!("{}: {title}", broken(test.level, test.defect)),
        Verdict::Error => format!("Undetermined: {}", if because.is_empty() { title } else { because }),
        Verdict::Skip => format!("Not tested: {}", if because.is_empty() { title } else { because }),
        Verdict::NotApplicable => format!("Not applicable: {}", if because.is_empty() { title } else { because }),
        Verdict::Pass => format!("{} met: {title}", test.level),
    }
}

/// Returns a violation of this level in words.
pub(crate) fn broken(level: Level, defect: bool) -> String {
    let words = match level {
        Level::Shall | Level::ShallNot => "violated",
        Level::Should | Level::ShouldNot => "not met",
        Level::May => "used in a way that its text forbids",
        Level::Implied => "by the text, not met",
        Level::Advice => "not followed",
    };
    if defect {
        format!("{level} {words} (the spec text is wrong here, so this only warns)")
    } else {
        format!("{level} {words}")
    }
}

/// Lays out one finding in lines of at most `columns` columns.
pub(crate) fn show<'a>(run: &'a Run, finding: &Finding, columns: usize) -> FindingExcerpt<'a> {
    let exchange = finding.exchange.and_then(|id| exchange::find(run, id));
    let Some(exchange) = exchange else {
        let place = if finding.place == FindingPlace::Nowhere {
            String::new()
        } else {
            format!("{}: ", visible(&finding.place.to_string()))
        };
        let sentence = format!("{place}expected {}, found {}", visible(&finding.expected), visible(&finding.actual));
        let lines = text::wrap(&text::cut(&sentence, 800), columns);
        let lines = lines.into_iter().map(|text| WireLine { mark: WireMark::Caret, text }).collect();
        let label = finding.exchange.map_or_else(String::new, |id| format!("exchange {id} (not in the recording)"));
        return FindingExcerpt { label, lines, repeats: None, exchange: None };
    };
    let lines = wire::show(run, exchange, Some(finding), Detail::Telling, columns);
    FindingExcerpt {
        label: exchange::label(run, exchange),
        lines,
        repeats: repeats(finding, exchange),
        exchange: Some(exchange),
    }
}

/// Returns the repeats of a finding: `the same in exchanges 15 and 16 (3 of 4 polls)`.
fn repeats(finding: &Finding, exchange: &Exchange) -> Option<String> {
    let mut parts = Vec::new();
    if finding.count > 1 && finding.place.kind() != PlaceKind::Line {
        parts.push(format!("{} times in this exchange", finding.count));
    }
    if !finding.repeats.is_empty() {
        let which = if finding.repeats.len() == 1 { "exchange" } else { "exchanges" };
        let of = u64::from(finding.looked_at);
        let shown = finding.repeats.len() + 1;
        let of = text::count(of, exchange::noun(exchange));
        parts.push(format!("the same in {which} {} ({shown} of {of})", text::numbers(&finding.repeats)));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Returns the notes after the findings: name, value, and whether the value must not be wrapped.
fn notes(run: &Run, judgement: &Judgement, test: &TestResult) -> Vec<(&'static str, String, bool)> {
    let mut out = Vec::new();
    if !matches!(test.verdict, Verdict::Fail | Verdict::Warn) && !test.because.is_empty() {
        out.push(("test", visible(&lower_first(&test.title)), false));
    }
    if matches!(test.verdict, Verdict::Fail | Verdict::Warn) && test.findings.is_empty() && !test.because.is_empty() {
        out.push(("found", visible(&test.because), false));
    }
    if let Some(sentence) = cause::sentence(judgement, test) {
        out.push(("cause", sentence, false));
    }
    if !test.why.is_empty() {
        out.push(("why", visible(&test.why), false));
    }
    if let Some(sentence) = places(run, judgement, test) {
        out.push(("places", sentence, false));
    }
    if let Some(sentence) = consequences(run, judgement, test) {
        out.push(("effect", sentence, false));
    }
    if let Some(reason) = &test.known {
        out.push(("known", format!("a known deviation: {}", visible(reason)), false));
    }
    for id in &test.requirements {
        let link = judgement.requirements.iter().find(|r| r.id == *id).map_or("", |r| r.link.as_str());
        let sentence = format!("{} {}  {}", visible(&judgement.spec), visible(id), visible(link));
        out.push(("spec", sentence.trim_end().to_owned(), true));
    }
    if !test.suite.is_empty() {
        out.push(("suite", visible(&test.suite), true));
    }
    let exchange = test.findings.iter().find_map(|f| f.exchange).and_then(|id| exchange::find(run, id));
    if let Some(exchange) = exchange.or_else(|| lone_exchange(run, test)) {
        if let Some(kickoff) = curl::kickoff(run, exchange) {
            let request = &kickoff.request;
            let (method, url) = (visible(&request.method), visible(&request.url));
            out.push(("kickoff", format!("exchange {}: {method} {url}", kickoff.id), false));
        }
        let prelude = curl::prelude(run, exchange).map(|p| p.replace('\n', "\n          ") + "\n          ");
        let complete = prelude.is_some();
        out.push(("repeat", prelude.unwrap_or_default() + &repeat(exchange), true));
        if let Some(sentence) = curl::variables(run, exchange).filter(|_| !complete) {
            out.push(("where", sentence, true));
        }
        if let Some(command) = look(test.findings.first(), exchange) {
            out.push(("inspect", command, true));
        }
    }
    out
}

/// Returns a sentence about later tests that found the same cause.
fn places(run: &Run, judgement: &Judgement, test: &TestResult) -> Option<String> {
    const SHOWN: usize = 6;
    if !matches!(test.verdict, Verdict::Fail | Verdict::Warn) || cause::shown_before(run, judgement, test).is_some() {
        return None;
    }
    let later = judgement.tests.iter().skip_while(|t| t.id != test.id).skip(1);
    let same: Vec<String> =
        later.filter(|t| t.verdict == test.verdict && cause::same_cause(test, t)).map(|t| visible(&t.id)).collect();
    let more = same.len().saturating_sub(SHOWN);
    let shown = same.get(..SHOWN).unwrap_or(&same).join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let tests = text::count(same.len() as u64, "more test");
    (!same.is_empty()).then(|| format!("the same cause in {tests}: {shown}{more}"))
}

/// Returns a sentence about the tests that have no verdict because of the cause of this test.
pub(crate) fn consequences(run: &Run, judgement: &Judgement, test: &TestResult) -> Option<String> {
    let followers = cause::followers(run, judgement, test);
    let first = followers.first()?;
    let (reason, _) = cause::origin(run, first);
    let tests = text::count(followers.len() as u64, "more test");
    let state = if followers.iter().all(|t| t.verdict == Verdict::Skip) { "skipped" } else { "undetermined" };
    let is = if followers.len() == 1 { "is" } else { "are" };
    let flows = flows(&followers);
    if test.verdict == Verdict::Error {
        return Some(format!("{tests} {is} {state} for the same reason ({flows})"));
    }
    Some(format!("{tests} {is} {state} because of this ({flows}): {reason}"))
}

/// Returns the flows of some tests: `system, patient and 11 more`.
pub(crate) fn flows(tests: &[&TestResult]) -> String {
    const SHOWN: usize = 4;
    let mut names: Vec<String> = Vec::new();
    for test in tests {
        let name = visible(&test.flow);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}

/// Returns the command that shows the line of a finding in a file that [`repeat`] has fetched.
pub(crate) fn look(finding: Option<&Finding>, exchange: &Exchange) -> Option<String> {
    let position = finding.filter(|f| f.exchange == Some(exchange.id))?.position?;
    exchange.file.map(|_| format!("sed -n {}p response.ndjson", position.line))
}

/// Returns the command that repeats the exchange, on several lines if it is long.
fn repeat(exchange: &Exchange) -> String {
    let arguments = curl::arguments(exchange);
    let line = arguments.join(" ");
    if text::width(&line) + 10 <= text::COLUMNS {
        return line;
    }
    let mut lines: Vec<String> = Vec::new();
    for argument in arguments {
        match lines.last_mut() {
            Some(line) if text::width(line) + text::width(&argument) + 14 <= text::COLUMNS => {
                line.push(' ');
                line.push_str(&argument);
            }
            _ => lines.push(argument),
        }
    }
    lines.join(" \\\n            ")
}

/// Returns the exchange that left a test without findings undetermined, if there is one.
pub(crate) fn lone_exchange<'a>(run: &'a Run, test: &TestResult) -> Option<&'a Exchange> {
    if test.verdict != Verdict::Error || !test.findings.is_empty() {
        return None;
    }
    if let Some(exchange) = cause::origin(run, test).1.and_then(|id| exchange::find(run, id)) {
        return Some(exchange);
    }
    let mut seen = test.exchanges.iter().filter_map(|id| exchange::find(run, *id));
    seen.find(|e| match &e.outcome {
        Outcome::NoResponse(_) => true,
        Outcome::Handshake(_) => false,
        Outcome::Response(r) => r.broken.is_some(),
    })
}

fn note(out: &mut String, name: &str, value: &str, one_line: bool) {
    let lines = if one_line { vec![value.to_owned()] } else { text::wrap(value, text::COLUMNS - 10) };
    for (i, line) in lines.iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        push(out, 2, &format!("{name:<7} {line}"));
    }
}

fn push_wrapped(out: &mut String, indent: usize, text: &str) {
    for (i, line) in text::wrap(text, text::COLUMNS - indent - 2).iter().enumerate() {
        push(out, if i == 0 { indent } else { indent + 2 }, line);
    }
}

fn push(out: &mut String, indent: usize, line: &str) {
    out.push_str(&" ".repeat(indent));
    out.push_str(line.trim_end());
    out.push('\n');
}

/// Returns a title as the rest of a sentence. Lowers the first letter only of words that cannot be the name of a header
/// or a parameter.
fn lower_first(title: &str) -> String {
    const SMALL: &[&str] = &[
        "A", "An", "The", "Every", "Each", "No", "Nothing", "Only", "All", "Any", "Where", "When", "While", "After",
        "Before", "If", "In", "On", "At", "Of", "With", "Without", "What", "Polls", "Polling", "Files", "File",
        "There", "Both", "Two", "Several", "Some", "One", "Jobs", "Requests", "Types", "Tokens", "Errors", "Exported",
        "Accepted", "Refused", "Deleted", "Unknown",
    ];
    match title.split_once(' ') {
        Some((first, rest)) if SMALL.contains(&first) => format!("{} {rest}", first.to_lowercase()),
        _ => title.to_owned(),
    }
}
