//! The tables of the page.

use maud::{Markup, html};

/// Returns a table with a caption that becomes stacked rows on a narrow screen. It states its ARIA roles, because
/// browsers drop them when the layout changes.
pub(crate) fn table(caption: &str, heads: &[&str], rows: Vec<TableRow>) -> Markup {
    grid("stack", caption, heads, rows)
}

/// Returns a table of numbers. It keeps its columns and scrolls in its own box on a narrow screen.
pub(crate) fn numbers(caption: &str, heads: &[&str], rows: Vec<TableRow>) -> Markup {
    html! { div.numbers tabindex="0" role="group" aria-label=(caption) { (grid("wide", caption, heads, rows)) } }
}

fn grid(class: &str, caption: &str, heads: &[&str], rows: Vec<TableRow>) -> Markup {
    html! {
        table.(class) role="table" {
            caption { (caption) }
            thead role="rowgroup" {
                tr role="row" { @for head in heads { th scope="col" role="columnheader" { (head) } } }
            }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" id=[row.id] {
                        @for (i, cell) in row.cells.into_iter().enumerate() {
                            @let head = heads.get(i).copied().unwrap_or_default();
                            @if i == 0 { th scope="row" role="rowheader" data-head=(head) { div { (cell) } } }
                            @else { td role="cell" data-head=(head) { div { (cell) } } }
                        }
                    }
                }
            }
        }
    }
}

/// A row of [`table`]; the first cell is its header.
pub(crate) struct TableRow {
    /// An anchor.
    pub id: Option<String>,
    /// One cell for each column.
    pub cells: Vec<Markup>,
}

impl TableRow {
    pub(crate) fn new(cells: Vec<Markup>) -> Self {
        Self { id: None, cells }
    }
}
