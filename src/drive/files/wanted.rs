//! The files of a manifest that can be requested.

use std::collections::HashSet;

use serde_json::Value;
use url::Url;

use crate::drive::context::FlowContext;
use crate::drive::flow::job::Job;
use crate::measure::manifest_files;
use crate::measure::manifest_files::Item;
use crate::suite::model::FileList;

/// A file that can be requested.
#[derive(Clone, Debug)]
pub(crate) struct WantedFile {
    pub item: Item,
    pub url: Url,
    /// Whether the file needs no token, according to the manifest. Then none is sent.
    pub open: bool,
    pub transaction_time: Option<String>,
}

impl WantedFile {
    /// Returns the list of the manifest that names it.
    pub fn list(&self) -> FileList {
        self.item.place.list
    }
}

/// Returns the files to download, each URL once, and whether the manifest lists more than are downloaded. Relative URLs
/// are resolved against the polling URL. Items without a usable URL are left out; the tests of the manifest judge them.
pub(crate) fn wanted_files(context: &FlowContext<'_>, job: &Job, manifest: &Value) -> (Vec<WantedFile>, bool) {
    let (items, too_many) = manifest_files::files(manifest, context.planned.flow.download);
    let mut known = HashSet::new();
    let wanted = items.into_iter().filter_map(|item| usable(job, manifest, item));
    (wanted.filter(|wanted| known.insert(wanted.url.clone())).collect(), too_many)
}

/// Returns a file of the manifest, if its URL is usable.
pub(crate) fn usable(job: &Job, manifest: &Value, item: Item) -> Option<WantedFile> {
    let url = job.url.join(&item.url).ok()?;
    let transaction_time = manifest.get("transactionTime").and_then(Value::as_str).map(str::to_owned);
    Some(WantedFile { item, url, open: manifest_files::is_open(manifest), transaction_time })
}
