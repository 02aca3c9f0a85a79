//! The exchanges, the files, the configuration.

use maud::{Markup, html};

use crate::recording::facts::{DirectoryFacts, FileFacts};
use crate::recording::model::{Exchange, Outcome};
use crate::report::escape::visible;
use crate::report::html::part::{Row, table, wire_box};
use crate::report::html::{MAX_FILES, Page};
use crate::report::wire::Detail;
use crate::report::{text, wire};

/// Columns of an exchange.
const COLUMNS: usize = 160;

impl Page<'_> {
    pub(crate) fn exchanges(&self) -> Markup {
        let left = self.run.exchanges.len() - self.written.len().min(self.run.exchanges.len());
        html! {
            section aria-labelledby="exchanges" {
                h2 #exchanges { "Exchanges" }
                @if left > 0 {
                    p.note { (text::count(left as u64, "exchange")) " more in run.json; those that findings name come first." }
                }
                p.note { "Secrets are replaced; content of resources is never kept." }
                @for exchange in self.run.exchanges.iter().filter(|e| self.written.contains(&e.id)) {
                    (self.exchange(exchange))
                }
            }
        }
    }

    fn exchange(&self, exchange: &Exchange) -> Markup {
        let label = wire::label(self.run, exchange);
        let came = match &exchange.outcome {
            Outcome::Response(r) => wire::status_words(r.status),
            Outcome::NoResponse(t) => format!("no answer: {}", t.kind),
            Outcome::Handshake(h) => visible(&h.words()),
        };
        html! {
            details.exchange id={ "x" (exchange.id) } {
                summary {
                    span { (label) }
                    " "
                    span.small { (visible(&exchange.request.method)) ", " (came) ", " (text::duration(exchange.took)) }
                }
                (wire_box(&label, &wire::show(self.run, exchange, None, Detail::Full, COLUMNS)))
            }
        }
    }

    pub(crate) fn files(&self) -> Markup {
        let files = &self.run.files;
        html! {
            section aria-labelledby="files" {
                h2 #files { "Files" }
                @if files.is_empty() { p { "No file was fetched." } }
                @else {
                    (table("Files fetched", &["File", "Resources", "Lines", "Size", "Last updated", "Wrong"],
                        files.iter().take(MAX_FILES).map(|f| self.file_row(f)).collect()))
                }
                @if files.len() > MAX_FILES {
                    p.note { (text::count((files.len() - MAX_FILES) as u64, "file")) " more in run.json." }
                }
            }
        }
    }

    fn file_row(&self, file: &FileFacts) -> Row {
        let exchange = wire::find(self.run, file.exchange);
        let flow = exchange.and_then(|e| e.flow.as_deref()).unwrap_or_default();
        let part = exchange.map_or_else(|| "file".to_owned(), |e| wire::part(self.run, e));
        let lines = &file.lines;
        let dates = match (&lines.earliest, &lines.latest) {
            (Some(a), Some(b)) => format!("{} to {}", visible(a), visible(b)),
            _ => "none given".to_owned(),
        };
        let wrong = html! {
            @if !file.whole { div { "did not come whole" } }
            @for f in lines.findings.iter().take(8) {
                div { (f.rule) ", line " (f.line) ", column " (f.column) ", " (text::count(f.count, "time")) }
            }
            @if lines.findings.len() > 8 { div { (lines.findings.len() - 8) " more" } }
            @if let Some(directory) = &lines.directory { (of_directory(directory)) }
            @let told = lines.directory.as_ref().is_some_and(|directory| !directory.findings.is_empty());
            @if file.whole && lines.findings.is_empty() && !told { span.zero { "nothing" } }
        };
        Row::new(vec![
            html! { (visible(flow)) ", " (part) " (" (self.exchange_link(file.exchange)) ")" },
            html! {
                @for (i, (name, n)) in lines.types.iter().take(6).enumerate() {
                    @if i > 0 { ", " }
                    (n) " " (text::cut(&visible(name), 60))
                }
                @if lines.types.len() > 6 { " and " (lines.types.len() - 6) " types more" }
                @if lines.types.is_empty() { "none" }
            },
            html! { (lines.lines) @if lines.blank > 0 { " and " (lines.blank) " blank" } },
            html! { (text::bytes(lines.bytes)) @if let Some(coding) = &file.coding { " (" (visible(coding)) ")" } },
            html! { (dates) },
            wrong,
        ])
    }

    pub(crate) fn configuration(&self) -> Markup {
        let run = self.run;
        let mut rows = vec![
            ("Specs".to_owned(), run.start.specs.join(", ")),
            ("Started".to_owned(), run.started.clone()),
            ("Finished".to_owned(), run.finished.clone()),
            (
                "Recording made by".to_owned(),
                format!("Plimsoll {} with rules {}", run.start.plimsoll, run.start.suites),
            ),
            ("Judged by".to_owned(), format!("Plimsoll {} with rules {}", run.plimsoll.version, run.plimsoll.suites)),
        ];
        if let Some(selected) = &run.start.selected {
            let more = if selected.len() > 40 { format!(" and {} more", selected.len() - 40) } else { String::new() };
            let shown: Vec<&str> = selected.iter().take(40).map(String::as_str).collect();
            rows.push(("Selected".to_owned(), shown.join(", ") + &more));
        }
        rows.extend(run.start.settings.iter().cloned());
        rows.retain(|(_, value)| !value.is_empty());
        let rows = rows
            .into_iter()
            .map(|(name, value)| Row::new(vec![html! { (visible(&name)) }, html! { (visible(&value)) }]));
        html! {
            section aria-labelledby="configuration" {
                h2 #configuration { "Configuration" }
                (table("What the run was told", &["Setting", "Value"], rows.collect()))
            }
        }
    }
}

/// What the rules of a provider directory came to on one file: what is broken, and what was only counted.
fn of_directory(facts: &DirectoryFacts) -> Markup {
    let lines = |count: &u64| text::count(*count, "line");
    html! {
        @for f in facts.findings.iter().take(8) {
            div { (visible(&f.rule)) ", line " (f.line) ", column " (f.column) ", " (text::count(f.count, "time")) }
        }
        @if facts.findings.len() > 8 { div { (facts.findings.len() - 8) " more" } }
        @for (name, count) in facts.unclaimed.iter().take(8) {
            div.note { (lines(count)) " of " (visible(name)) " held to no profile, for claiming none of 0.3.0-preview" }
        }
        @for (part, count) in facts.without.iter().take(8) { div.note { (lines(count)) " without " (visible(part)) } }
        @if facts.unread > 0 { div.note { (lines(&facts.unread)) " not looked at: too long, too deep or too strange" } }
        div.note { "Value sets were not looked up." }
    }
}
