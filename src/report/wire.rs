//! An exchange as it went over the wire, line by line, with a caret under the one wrong thing.

use std::collections::BTreeMap;

use crate::recording::model::{Body, BodyKind, Exchange, Outcome, Response, Role};
use crate::report::escape::visible;
use crate::report::{excerpt, text};
use crate::verdicts::finding_place::{FindingPlace, PlaceKind};
use crate::verdicts::judged_run::{Finding, Run};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Was sent: `> GET ...`.
    Sent,
    /// Came back: `< 200 OK`.
    Got,
    /// What is kept of a body: `| {...}`.
    Body,
    /// A place in a file: `@ line 17`.
    Place,
    /// The caret and what was expected.
    Caret,
}

/// One line, escaped, without indentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub mark: Mark,
    /// What it says.
    pub text: String,
}

/// How much of an exchange is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What helps to understand a finding.
    Telling,
    /// All that is on the recording, within bounds.
    Full,
}

/// Response headers that hardly ever explain a finding.
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

/// The exchange `id`, if the recording has it.
pub fn find(run: &Run, id: u32) -> Option<&Exchange> {
    // Ids grow, but a record read from a file promises nothing.
    match run.exchanges.binary_search_by_key(&id, |e| e.id) {
        Ok(i) => run.exchanges.get(i),
        Err(_) => run.exchanges.iter().find(|e| e.id == id),
    }
}

/// What an exchange is, in words: `exchange 14, patient, poll 2 of 4, +3.0 s`.
pub fn label(run: &Run, exchange: &Exchange) -> String {
    let mut parts = vec![format!("exchange {}", exchange.id)];
    parts.extend(exchange.flow.as_deref().map(visible));
    parts.push(part(run, exchange));
    parts.push(format!("+{}", text::seconds(exchange.at)));
    parts.join(", ")
}

/// The part of an exchange in its flow: `poll 2 of 4`, `file output/0`, `probe gone`.
pub fn part(run: &Run, exchange: &Exchange) -> String {
    match (exchange.role, &exchange.probe, exchange.file) {
        (_, Some(probe), _) => format!("probe {}", visible(probe)),
        (Role::Poll, ..) if exchange.superseded => "poll, sent again later".to_owned(),
        (Role::Poll, ..) => {
            let same = |e: &&Exchange| e.role == Role::Poll && e.flow == exchange.flow && e.probe.is_none();
            let ids: Vec<u32> = run.exchanges.iter().filter(same).filter(|e| !e.superseded).map(|e| e.id).collect();
            let at = ids.iter().position(|id| *id == exchange.id).map_or(0, |i| i + 1);
            format!("poll {at} of {}", ids.len())
        }
        (_, _, Some(file)) => format!("file {}/{}", file.list, file.index),
        (Role::Kickoff, ..) => "kick-off".to_owned(),
        (Role::Cleanup, ..) => "clean-up".to_owned(),
        (Role::SmartConfiguration, ..) => "SMART configuration".to_owned(),
        (role, ..) => role.to_string(),
    }
}

/// What exchanges of this kind are called when they are counted.
pub(crate) fn noun(exchange: &Exchange) -> &'static str {
    match exchange.role {
        _ if exchange.probe.is_some() => "probe",
        Role::Poll => "poll",
        Role::Page => "page of the manifest",
        Role::File => "file",
        Role::Kickoff => "kick-off",
        Role::Delete => "DELETE",
        _ => "exchange",
    }
}

/// A header name as people write it: `content-location` is `Content-Location`.
pub fn header_name(name: &str) -> String {
    match name.to_ascii_lowercase().as_str() {
        "etag" => return "ETag".to_owned(),
        "www-authenticate" => return "WWW-Authenticate".to_owned(),
        _ => {}
    }
    let parts: Vec<String> = name
        .split('-')
        .map(|p| {
            let mut chars = p.chars();
            chars.next().map_or_else(String::new, |c| c.to_ascii_uppercase().to_string() + chars.as_str())
        })
        .collect();
    visible(&parts.join("-"))
}

