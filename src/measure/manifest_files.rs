//! Reads the files that a manifest lists, for the download. Malformed items are skipped here; tests judge them.

use serde_json::Value;

use crate::recording::model::FileRef;
use crate::suite::flow::Download;
use crate::suite::model::FileList;

/// The most files of one manifest that are downloaded.
pub const MAX_FILES: usize = 100_000;

/// A file in a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place in the manifest.
    pub place: FileRef,
    /// The announced resource type.
    pub announced: Option<String>,
    /// The URL as the manifest writes it.
    pub url: String,
}

/// Returns the files to download, in the order of the manifest, and whether it lists more than [`MAX_FILES`].
pub fn files(manifest: &Value, download: Download) -> (Vec<Item>, bool) {
    let lists: &[FileList] = match download {
        Download::All => &[FileList::Output, FileList::Error, FileList::Deleted],
        Download::First => &[FileList::Output],
        Download::Errors => &[FileList::Error],
    };
    let most = if download == Download::First { 1 } else { MAX_FILES };
    let mut items = lists.iter().flat_map(|list| listed(manifest, *list));
    let files: Vec<Item> = items.by_ref().take(most).collect();
    let more = download != Download::First && items.next().is_some();
    (files, more)
}

/// Returns the usable items of one list.
fn listed(manifest: &Value, list: FileList) -> impl Iterator<Item = Item> {
    let items = manifest.get(list.as_str()).and_then(Value::as_array).into_iter().flatten();
    items.enumerate().filter_map(move |(index, item)| {
        let url = item.get("url")?.as_str().filter(|url| !url.is_empty())?.to_owned();
        let announced = item.get("type").and_then(Value::as_str).map(str::to_owned);
        Some(Item { place: FileRef { list, index }, announced, url })
    })
}

/// Returns whether the lists have more files than can be downloaded.
pub fn is_crowded(manifest: &Value) -> bool {
    let lists = FileList::ALL.iter().filter_map(|list| manifest.get(list.as_str())?.as_array());
    lists.map(Vec::len).fold(0, usize::saturating_add) > MAX_FILES
}

/// The most items of a list that are kept after its files are known.
const MAX_KEPT_ITEMS: usize = 1_000;

/// Keeps only the first items of each list, because a hundred thousand of them need much memory.
pub fn shorten(manifest: &mut Value) {
    for list in FileList::ALL {
        if let Some(items) = manifest.get_mut(list.as_str()).and_then(Value::as_array_mut) {
            items.truncate(MAX_KEPT_ITEMS);
            items.shrink_to_fit();
        }
    }
}

/// Returns whether the files need no token: only if `requiresAccessToken` is the JSON value `false`.
pub fn is_open(manifest: &Value) -> bool {
    manifest.get("requiresAccessToken") == Some(&Value::Bool(false))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn malformed_items_are_skipped_but_counted_in_places() {
        let manifest = json!({
            "output": [7, {"type": "Patient"}, {"type": "Patient", "url": "http://x/1"}, {"url": ""}, {"url": "http://x/2"}],
            "error": {"url": "http://x/3"}, "deleted": [{"type": "Bundle", "url": "http://x/4"}]
        });
        let place = |list, index| FileRef { list, index };
        let (all, more) = files(&manifest, Download::All);
        assert_eq!(
            all.iter().map(|item| item.place).collect::<Vec<_>>(),
            [place(FileList::Output, 2), place(FileList::Output, 4), place(FileList::Deleted, 0)]
        );
        assert!(!more);
        assert_eq!(files(&manifest, Download::First).0.len(), 1);
        assert_eq!(files(&manifest, Download::Errors).0, []);
    }

    #[test]
    fn only_long_lists_are_shortened() {
        let output: Vec<Value> = (0..MAX_KEPT_ITEMS + 1).map(|n| json!({"url": n.to_string()})).collect();
        let mut manifest = json!({"output": output, "error": {"url": "x"}, "deleted": [1]});
        shorten(&mut manifest);
        assert_eq!(files(&manifest, Download::All).0.len(), MAX_KEPT_ITEMS);
        assert_eq!((&manifest["error"], &manifest["deleted"]), (&json!({"url": "x"}), &json!([1])));
    }

    #[test]
    fn a_too_long_list_is_cut() {
        let output: Vec<Value> = (0..MAX_FILES + 1).map(|n| json!({"url": n.to_string()})).collect();
        let (all, more) = files(&json!({"output": output}), Download::All);
        assert_eq!((all.len(), more), (MAX_FILES, true));
        assert!(
            is_crowded(&json!({"output": output, "error": []})) && !is_crowded(&json!({"output": [1], "error": 2}))
        );
    }

    #[test]
    fn only_false_opens_the_files() {
        assert!(is_open(&json!({"requiresAccessToken": false})));
        assert!(!is_open(&json!({"requiresAccessToken": "false"})) && !is_open(&json!({})));
    }
}
