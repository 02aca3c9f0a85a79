//! An exchange as text, line by line, with a caret under the wrong part.

use crate::recording::model::{Body, BodyKind, Exchange, Outcome, Response};
use crate::report::escape::visible;
use crate::report::exchange::{header_name, status_words};
use crate::report::{excerpt, text};
use crate::verdicts::finding_place::{FindingPlace, PlaceKind};
use crate::verdicts::judged_run::{Finding, Run};

/// The kind of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireMark {
    /// A line of the request: `> GET ...`.
    Sent,
    /// A line of the response: `< 200 OK`.
    Got,
    /// The recorded part of a body: `| {...}`.
    Body,
    /// A place in a file: `@ line 17`.
    Place,
    /// The caret and the expectation.
    Caret,
}

/// One line, escaped, without indentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireLine {
    /// Its kind.
    pub mark: WireMark,
    /// Its text.
    pub text: String,
}

/// How much of an exchange is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The parts that help to understand a finding.
    Telling,
    /// Everything in the recording, up to limits.
    Full,
}

/// Response headers that rarely explain a finding.
const QUIET: &[&str] = &[
    "date",
    "server",
    "connection",
    "keep-alive",
    "content-length",
    "transfer-encoding",
    "via",
    "vary",
    "etag",
    "x-powered-by",
    "strict-transport-security",
    "cache-control",
    "pragma",
    "x-request-id",
    "last-modified",
];

/// Returns the exchange as lines of at most `columns` columns. With a finding, a caret marks the wrong part.
pub fn show(
    run: &Run,
    exchange: &Exchange,
    finding: Option<&Finding>,
    detail: Detail,
    columns: usize,
) -> Vec<WireLine> {
    let mut out = WireWriter { lines: Vec::new(), columns };
    out.request(exchange, detail);
    let kind = finding.map(|f| f.place.kind());
    match &exchange.outcome {
        Outcome::NoResponse(trouble) => {
            out.push(WireMark::Got, "< (no response)");
            let words = format!("{}: {}", trouble.kind, visible(&trouble.message));
            out.caret(2, 13, &words);
        }
        Outcome::Handshake(handshake) => {
            let words = visible(&handshake.words());
            out.push(WireMark::Got, &format!("< {words}"));
            if let Some(f) = finding.filter(|_| kind == Some(PlaceKind::Status)) {
                out.caret(2, words.chars().count(), &expected(f));
            }
        }
        Outcome::Response(response) => {
            out.push(WireMark::Got, &format!("< {}", status_words(response.status)));
            if let Some(f) = finding.filter(|_| kind == Some(PlaceKind::Status)) {
                out.caret(2, 3, &expected_status(f));
            }
            out.headers(response, finding.filter(|_| kind == Some(PlaceKind::Header)), detail);
            match finding {
                Some(f) if kind == Some(PlaceKind::Body) => out.body_finding(&response.body, f),
                Some(f) if kind == Some(PlaceKind::Line) => out.place(run, exchange, f),
                _ => {
                    let most = match (detail, kind) {
                        (Detail::Full, _) => 120,
                        (_, Some(PlaceKind::Header)) => 3,
                        _ => 8,
                    };
                    out.body(&response.body, most);
                }
            }
            if let Some(trouble) = &response.broken {
                out.push(WireMark::Got, "< (the body is incomplete)");
                out.caret(2, 24, &format!("{}: {}", trouble.kind, visible(&trouble.message)));
            }
        }
    }
    if let Some(f) = finding.filter(|_| kind == Some(PlaceKind::None)) {
        out.caret(0, 1, &both(f));
    }
    out.lines
}

/// Returns `expected 202 Accepted`: adds the words of a status code.
fn expected_status(finding: &Finding) -> String {
    let words = finding.expected.parse().ok().map(status_words);
    format!("expected {}", words.unwrap_or_else(|| visible(&finding.expected)))
}

/// Returns the expectation, as shown next to a caret.
pub(crate) fn expected(finding: &Finding) -> String {
    match finding.expected.as_str() {
        "a value" => "expected to be present".to_owned(),
        other => format!("expected {}", visible(other)),
    }
}

/// Returns the words for a missing member.
fn missing(pointer: &str, finding: &Finding) -> String {
    match finding.expected.as_str() {
        "a value" => format!("expected {} here", visible(pointer)),
        _ => format!("no {} here; {}", visible(pointer), expected(finding)),
    }
}

/// Returns what was expected and what was found, if the lines above do not show what was found.
fn both(finding: &Finding) -> String {
    if finding.actual.is_empty() {
        return expected(finding);
    }
    format!("{}, found {}", expected(finding), text::cut(&visible(&finding.actual), 400))
}

