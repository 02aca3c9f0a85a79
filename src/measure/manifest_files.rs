//! Reading a manifest as far as driving needs it: which files does it list. A stranger wrote it, so
//! nothing in it is taken for granted; what is malformed is passed over here and judged by the tests.

use serde_json::Value;

use crate::recording::model::FileRef;
use crate::suite::flow::Download;
use crate::suite::model::FileList;

/// The most files fetched of one manifest.
pub const MAX_FILES: usize = 100_000;

/// A file that a manifest lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place.
    pub place: FileRef,
    /// The resource type announced.
    pub announced: Option<String>,
    /// The URL as it stands there.
    pub url: String,
}

/// The files to fetch, in the manifest's order, and whether it lists more than [`MAX_FILES`].
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

/// The usable items of one list.
fn listed(manifest: &Value, list: FileList) -> impl Iterator<Item = Item> {
    let items = manifest.get(list.as_str()).and_then(Value::as_array).into_iter().flatten();
    items.enumerate().filter_map(move |(index, item)| {
        let url = item.get("url")?.as_str().filter(|url| !url.is_empty())?.to_owned();
        let announced = item.get("type").and_then(Value::as_str).map(str::to_owned);
        Some(Item { place: FileRef { list, index }, announced, url })
    })
}

/// Whether the lists hold more than can be fetched.
pub fn is_crowded(manifest: &Value) -> bool {
    let lists = FileList::ALL.iter().filter_map(|list| manifest.get(list.as_str())?.as_array());
    lists.map(Vec::len).fold(0, usize::saturating_add) > MAX_FILES
}

/// The items of a list that are held once its files are known.
const MAX_HELD: usize = 1_000;

/// Lets go of all but the first items of each list: those of a hundred thousand files take much room for nothing.
pub fn shorten(manifest: &mut Value) {
    for list in FileList::ALL {
        if let Some(items) = manifest.get_mut(list.as_str()).and_then(Value::as_array_mut) {
            items.truncate(MAX_HELD);
            items.shrink_to_fit();
        }
    }
}

/// Whether the files are open to everyone. Anything but a plain `false` asks for the token.
pub fn is_open(manifest: &Value) -> bool {
    manifest.get("requiresAccessToken") == Some(&Value::Bool(false))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn malformed_items_are_passed_over_and_keep_the_places_of_the_others() {
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
    fn a_long_list_is_shortened_and_what_is_no_list_is_left() {
        let output: Vec<Value> = (0..MAX_HELD + 1).map(|n| json!({"url": n.to_string()})).collect();
        let mut manifest = json!({"output": output, "error": {"url": "x"}, "deleted": [1]});
        shorten(&mut manifest);
        assert_eq!(files(&manifest, Download::All).0.len(), MAX_HELD);
        assert_eq!((&manifest["error"], &manifest["deleted"]), (&json!({"url": "x"}), &json!([1])));
    }

    #[test]
    fn an_endless_list_is_cut() {
        let output: Vec<Value> = (0..MAX_FILES + 1).map(|n| json!({"url": n.to_string()})).collect();
        let (all, more) = files(&json!({"output": output}), Download::All);
        assert_eq!((all.len(), more), (MAX_FILES, true));
        assert!(
            is_crowded(&json!({"output": output, "error": []})) && !is_crowded(&json!({"output": [1], "error": 2}))
        );
    }

    #[test]
    fn only_a_plain_false_opens_the_files() {
        assert!(is_open(&json!({"requiresAccessToken": false})));
        assert!(!is_open(&json!({"requiresAccessToken": "false"})) && !is_open(&json!({})));
    }
}
