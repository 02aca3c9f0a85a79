//! Resources that the run's client must never be given, by what a run can know them by: their type and id, or a tag of
//! another tenant's. They are looked for in every output file.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::ndjson::contents::Contents;
use crate::ndjson::facts::LineNotes;
use crate::ndjson::inspect::Watch;
use crate::recording::secrecy::Withheld;

/// What a resource that is kept from the client is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithheldMark {
    /// Its type and its id.
    Id(String, String),
    /// System and code of one of its tags or security labels.
    Tag(String, String),
}

impl WithheldMark {
    /// Reads `Patient/17`, or `https://example.org/tenants|other` for a tag or a security label.
    ///
    /// # Errors
    /// What it is instead, a lower-case fragment that says how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = || Err(format!("{text:?} names no resource; write it as Patient/17, or as SYSTEM|CODE for a tag"));
        if let Some((system, code)) = text.split_once('|') {
            let whole = !system.is_empty() && !code.is_empty();
            return if whole { Ok(WithheldMark::Tag(system.to_owned(), code.to_owned())) } else { refuse() };
        }
        let Some((kind, id)) = text.split_once('/') else { return refuse() };
        let of_type =
            kind.starts_with(|c: char| c.is_ascii_uppercase()) && kind.bytes().all(|b| b.is_ascii_alphabetic());
        let of_id = (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        if of_type && of_id { Ok(WithheldMark::Id(kind.to_owned(), id.to_owned())) } else { refuse() }
    }
}

/// Where the eye of one file writes.
pub(crate) type WithheldCount = Arc<Mutex<Withheld>>;

/// What looks at the lines of one file, beside what does so already.
struct WithheldObserver {
    marks: Arc<Vec<WithheldMark>>,
    sheet: WithheldCount,
    other: Option<Box<dyn Watch>>,
}

/// An eye for `marks` that has `other` look, too, and where it writes. `other` as it is where there are no marks.
pub(crate) fn eye(
    marks: &Arc<Vec<WithheldMark>>,
    other: Option<Box<dyn Watch>>,
) -> (Option<Box<dyn Watch>>, Option<WithheldCount>) {
    if marks.is_empty() {
        return (other, None);
    }
    let sheet = WithheldCount::default();
    let eye = WithheldObserver { marks: Arc::clone(marks), sheet: Arc::clone(&sheet), other };
    (Some(Box::new(eye)), Some(sheet))
}

/// What the eye has written.
pub(crate) fn taken(sheet: &WithheldCount) -> Withheld {
    sheet.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Watch for WithheldObserver {
    fn see(&mut self, line: u64, resource: &[u8], notes: &LineNotes) -> Option<Contents> {
        if self.marks.iter().any(|mark| is_of(mark, resource, notes)) {
            let mut sheet = self.sheet.lock().unwrap_or_else(PoisonError::into_inner);
            sheet.came += 1;
            sheet.line.get_or_insert(line);
        }
        self.other.as_mut().and_then(|other| other.see(line, resource, notes))
    }
}

/// Whether a resource is one that the mark means.
fn is_of(mark: &WithheldMark, resource: &[u8], notes: &LineNotes) -> bool {
    match mark {
        WithheldMark::Id(kind, id) => notes.resource_type.get() == Some(kind) && notes.id.get() == Some(id),
        WithheldMark::Tag(system, code) => {
            let Ok(value) = serde_json::from_slice::<Value>(resource) else { return false };
            let lists = ["/meta/tag", "/meta/security"].into_iter().filter_map(|at| value.pointer(at)?.as_array());
            let says = |coding: &Value, name: &str, text: &str| coding.get(name).and_then(Value::as_str) == Some(text);
            lists.flatten().any(|coding| says(coding, "system", system) && says(coding, "code", code))
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
        let (watch, sheet) = eye(&marks, None);
        options.watch = watch;
        let mut reader = FileReader::new(options);
        reader.push(lines.as_bytes()).unwrap();
        reader.finish(true);
        sheet.as_ref().map(taken)
    }

    const LINES: &str = concat!(
        "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n",
        "{\"resourceType\":\"Observation\",\"id\":\"b\",\"subject\":{\"reference\":\"Patient/c\"}}\n",
        "{\"resourceType\":\"Patient\",\"id\":\"c\",\"meta\":{\"tag\":[{\"system\":\"urn:t\",\"code\":\"x\"}]}}\n",
        "{\"resourceType\":\"Patient\",\"id\":\"d\",\"meta\":{\"security\":[{\"system\":\"urn:t\",\"code\":\"x\"}]}}\n",
    );

    #[test]
    fn what_is_kept_is_known_by_its_id_or_its_tag() {
        let came = |came: u64, line: Option<u64>| Some(Withheld { came, line });
        assert_eq!(seen(&[], LINES), None);
        assert_eq!(seen(&["Patient/c"], LINES), came(1, Some(3)));
        assert_eq!(
            seen(&["Observation/c", "Patient/b", "Patient/A"], LINES),
            came(0, None),
            "a reference is no resource"
        );
        assert_eq!(seen(&["urn:t|x"], LINES), came(2, Some(3)));
        assert_eq!(seen(&["urn:t|y", "urn:u|x"], LINES), came(0, None));
        assert_eq!(seen(&["Patient/c", "urn:t|x"], LINES), came(2, Some(3)), "each resource once");
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for text in ["", "Patient", "Patient/", "/17", "patient/17", "Patient/1/2", "|x", "urn:t|", "https://x.org/P/1"]
        {
            assert!(WithheldMark::parse(text).unwrap_err().contains("write it as"), "{text}");
        }
    }
}
