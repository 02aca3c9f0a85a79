//! Builds the requests of a flow, without credentials: kick-offs, polls, files, DELETE.

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use url::Url;

use crate::base::percent::percent_encode;
use crate::base::vocabulary::ExportLevel;
use crate::recording::model::Role;
use crate::session::exchange::RequestSpec;
use crate::suite::flow::{Identity, Wrong};

/// The id of a Group that does not exist on any server.
pub const NO_SUCH_GROUP: &str = "plimsoll-no-such-group";

/// Everything that a kick-off request depends on.
#[derive(Clone, Debug)]
pub struct Kickoff<'a> {
    /// The target's base.
    pub base: &'a Url,
    /// System, patient or group.
    pub level: ExportLevel,
    /// The Group's id, at group level.
    pub group: Option<&'a str>,
    /// A POST with a Parameters body rather than a GET with a query.
    pub post: bool,
    /// Names and values, in order.
    pub params: &'a [(String, String)],
    /// Headers that replace usual ones or are added, as in the suites: a line feed separates lines. Later ones win.
    pub headers: Vec<(&'a str, &'a str)>,
    /// Usual headers that are left out.
    pub omit: &'a [String],
    /// The deliberate mistake of the request, if any.
    pub wrong: Option<Wrong>,
}

impl Kickoff<'_> {
    /// Returns the method, URL, headers and body.
    pub fn parts(&self) -> (Method, Url, HeaderMap, Option<Bytes>) {
        let post = self.post;
        let mut url = under(self.base, &self.segments());
        let mut headers = usual(&[(ACCEPT, "application/fhir+json")]);
        headers.insert(HeaderName::from_static("prefer"), HeaderValue::from_static("respond-async"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let mut body = None;
        if post {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/fhir+json"));
            body = Some(Bytes::from(self.body()));
        } else if !self.params.is_empty() {
            url.set_query(Some(&query(self.params)));
        }
        overlay(&mut headers, self.headers.iter().copied());
        leave_out(&mut headers, self.omit);
        (if post { Method::POST } else { Method::GET }, url, headers, body)
    }

    fn segments(&self) -> Vec<&str> {
        let group = if self.wrong == Some(Wrong::Group) { NO_SUCH_GROUP } else { self.group.unwrap_or(NO_SUCH_GROUP) };
        match self.level {
            ExportLevel::Patient => vec!["Patient", "$export"],
            ExportLevel::Group => vec!["Group", group, "$export"],
            ExportLevel::System | ExportLevel::Any => vec!["$export"],
        }
    }

    fn body(&self) -> String {
        match self.wrong {
            Some(Wrong::NotParameters) => {
                json!({"resourceType": "Basic", "code": {"text": "not a Parameters resource"}}).to_string()
            }
            Some(Wrong::BrokenJson) => "{\"resourceType\":\"Parameters\",\"parameter\":[".to_owned(),
            Some(Wrong::NoResource) => "{}".to_owned(),
            _ => parameters(self.params).to_string(),
        }
    }
}

/// Returns a Parameters resource with values of the types that the operation defines.
fn parameters(params: &[(String, String)]) -> Value {
    let parameter: Vec<Value> = params
        .iter()
        .map(|(name, value)| match name.as_str() {
            "_since" | "_until" => json!({"name": name, "valueInstant": value}),
            "patient" => json!({"name": name, "valueReference": {"reference": value}}),
            "includeAssociatedData" => json!({"name": name, "valueCode": value}),
            "allowPartialManifests" => json!({"name": name, "valueBoolean": value == "true"}),
            _ => json!({"name": name, "valueString": value}),
        })
        .collect();
    match parameter.is_empty() {
        // FHIR does not allow empty arrays.
        true => json!({"resourceType": "Parameters"}),
        false => json!({"resourceType": "Parameters", "parameter": parameter}),
    }
}

/// Returns `base` with more path segments. Segments are percent-encoded, so that none can change the path.
pub fn under(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// Returns a query. All characters except unreserved ones and the comma are percent-encoded, so that a `+` in a value
/// is not read as a space.
pub fn query(params: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        params.iter().map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value))).collect();
    pairs.join("&")
}

/// Returns headers with fixed names and values.
pub fn usual(headers: &[(HeaderName, &'static str)]) -> HeaderMap {
    headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
}

/// Replaces headers with those of a suite. A line feed in a value separates several lines of one header. Invalid names
/// and values are skipped; the loader has refused them already.
pub fn overlay<'a>(headers: &mut HeaderMap, over: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in over {
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        headers.remove(&name);
        for line in value.split('\n').filter_map(|line| HeaderValue::from_str(line.trim()).ok()) {
            headers.append(&name, line);
        }
    }
}