/// A status with the words that belong to it: `202 Accepted`.
pub fn status_words(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    reason.map_or_else(|| status.to_string(), |r| format!("{status} {r}"))
}

/// The exchange as lines of at most `columns` columns; with a finding, a caret stands under what it is about.
pub fn show(run: &Run, exchange: &Exchange, finding: Option<&Finding>, detail: Detail, columns: usize) -> Vec<Line> {
    let mut sheet = Sheet { lines: Vec::new(), columns };
    sheet.request(exchange, detail);
    let kind = finding.map(|f| f.place.kind());
    match &exchange.outcome {
        Outcome::NoResponse(trouble) => {
            sheet.push(Mark::Got, "< (no answer)");
            let said = format!("{}: {}", trouble.kind, visible(&trouble.message));
            sheet.caret(2, 11, &said);
        }
        Outcome::Handshake(handshake) => {
            let said = visible(&handshake.words());
            sheet.push(Mark::Got, &format!("< {said}"));
            if let Some(f) = finding.filter(|_| kind == Some(PlaceKind::Status)) {
                sheet.caret(2, said.chars().count(), &expected(f));
            }
        }
        Outcome::Response(response) => {
            sheet.push(Mark::Got, &format!("< {}", status_words(response.status)));
            if let Some(f) = finding.filter(|_| kind == Some(PlaceKind::Status)) {
                sheet.caret(2, 3, &expected_status(f));
            }
            sheet.headers(response, finding.filter(|_| kind == Some(PlaceKind::Header)), detail);
            match finding {
                Some(f) if kind == Some(PlaceKind::Body) => sheet.body_finding(&response.body, f),
                Some(f) if kind == Some(PlaceKind::Line) => sheet.place(run, exchange, f),
                _ => {
                    let most = match (detail, kind) {
                        (Detail::Full, _) => 120,
                        (_, Some(PlaceKind::Header)) => 3,
                        _ => 8,
                    };
                    sheet.body(&response.body, most);
                }
            }
            if let Some(trouble) = &response.broken {
                sheet.push(Mark::Got, "< (the body broke off)");
                sheet.caret(2, 22, &format!("{}: {}", trouble.kind, visible(&trouble.message)));
            }
        }
    }
    if let Some(f) = finding.filter(|_| kind == Some(PlaceKind::None)) {
        sheet.caret(0, 1, &both(f));
    }
    sheet.lines
}

/// `expected 202 Accepted`: a bare status gets its words.
fn expected_status(finding: &Finding) -> String {
    let words = finding.expected.parse().ok().map(status_words);
    format!("expected {}", words.unwrap_or_else(|| visible(&finding.expected)))
}

/// What was expected, as it stands beside a caret.
pub(crate) fn expected(finding: &Finding) -> String {
    match finding.expected.as_str() {
        "present" => "expected it".to_owned(),
        other => format!("expected {}", visible(other)),
    }
}

/// What to say where a member should be and is not.
fn missing(pointer: &str, finding: &Finding) -> String {
    match finding.expected.as_str() {
        "present" => format!("expected {} here", visible(pointer)),
        _ => format!("no {} here; {}", visible(pointer), expected(finding)),
    }
}

/// What was expected and what came, where the lines above do not show the latter.
fn both(finding: &Finding) -> String {
    if finding.actual.is_empty() {
        return expected(finding);
    }
    format!("{}, found {}", expected(finding), text::cut(&visible(&finding.actual), 400))
}

struct Sheet {
    lines: Vec<Line>,
    columns: usize,
}

impl Sheet {
    fn push(&mut self, mark: Mark, line: &str) {
        self.lines.push(Line { mark, text: text::cut(line, self.columns) });
    }

