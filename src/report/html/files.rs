//! The section of the fetched files.

use maud::{Markup, html};

use crate::recording::facts::{DirectoryFacts, FileFacts};
use crate::report::escape::visible;
use crate::report::html::context::PageContext;
use crate::report::html::table::{TableRow, table};
use crate::report::{exchange, text};

/// The number of rows in the table.
const MAX_FILES: usize = 500;

pub(crate) fn files(page: &PageContext<'_>) -> Markup {
    let files = &page.run.files;
    html! {
        section aria-labelledby="files" {
            h2 #files { "Files" }
            @if files.is_empty() { p { "No file was fetched." } }
            @else {
                (table("Files fetched", &["File", "Resources", "Lines", "Size", "Last updated", "Problems"],
                    files.iter().take(MAX_FILES).map(|f| file_row(page, f)).collect()))
            }
            @if files.len() > MAX_FILES {
                p.note { (text::count((files.len() - MAX_FILES) as u64, "more file")) " in run.json." }
            }
        }
    }
}

fn file_row(page: &PageContext<'_>, file: &FileFacts) -> TableRow {
    let exchange = exchange::find(page.run, file.exchange);
    let flow = exchange.and_then(|e| e.flow.as_deref()).unwrap_or_default();
    let part = exchange.map_or_else(|| "file".to_owned(), |e| exchange::part(page.run, e));
    let lines = &file.lines;
    let dates = match (&lines.earliest, &lines.latest) {
        (Some(a), Some(b)) => format!("{} to {}", visible(a), visible(b)),
        _ => "none".to_owned(),
    };
    let problems = html! {
        @if !file.whole { div { "incomplete" } }
        @for f in lines.findings.iter().take(8) {
            div { (f.rule) ", line " (f.line) ", column " (f.column) ", " (text::count(f.count, "time")) }
        }
        @if lines.findings.len() > 8 { div { (lines.findings.len() - 8) " more" } }
        @if let Some(directory) = &lines.directory { (directory_facts(directory)) }
        @let has_findings = lines.directory.as_ref().is_some_and(|directory| !directory.findings.is_empty());
        @if file.whole && lines.findings.is_empty() && !has_findings { span.zero { "none" } }
    };
    TableRow::new(vec![
        html! { (visible(flow)) ", " (part) " (" (page.exchange_link(file.exchange)) ")" },
        html! {
            @for (i, (name, n)) in lines.types.iter().take(6).enumerate() {
                @if i > 0 { ", " }
                (n) " " (text::cut(&visible(name), 60))
            }
            @if lines.types.len() > 6 { " and " (lines.types.len() - 6) " more types" }
            @if lines.types.is_empty() { "none" }
        },
        html! { (lines.lines) @if lines.blank > 0 { " and " (lines.blank) " blank" } },
        html! { (text::bytes(lines.bytes)) @if let Some(coding) = &file.coding { " (" (visible(coding)) ")" } },
        html! { (dates) },
        problems,
    ])
}

/// Returns the results of the provider directory rules for one file: violations, and lines that were only counted.
fn directory_facts(facts: &DirectoryFacts) -> Markup {
    let lines = |count: &u64| text::count(*count, "line");
    html! {
        @for f in facts.findings.iter().take(8) {
            div { (visible(&f.rule)) ", line " (f.line) ", column " (f.column) ", " (text::count(f.count, "time")) }
        }
        @if facts.findings.len() > 8 { div { (facts.findings.len() - 8) " more" } }
        @for (name, count) in facts.unclaimed.iter().take(8) {
            div.note { (lines(count)) " of " (visible(name)) " not validated: they claim no profile of 0.3.0-preview" }
        }
        @for (part, count) in facts.without.iter().take(8) { div.note { (lines(count)) " without " (visible(part)) } }
        @if facts.unread > 0 { div.note { (lines(&facts.unread)) " not checked: too long, too deeply nested or not parsable" } }
        div.note { "Codes were not checked against value sets." }
    }
}