/// Writes lines of limited width.
struct WireWriter {
    lines: Vec<WireLine>,
    columns: usize,
}

impl WireWriter {
    fn push(&mut self, mark: WireMark, line: &str) {
        self.lines.push(WireLine { mark, text: text::cut(line, self.columns) });
    }

    /// Writes a caret of `length` columns at column `start`. The words follow it, or start on the next line if there is
    /// no room.
    fn caret(&mut self, start: usize, length: usize, words: &str) {
        let start = start.min(self.columns / 2);
        let length = length.clamp(1, 24);
        let after_caret = start + length + 1;
        let (mut first, column) =
            (format!("{}{}", " ".repeat(start), "^".repeat(length)), after_caret.min(self.columns / 2));
        let mut rest = text::wrap(words, self.columns - column).into_iter();
        if after_caret <= self.columns / 2 {
            first = format!("{first} {}", rest.next().unwrap_or_default());
        }
        self.lines.push(WireLine { mark: WireMark::Caret, text: first });
        for line in rest {
            self.lines.push(WireLine { mark: WireMark::Caret, text: format!("{}{line}", " ".repeat(column)) });
        }
    }

    fn request(&mut self, exchange: &Exchange, detail: Detail) {
        let request = &exchange.request;
        self.push(WireMark::Sent, &format!("> {} {}", visible(&request.method), visible(&request.url)));
        let most = if detail == Detail::Full { 40 } else { 10 };
        for (name, value) in request.headers.iter().take(most) {
            let lower = name.to_ascii_lowercase();
            if detail == Detail::Telling && matches!(lower.as_str(), "host" | "user-agent" | "content-length") {
                continue;
            }
            self.push(WireMark::Sent, &format!("> {}: {}", header_name(name), visible(value)));
        }
        if let Some(body) = &request.body {
            let most = if detail == Detail::Full { 40 } else { 6 };
            self.push(WireMark::Sent, ">");
            for line in body.lines().take(most) {
                self.push(WireMark::Sent, &format!("> {}", visible(line)));
            }
            let left = body.lines().count().saturating_sub(most);
            if left > 0 {
                self.push(WireMark::Sent, &format!("> ({} more)", text::count(left as u64, "line")));
            }
        }
    }

    fn headers(&mut self, response: &Response, finding: Option<&Finding>, detail: Detail) {
        let wanted = finding.and_then(|f| match &f.place {
            FindingPlace::Header(name) => Some(name.trim()),
            _ => None,
        });
        let mut left: usize = if detail == Detail::Full { 60 } else { 8 };
        let is_wanted = |name: &str| wanted.is_some_and(|w| w.eq_ignore_ascii_case(name));
        let wrong =
            response.headers.iter().position(|(n, v)| is_wanted(n) && finding.is_some_and(|f| f.actual.contains(v)));
        let wrong = wrong.or_else(|| response.headers.iter().position(|(n, _)| is_wanted(n)));
        for (i, (name, value)) in response.headers.iter().enumerate() {
            let telling = is_wanted(name) || detail == Detail::Full || !is_quiet(name);
            if !telling || (left == 0 && Some(i) != wrong) {
                continue;
            }
            left = left.saturating_sub(1);
            let name = header_name(name);
            let shown = visible(value);
            self.push(WireMark::Got, &format!("< {name}: {shown}"));
            if let Some(f) = finding.filter(|_| Some(i) == wrong) {
                let start = text::width(&name) + 4;
                let room = self.columns.saturating_sub(start);
                self.caret(start, text::width(&shown).min(room), &expected(f));
            }
        }
        if let (Some(f), Some(name), None) = (finding, wanted, wrong) {
            let line = format!("< (no {})", header_name(name));
            let length = text::width(&line).saturating_sub(2);
            self.push(WireMark::Got, &line);
            self.caret(2, length, &expected(f));
        }
    }

    fn body(&mut self, body: &Body, most: usize) {
        if let Some(value) = &body.json {
            let compact = visible(&value.to_string());
            if text::width(&compact) + 2 <= self.columns {
                self.push(WireMark::Body, &format!("| {compact}"));
                return;
            }
            let rows = excerpt::rows(value, self.columns - 2);
            for row in rows.iter().take(most) {
                self.push(WireMark::Body, &format!("| {}", row.text));
            }
            if rows.len() > most {
                let left = text::count((rows.len() - most) as u64, "line");
                self.push(WireMark::Body, &format!("| ... ({left} more)"));
            }
        } else if let Some(excerpt) = &body.excerpt {
            for line in text::wrap(&visible(excerpt), self.columns - 2).iter().take(most.min(6)) {
                self.push(WireMark::Body, &format!("| {line}"));
            }
        } else {
            self.push(WireMark::Body, &format!("| ({})", summary(body)));
        }
        if let Some(why) = &body.not_json {
            self.push(WireMark::Body, &format!("| (not JSON: {})", visible(why)));
        }
    }

