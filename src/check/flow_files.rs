//! The files of the flow that a check judges.

use std::collections::BTreeMap;

use crate::check::context::CheckContext;
use crate::check::exchange::response;
use crate::recording::facts::FileFacts;
use crate::recording::model::Exchange;
use crate::suite::model::FileList;

/// Returns the flow's files that were received completely, by their index in `list`.
pub(crate) fn whole_files<'a>(
    context: &CheckContext<'a>,
    list: FileList,
) -> BTreeMap<usize, (&'a Exchange, &'a FileFacts)> {
    context
        .index
        .files(&context.flow.name, list)
        .into_iter()
        .filter_map(|(exchange, facts)| {
            let facts = facts.filter(|facts| facts.whole)?;
            let fetched = response(exchange).is_some_and(|r| (200..300).contains(&r.status));
            fetched.then_some(())?;
            Some((exchange.file?.index, (exchange, facts)))
        })
        .collect()
}

/// Returns whether an output file has lines that cannot be read as resources.
pub(crate) fn has_unreadable_lines(context: &CheckContext<'_>) -> bool {
    let files = context.index.files(&context.flow.name, FileList::Output);
    files.iter().filter_map(|(_, facts)| *facts).any(|facts| !facts.lines.is_legible())
}