/// Removes the headers that `omit` names.
pub fn leave_out(headers: &mut HeaderMap, omit: &[String]) {
    for name in omit {
        headers.remove(name.as_str());
    }
}

/// Returns a request of a flow without a body, sent as the client of the run.
pub fn plain(flow: &str, role: Role, method: Method, url: Url, headers: HeaderMap) -> RequestSpec {
    RequestSpec {
        flow: Some(flow.to_owned()),
        role,
        probe: None,
        file: None,
        method,
        url,
        headers,
        body: None,
        identity: Identity::Client,
        open: false,
        masked: false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn pairs(params: &[(&str, &str)]) -> Vec<(String, String)> {
        params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn kickoff<'a>(base: &'a Url, params: &'a [(String, String)]) -> Kickoff<'a> {
        Kickoff {
            base,
            level: ExportLevel::System,
            group: Some("a/../b c"),
            post: false,
            params,
            headers: vec![],
            omit: &[],
            wrong: None,
        }
    }

    #[test]
    fn a_get_encodes_special_characters() {
        let base: Url = "http://h/fhir/".parse().unwrap();
        let params = pairs(&[
            ("_outputFormat", "application/fhir+ndjson"),
            ("_type", "Patient,Group"),
            ("_since", "2020-01-01T00:00:00+02:00"),
        ]);
        let (method, url, headers, body) = kickoff(&base, &params).parts();
        assert_eq!((method, body), (Method::GET, None));
        assert_eq!(
            url.as_str(),
            "http://h/fhir/$export?_outputFormat=application%2Ffhir%2Bndjson&_type=Patient,Group&_since=2020-01-01T00%3A00%3A00%2B02%3A00"
        );
        assert_eq!(headers["prefer"], "respond-async");
        assert_eq!(headers["accept"], "application/fhir+json");
        assert!(headers.get("content-type").is_none());
    }

    #[test]
    fn a_group_id_stays_one_segment() {
        let base: Url = "http://h".parse().unwrap();
        let mut group = kickoff(&base, &[]);
        group.level = ExportLevel::Group;
        assert_eq!(group.parts().1.as_str(), "http://h/Group/a%2F..%2Fb%20c/$export");
        group.wrong = Some(Wrong::Group);
        assert_eq!(group.parts().1.as_str(), "http://h/Group/plimsoll-no-such-group/$export");
    }

    #[test]
    fn a_post_sends_parameters_of_the_defined_types() {
        let base: Url = "http://h/fhir".parse().unwrap();
        let params = pairs(&[
            ("_since", "2020-01-01T00:00:00Z"),
            ("_type", "Patient,Group"),
            ("patient", "Patient/1"),
            ("allowPartialManifests", "true"),
        ]);
        let mut post = kickoff(&base, &params);
        post.post = true;
        let (method, url, headers, body) = post.parts();
        assert_eq!((method, url.as_str()), (Method::POST, "http://h/fhir/$export"));
        assert_eq!(headers["content-type"], "application/fhir+json");
        let body: Value = serde_json::from_slice(&body.unwrap()).unwrap();
        assert_eq!(
            body,
            json!({"resourceType": "Parameters", "parameter": [
            {"name": "_since", "valueInstant": "2020-01-01T00:00:00Z"}, {"name": "_type", "valueString": "Patient,Group"},
            {"name": "patient", "valueReference": {"reference": "Patient/1"}}, {"name": "allowPartialManifests", "valueBoolean": true}]})
        );
    }

    #[test]
    fn wrong_bodies_are_wrong_in_one_way() {
        let base: Url = "http://h/fhir".parse().unwrap();
        let mut post = kickoff(&base, &[]);
        post.post = true;
        assert_eq!(post.parts().3.unwrap(), "{\"resourceType\":\"Parameters\"}");
        post.wrong = Some(Wrong::BrokenJson);
        assert!(serde_json::from_slice::<Value>(&post.parts().3.unwrap()).is_err());
        post.wrong = Some(Wrong::NotParameters);
        let other: Value = serde_json::from_slice(&post.parts().3.unwrap()).unwrap();
        assert_eq!(other["resourceType"], "Basic");
    }

    #[test]
    fn headers_are_replaced_split_into_lines_and_left_out() {
        let base: Url = "http://h/fhir".parse().unwrap();
        let mut odd = kickoff(&base, &[]);
        odd.headers = vec![("Prefer", "respond-async\nhandling=lenient")];
        let omit = ["Accept".to_owned()];
        odd.omit = &omit;
        let headers = odd.parts().2;
        let prefer: Vec<&str> = headers.get_all("prefer").iter().map(|line| line.to_str().unwrap()).collect();
        assert_eq!(prefer, ["respond-async", "handling=lenient"]);
        assert!(headers.get("accept").is_none());
    }
}