    fn body_finding(&mut self, body: &Body, finding: &Finding) {
        let pointer = match &finding.place {
            FindingPlace::Body(pointer) => pointer.trim(),
            _ => "",
        };
        match &body.json {
            Some(value) if pointer.starts_with('/') => {
                let shown = excerpt::around(value, pointer, self.columns - 2);
                for (i, row) in shown.rows.iter().enumerate() {
                    self.push(WireMark::Body, &format!("| {row}"));
                    if shown.caret == Some(i) {
                        // The line shows a scalar value, so the words need not repeat it.
                        let scalar = !value.pointer(pointer).is_some_and(|v| v.is_object() || v.is_array());
                        let words = match shown.found {
                            true if scalar => expected(finding),
                            true => both(finding),
                            false => missing(pointer, finding),
                        };
                        self.caret(shown.start + 2, shown.length, &words);
                    }
                }
            }
            _ => {
                self.body(body, 8);
                self.caret(2, 1, &both(finding));
            }
        }
    }

    fn place(&mut self, run: &Run, exchange: &Exchange, finding: &Finding) {
        let facts = line_facts(run, exchange, finding);
        let Some(position) = finding.position else {
            self.caret(2, 1, &both(finding));
            return;
        };
        let line = format!("@ line {}, column {}, byte offset {}", position.line, position.column, position.offset);
        self.push(WireMark::Place, &line);
        let length = text::width(&format!("line {}", position.line));
        self.caret(2, length, &both(finding));
        if let Some(facts) = facts {
            let mut words = format!("@ rule {}", visible(facts.rule));
            if !facts.path.is_empty() {
                words.push_str(&format!(", at {}", visible(facts.path)));
            }
            words.push_str(&format!(", {} in this file", text::count(facts.count, "line")));
            let also: Vec<String> = facts.also.iter().filter(|l| **l != position.line).map(u64::to_string).collect();
            if !also.is_empty() {
                words.push_str(&format!(": also {}", also.join(", ")));
                let shown = also.len() as u64 + 1;
                if facts.count > shown {
                    words.push_str(&format!(" and {} more", facts.count - shown));
                }
            }
            self.push(WireMark::Place, &words);
            if !facts.link.is_empty() {
                self.push(WireMark::Place, &format!("@ defined at {}", visible(facts.link)));
            }
        } else if finding.count > 1 {
            self.push(WireMark::Place, &format!("@ {} times in this file", finding.count));
        }
    }
}

fn is_quiet(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    QUIET.contains(&lower.as_str()) || lower.starts_with("access-control-") || lower.starts_with("x-content-type")
}

/// Returns what the recording has of a body without content.
fn summary(body: &Body) -> String {
    match (body.bytes, &body.resource_type) {
        (0, _) => "no body".to_owned(),
        (n, _) if body.kind == BodyKind::Streamed => {
            format!("a file of {}; its content is not recorded", text::bytes(n))
        }
        (n, Some(kind)) => format!("a {} of {}; resources are not recorded", visible(kind), text::bytes(n)),
        (n, None) => format!("{} of {}; not recorded", body.kind, text::bytes(n)),
    }
}

/// Facts of the line reader about a finding.
struct LineFacts<'a> {
    rule: &'a str,
    path: &'a str,
    count: u64,
    also: &'a [u64],
    /// The URL of the definition of the element; empty if FHIR does not define it.
    link: &'a str,
}

/// Returns the facts of the line reader at the place of a finding. Several directory rules may have findings at one
/// place.
fn line_facts<'a>(run: &'a Run, exchange: &Exchange, finding: &Finding) -> Option<LineFacts<'a>> {
    let position = finding.position?;
    let lines = &run.files.iter().find(|f| f.exchange == exchange.id)?.lines;
    let of_directory = lines
        .directory
        .iter()
        .flat_map(|directory| &directory.findings)
        .find(|f| (f.offset, &f.expected, &f.actual) == (position.offset, &finding.expected, &finding.actual));
    if let Some(f) = of_directory {
        return Some(LineFacts { rule: &f.rule, path: &f.path, count: f.count, also: &f.also, link: "" });
    }
    let here = || lines.findings.iter().filter(|l| l.line == position.line && l.column == position.column);
    let f = here().find(|l| l.expected == finding.expected).or_else(|| here().next())?;
    Some(LineFacts { rule: f.rule.as_str(), path: &f.path, count: f.count, also: &f.also, link: &f.link })
}
