//! Finds resources that the client of the run must never receive, by type and id, or by a tag. All output files are
//! searched.

use std::sync::Arc;

use serde_json::Value;

use crate::measure::measurements::Measurements;
use crate::ndjson::contents::Contents;
use crate::ndjson::facts::LineNotes;
use crate::ndjson::inspect::LineObserver;
use crate::recording::secrecy::Withheld;
use crate::settings::withheld_mark::WithheldMark;

/// Observes the lines of one file, and passes them to another observer.
struct WithheldObserver {
    marks: Arc<Vec<WithheldMark>>,
    found: Measurements<Withheld>,
    other: Option<Box<dyn LineObserver>>,
}

/// Returns an observer of one file that searches for `marks`, in addition to `other`. Returns `other` alone if there
/// are no marks.
pub(crate) fn observer(
    marks: &Arc<Vec<WithheldMark>>,
    other: Option<Box<dyn LineObserver>>,
) -> (Option<Box<dyn LineObserver>>, Option<Measurements<Withheld>>) {
    if marks.is_empty() {
        return (other, None);
    }
    let found = Measurements::default();
    let observer = WithheldObserver { marks: Arc::clone(marks), found: found.clone(), other };
    (Some(Box::new(observer)), Some(found))
}

impl LineObserver for WithheldObserver {
    fn observe(&mut self, line: u64, resource: &[u8], notes: &LineNotes) -> Option<Contents> {
        if self.marks.iter().any(|mark| is_of(mark, resource, notes)) {
            let mut found = self.found.lock();
            found.found += 1;
            found.line.get_or_insert(line);
        }
        self.other.as_mut().and_then(|other| other.observe(line, resource, notes))
    }
}

/// Returns whether a resource has the mark.
fn is_of(mark: &WithheldMark, resource: &[u8], notes: &LineNotes) -> bool {
    match mark {
        WithheldMark::Id(kind, id) => notes.resource_type.get() == Some(kind) && notes.id.get() == Some(id),
        WithheldMark::Tag(system, code) => {
            let Ok(value) = serde_json::from_slice::<Value>(resource) else { return false };
            let lists = ["/meta/tag", "/meta/security"].into_iter().filter_map(|at| value.pointer(at)?.as_array());
            let has = |coding: &Value, name: &str, text: &str| coding.get(name).and_then(Value::as_str) == Some(text);
            lists.flatten().any(|coding| has(coding, "system", system) && has(coding, "code", code))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::ndjson::expected::Expected;
    use crate::ndjson::reader::{FileReader, ReaderOptions};
    use crate::suite::model::FileList;

    fn seen(marks: &[&str], lines: &str) -> Option<Withheld> {
        let marks = Arc::new(marks.iter().map(|text| WithheldMark::parse(text).unwrap()).collect::<Vec<_>>());
        let mut options = ReaderOptions::new(Expected { list: FileList::Output, announced: None });
        let (observer, found) = observer(&marks, None);
        options.observer = observer;
        let mut reader = FileReader::new(options);
        reader.push(lines.as_bytes()).unwrap();
        reader.finish(true);
        found.map(|found| found.take())
    }

    const LINES: &str = concat!(
        "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n",
        "{\"resourceType\":\"Observation\",\"id\":\"b\",\"subject\":{\"reference\":\"Patient/c\"}}\n",
        "{\"resourceType\":\"Patient\",\"id\":\"c\",\"meta\":{\"tag\":[{\"system\":\"urn:t\",\"code\":\"x\"}]}}\n",
        "{\"resourceType\":\"Patient\",\"id\":\"d\",\"meta\":{\"security\":[{\"system\":\"urn:t\",\"code\":\"x\"}]}}\n",
    );

    #[test]
    fn withheld_resources_are_found_by_id_or_tag() {
        let came = |came: u64, line: Option<u64>| Some(Withheld { found: came, line });
        assert_eq!(seen(&[], LINES), None);
        assert_eq!(seen(&["Patient/c"], LINES), came(1, Some(3)));
        assert_eq!(
            seen(&["Observation/c", "Patient/b", "Patient/A"], LINES),
            came(0, None),
            "a reference is not a resource"
        );
        assert_eq!(seen(&["urn:t|x"], LINES), came(2, Some(3)));
        assert_eq!(seen(&["urn:t|y", "urn:u|x"], LINES), came(0, None));
        assert_eq!(seen(&["Patient/c", "urn:t|x"], LINES), came(2, Some(3)), "each resource counts once");
    }
}
