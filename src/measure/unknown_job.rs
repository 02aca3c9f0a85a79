//! Makes the polling URL of a job that does not exist, in the form of a real one: same length, same kinds of
//! characters.

use url::Url;

/// Returns a polling URL with another job id: the last query value or path segment that looks like an id is changed.
/// `None` if there is none.
pub fn unknown_job(url: &Url) -> Option<Url> {
    let mut changed = url.clone();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if let Some(at) = pairs.iter().rposition(|(_, value)| looks_like_id(value)) {
        let mut query = changed.query_pairs_mut();
        query.clear();
        for (index, (key, value)) in pairs.iter().enumerate() {
            match index == at {
                true => query.append_pair(key, &other(value)),
                false => query.append_pair(key, value),
            };
        }
        drop(query);
        return Some(changed);
    }
    let segments: Vec<String> = url.path_segments()?.map(str::to_owned).collect();
    let at = segments.iter().rposition(|segment| looks_like_id(segment))?;
    let path: Vec<String> = segments
        .iter()
        .enumerate()
        .map(|(index, segment)| if index == at { other(segment) } else { segment.clone() })
        .collect();
    changed.set_path(&path.join("/"));
    (changed != *url).then_some(changed)
}

/// Returns whether `text` has a digit, ends as base64 does, or is too long for a word. A version such as `v2` or `r4`
/// is not an id, and neither is the name of an operation.
fn looks_like_id(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let version = text.len() <= 3 && text.starts_with(|c: char| c.is_ascii_alphabetic());
    // Ids may be base64 or URNs. The name of an operation begins with a dollar sign, and a URL is no id.
    let id_like = text.bytes().all(|b| b.is_ascii_graphic() && b != b'$') && !text.contains("://");
    id_like && !version && (digits > 0 || text.len() >= 20 || text.ends_with('='))
}

/// Returns another id of the same form: digits stay digits, hex stays hex, letters stay letters. The version and
/// variant of a UUID and the prefix of a URN stay, so that the id is well-formed if the real one is.
fn other(id: &str) -> String {
    if let Some((prefix, id)) = id.rsplit_once(':').filter(|(_, id)| !id.is_empty()) {
        return format!("{prefix}:{}", other(id));
    }
    let hex = id.bytes().all(|b| b.is_ascii_hexdigit() || !b.is_ascii_alphanumeric());
    let uuid = hex && id.len() == 36;
    let is_percent = |at: usize| id.as_bytes().get(at) == Some(&b'%');
    id.chars()
        .enumerate()
        .map(|(index, c)| match c {
            _ if uuid && matches!(index, 14 | 19) => c,
            // A percent-encoded character stays.
            _ if index.checked_sub(1).is_some_and(is_percent) => c,
            _ if index.checked_sub(2).is_some_and(is_percent) => c,
            // A number may not begin with zero, so the first digit never becomes zero.
            '1'..='8' => char::from(c as u8 + 1),
            '9' if index == 0 => '1',
            '9' => '0',
            '0' if index == 0 && id.len() > 1 => '0',
            '0' => '1',
            'f' if hex => 'a',
            'F' if hex => 'A',
            'z' => 'a',
            'Z' => 'A',
            'a'..='y' | 'A'..='Y' => char::from(c as u8 + 1),
            _ => c,
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn unknown(url: &str) -> Option<String> {
        unknown_job(&url.parse().unwrap()).map(|url| url.to_string())
    }

    #[test]
    fn the_id_changes_and_its_shape_stays() {
        let cases = [
            (
                "http://h/fhir/bulkstatus/9f86d081-884c-4d65-9a2f-eaa0c55ad015",
                "http://h/fhir/bulkstatus/1a97e192-995d-4e76-9b3a-fbb1d66be126",
            ),
            ("http://h/fhir/r4/jobs/1234", "http://h/fhir/r4/jobs/2345"),
            ("http://h/jobs/9", "http://h/jobs/1"),
            ("http://h/jobs/1234/status", "http://h/jobs/2345/status"),
            ("http://h/fhir/$export-poll-status?_jobId=ab12xz", "http://h/fhir/$export-poll-status?_jobId=bc23ya"),
            ("http://h/status/abcdefghijklmnopqrstuvwxyz", "http://h/status/bcdefghijklmnopqrstuvwxyza"),
            ("http://h/job/MTIzNDU2Nzg5MA==", "http://h/job/NUJaOEV3Oah6NB=="),
            ("http://h/job/abc1%3D%3D", "http://h/job/bcd2%3D%3D"),
            ("http://h/job/urn:uuid:9f86d081", "http://h/job/urn:uuid:1a97e192"),
            ("http://h/$export-poll-status?_jobId=MTI%3D", "http://h/$export-poll-status?_jobId=NUJ%3D"),
        ];
        for (real, expected) in cases {
            assert_eq!(unknown(real).as_deref(), Some(expected), "{real}");
        }
    }

    #[test]
    fn without_an_id_there_is_no_other_job() {
        for url in ["http://h/", "http://h/fhir/status", "http://h/fhir/r4/status", "http://h/v2?latest=true"] {
            assert_eq!(unknown(url), None, "{url}");
        }
    }
}