    /// A caret of `length` columns at column `start`, and beside it, or below where there is no room, what to say.
    fn caret(&mut self, start: usize, length: usize, said: &str) {
        let start = start.min(self.columns / 2);
        let length = length.clamp(1, 24);
        let beside = start + length + 1;
        let (mut first, column) =
            (format!("{}{}", " ".repeat(start), "^".repeat(length)), beside.min(self.columns / 2));
        let mut rest = text::wrap(said, self.columns - column).into_iter();
        if beside <= self.columns / 2 {
            first = format!("{first} {}", rest.next().unwrap_or_default());
        }
        self.lines.push(Line { mark: Mark::Caret, text: first });
        for line in rest {
            self.lines.push(Line { mark: Mark::Caret, text: format!("{}{line}", " ".repeat(column)) });
        }
    }

    fn request(&mut self, exchange: &Exchange, detail: Detail) {
        let request = &exchange.request;
        self.push(Mark::Sent, &format!("> {} {}", visible(&request.method), visible(&request.url)));
        let most = if detail == Detail::Full { 40 } else { 10 };
        for (name, value) in request.headers.iter().take(most) {
            let lower = name.to_ascii_lowercase();
            if detail == Detail::Telling && matches!(lower.as_str(), "host" | "user-agent" | "content-length") {
                continue;
            }
            self.push(Mark::Sent, &format!("> {}: {}", header_name(name), visible(value)));
        }
        if let Some(body) = &request.body {
            let most = if detail == Detail::Full { 40 } else { 6 };
            self.push(Mark::Sent, ">");
            for line in body.lines().take(most) {
                self.push(Mark::Sent, &format!("> {}", visible(line)));
            }
            let left = body.lines().count().saturating_sub(most);
            if left > 0 {
                self.push(Mark::Sent, &format!("> ({} more)", text::count(left as u64, "line")));
            }
        }
    }

    fn headers(&mut self, response: &Response, finding: Option<&Finding>, detail: Detail) {
        let wanted = finding.and_then(|f| match &f.place {
            FindingPlace::Header(name) => Some(name.trim()),
            _ => None,
        });
        let mut left: usize = if detail == Detail::Full { 60 } else { 8 };
        let all = |name: &str| wanted.is_some_and(|w| w.eq_ignore_ascii_case(name));
        let wrong = response.headers.iter().position(|(n, v)| all(n) && finding.is_some_and(|f| f.actual.contains(v)));
        let wrong = wrong.or_else(|| response.headers.iter().position(|(n, _)| all(n)));
        for (i, (name, value)) in response.headers.iter().enumerate() {
            let telling = all(name) || detail == Detail::Full || !is_quiet(name);
            if !telling || (left == 0 && Some(i) != wrong) {
                continue;
            }
            left = left.saturating_sub(1);
            let name = header_name(name);
            let shown = visible(value);
            self.push(Mark::Got, &format!("< {name}: {shown}"));
            if let Some(f) = finding.filter(|_| Some(i) == wrong) {
                let start = text::width(&name) + 4;
                let room = self.columns.saturating_sub(start);
                self.caret(start, text::width(&shown).min(room), &expected(f));
            }
        }
        if let (Some(f), Some(name), None) = (finding, wanted, wrong) {
            let line = format!("< (no {})", header_name(name));
            let length = text::width(&line).saturating_sub(2);
            self.push(Mark::Got, &line);
            self.caret(2, length, &expected(f));
        }
    }

