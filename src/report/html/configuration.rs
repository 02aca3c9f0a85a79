//! The settings of the run.

use maud::{Markup, html};

use crate::report::escape::visible;
use crate::report::html::context::PageContext;
use crate::report::html::table::{TableRow, table};
use crate::report::settings;

pub(crate) fn configuration(page: &PageContext<'_>) -> Markup {
    let run = page.run;
    let mut rows = vec![
        ("Specs".to_owned(), run.start.specs.join(", ")),
        ("Started".to_owned(), run.started.clone()),
        ("Finished".to_owned(), run.finished.clone()),
        ("Recording made by".to_owned(), format!("Plimsoll {} with suites {}", run.start.plimsoll, run.start.suites)),
        ("Judged by".to_owned(), format!("Plimsoll {} with suites {}", run.plimsoll.version, run.plimsoll.suites)),
    ];
    if let Some(selected) = &run.start.selected {
        let more = if selected.len() > 40 { format!(" and {} more", selected.len() - 40) } else { String::new() };
        let shown: Vec<&str> = selected.iter().take(40).map(String::as_str).collect();
        rows.push(("Selected tests".to_owned(), shown.join(", ") + &more));
    }
    rows.extend(settings::in_words(&run.start.settings));
    rows.retain(|(_, value)| !value.is_empty());
    let rows = rows
        .into_iter()
        .map(|(name, value)| TableRow::new(vec![html! { (visible(&name)) }, html! { (visible(&value)) }]));
    html! {
        section aria-labelledby="configuration" {
            h2 #configuration { "Configuration" }
            (table("Settings of the run", &["Setting", "Value"], rows.collect()))
        }
    }
}