    fn body(&mut self, body: &Body, most: usize) {
        if let Some(value) = &body.json {
            let compact = visible(&value.to_string());
            if text::width(&compact) + 2 <= self.columns {
                self.push(Mark::Body, &format!("| {compact}"));
                return;
            }
            let rows = excerpt::rows(value, self.columns - 2);
            for row in rows.iter().take(most) {
                self.push(Mark::Body, &format!("| {}", row.text));
            }
            if rows.len() > most {
                let left = text::count((rows.len() - most) as u64, "line");
                self.push(Mark::Body, &format!("| ... ({left} more)"));
            }
        } else if let Some(excerpt) = &body.excerpt {
            for line in text::wrap(&visible(excerpt), self.columns - 2).iter().take(most.min(6)) {
                self.push(Mark::Body, &format!("| {line}"));
            }
        } else {
            self.push(Mark::Body, &format!("| ({})", kept(body)));
        }
        if let Some(why) = &body.not_json {
            self.push(Mark::Body, &format!("| (not JSON: {})", visible(why)));
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
                    self.push(Mark::Body, &format!("| {row}"));
                    if shown.caret == Some(i) {
                        // A value that stands there whole says itself what was found.
                        let whole = !value.pointer(pointer).is_some_and(|v| v.is_object() || v.is_array());
                        let said = match shown.found {
                            true if whole => expected(finding),
                            true => both(finding),
                            false => missing(pointer, finding),
                        };
                        self.caret(shown.start + 2, shown.length, &said);
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
        self.push(Mark::Place, &line);
        let length = text::width(&format!("line {}", position.line));
        self.caret(2, length, &both(finding));
        if let Some(facts) = facts {
            let mut said = format!("@ rule {}", visible(facts.rule));
            if !facts.path.is_empty() {
                said.push_str(&format!(", at {}", visible(facts.path)));
            }
            said.push_str(&format!(", {} in this file", text::count(facts.count, "line")));
            let also: Vec<String> = facts.also.iter().filter(|l| **l != position.line).map(u64::to_string).collect();
            if !also.is_empty() {
                said.push_str(&format!(": also {}", also.join(", ")));
                let told = also.len() as u64 + 1;
                if facts.count > told {
                    said.push_str(&format!(" and {} more", facts.count - told));
                }
            }
            self.push(Mark::Place, &said);
            if !facts.link.is_empty() {
                self.push(Mark::Place, &format!("@ defined at {}", visible(facts.link)));
            }
        } else if finding.count > 1 {
            self.push(Mark::Place, &format!("@ {} times in this file", finding.count));
        }
    }
}

fn is_quiet(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    QUIET.contains(&lower.as_str()) || lower.starts_with("access-control-") || lower.starts_with("x-content-type")
}

/// What is known of a body that is not kept.
fn kept(body: &Body) -> String {
    match (body.bytes, &body.resource_type) {
        (0, _) => "no body".to_owned(),
        (n, _) if body.kind == BodyKind::Streamed => format!("a file of {}; its content is not kept", text::bytes(n)),
        (n, Some(kind)) => format!("a {} of {}; resources are not kept", visible(kind), text::bytes(n)),
        (n, None) => format!("{} of {}; not kept", body.kind, text::bytes(n)),
    }
}

/// What the line reader noted of a finding.
struct Noted<'a> {
    rule: &'a str,
    path: &'a str,
    count: u64,
    also: &'a [u64],
    /// Where the element is defined; empty for what FHIR does not define.
    link: &'a str,
}

/// What the line reader noted at the place of a finding. Rules of a directory may share a place.
fn line_facts<'a>(run: &'a Run, exchange: &Exchange, finding: &Finding) -> Option<Noted<'a>> {
    let position = finding.position?;
    let lines = &run.files.iter().find(|f| f.exchange == exchange.id)?.lines;
    let of_directory = lines
        .directory
        .iter()
        .flat_map(|directory| &directory.findings)
        .find(|f| (f.offset, &f.expected, &f.actual) == (position.offset, &finding.expected, &finding.actual));
    if let Some(f) = of_directory {
        return Some(Noted { rule: &f.rule, path: &f.path, count: f.count, also: &f.also, link: "" });
    }
    let here = || lines.findings.iter().filter(|l| l.line == position.line && l.column == position.column);
    let f = here().find(|l| l.expected == finding.expected).or_else(|| here().next())?;
    Some(Noted { rule: f.rule.as_str(), path: &f.path, count: f.count, also: &f.also, link: &f.link })
}

/// The requests of each flow, in the order sent; those of no flow under none.
pub(crate) fn by_flow(run: &Run) -> BTreeMap<Option<&str>, Vec<&Exchange>> {
    let mut out: BTreeMap<Option<&str>, Vec<&Exchange>> = BTreeMap::new();
    for exchange in &run.exchanges {
        out.entry(exchange.flow.as_deref()).or_default().push(exchange);
    }
    out
}
