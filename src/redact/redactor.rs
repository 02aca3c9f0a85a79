//! Redacts exchanges when they are recorded. Secrets are removed. Parts of URLs that act as secrets become tokens:
//! equal parts of one run have equal tokens, and a token has no meaning outside its run.

use url::Url;

use crate::base::instant::Instant;
use crate::base::percent::percent_decode;
use crate::redact::secrets::KnownSecrets;
use crate::redact::urls::UrlRedactor;

/// Redacts URLs and texts of a run.
pub(crate) struct Redactor {
    base: Url,
    secrets: KnownSecrets,
}

impl Redactor {
    /// Returns a redactor for a target at `base`.
    pub fn new(base: &Url) -> Self {
        let secrets = KnownSecrets::new();
        secrets.add_own([base.as_str().to_owned()]);
        Self { base: base.clone(), secrets }
    }

    /// Replaces `secret` from now on, wherever it appears.
    pub fn hide(&self, secret: &str) {
        self.secrets.hide(secret);
    }

    /// Replaces the value of a cookie with a token from now on, wherever it appears.
    pub fn hide_cookie(&self, value: &str) {
        self.secrets.hide_as_token(value);
    }

    /// Never replaces these texts, which the user gave.
    pub fn keep(&self, texts: impl IntoIterator<Item = String>) {
        self.secrets.add_own(texts);
    }

    /// Never replaces the parts of `url`, which the run made itself, even if the server repeats them.
    pub fn keep_parts_of(&self, url: &Url) {
        let segments = url.path_segments().into_iter().flatten().map(str::to_owned);
        let values = url.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let values = values.map(|(_, value)| value.to_owned());
        let decoded = url.query_pairs().map(|(_, value)| value.into_owned());
        let items = url.query_pairs().flat_map(|(_, value)| value.split(',').map(str::to_owned).collect::<Vec<_>>());
        let plain = url.path_segments().into_iter().flatten().map(|segment| percent_decode(segment).into_owned());
        self.secrets.add_own(segments.chain(plain).chain(values).chain(decoded).chain(items));
    }

    /// Never replaces the values of a JSON body that the run made itself, even if the server repeats them.
    pub fn keep_values_of(&self, body: &[u8]) {
        fn collect(value: &serde_json::Value, into: &mut Vec<String>) {
            match value {
                serde_json::Value::String(text) => into.push(text.clone()),
                serde_json::Value::Array(list) => list.iter().for_each(|item| collect(item, into)),
                serde_json::Value::Object(map) => map.values().for_each(|item| collect(item, into)),
                _ => {}
            }
        }
        let mut values = Vec::new();
        if let Ok(value) = serde_json::from_slice(body) {
            collect(&value, &mut values);
        }
        self.secrets.add_own(values);
    }

    /// Returns whether any part of `url` was learned from a URL of the server.
    pub fn knows(&self, url: &Url) -> bool {
        let mut parts = url.as_str().split(['/', '?', '&', '=', '#']).filter(|part| !part.is_empty());
        parts.any(|part| self.secrets.is_learned(part))
    }

    /// Redacts a URL that the run made itself: only credentials are replaced.
    pub fn own_url(&self, url: &Url) -> String {
        let mut url = url.clone();
        hide_userinfo(&mut url);
        self.secrets(url.as_str())
    }

    /// Redacts a URL with a path that ends in the id of a resource: the id is replaced, the query and the fragment are
    /// removed.
    pub fn masked_url(&self, url: &Url) -> String {
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().pop();
        }
        format!("{}/[id]", self.url(&url).trim_end_matches('/'))
    }

    /// Redacts a URL of the server.
    pub fn url(&self, url: &Url) -> String {
        self.url_text(url.as_str())
    }

    /// Redacts a text of the server that should be a URL or a reference to one, absolute or relative.
    pub fn url_text(&self, text: &str) -> String {
        self.urls().url_text(text)
    }

    /// Redacts a text of the server: secrets, URLs, and parts learned from URLs are replaced. A time stays.
    pub fn text(&self, text: &str) -> String {
        let text = self.secrets(text);
        if Instant::parse(&text).is_some() { text } else { self.urls().text(&text) }
    }

    /// Redacts a text of the server that should be the URL of a kick-off.
    pub fn kickoff_text(&self, text: &str) -> String {
        self.urls().kickoff_text(text)
    }

    /// Redacts a public text of the server: secrets and parts learned from other URLs are replaced, URLs stay.
    pub fn public_text(&self, text: &str) -> String {
        self.secrets.replace_learned(&self.secrets(text))
    }

    /// Redacts the body of a request that the run made itself: only secrets are replaced.
    pub fn own_body(&self, body: &[u8]) -> String {
        self.secrets(&String::from_utf8_lossy(body))
    }

    /// Returns a text with only its secrets replaced.
    pub fn secrets(&self, text: &str) -> String {
        self.secrets.replace_secrets(text)
    }

    fn urls(&self) -> UrlRedactor<'_> {
        UrlRedactor { base: &self.base, secrets: &self.secrets }
    }
}

fn hide_userinfo(url: &mut Url) {
    if !url.username().is_empty() || url.password().is_some() {
        let _ = url.set_password(None);
        let _ = url.set_username("redacted");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        Redactor::new(&Url::parse("https://fhir.example.org/7f3a9b/r4").unwrap())
    }

    #[test]
    fn urls_keep_their_shape() {
        let redactor = redactor();
        let shape = |text: &str| {
            let shown = redactor.url_text(text);
            // The digits of a token differ in each run.
            let mut out = String::new();
            let mut rest = shown.as_str();
            while let Some((before, after)) = rest.split_once("[u") {
                out.push_str(before);
                out.push('#');
                rest = after.split_once(']').unwrap().1;
            }
            out + rest
        };
        for (url, expected) in [
            ("https://fhir.example.org/7f3a9b/r4/jobs/17", "https://fhir.example.org/7f3a9b/r4/jobs/#"),
            ("https://FHIR.example.org:443/7f3a9b/r4/$export", "https://FHIR.example.org:443/7f3a9b/r4/$export"),
            ("https://other.example.org/7f3a9b/a1.ndjson.gz", "https://other.example.org/#/#.ndjson.gz"),
            ("/7f3a9b/r4/$export-poll-status?_jobId=17&x", "/7f3a9b/r4/$export-poll-status?_jobId=#&x"),
            ("17", "#"),
            ("", ""),
            ("https://u:p@h.example.org", "https://redacted@h.example.org"),
            ("https://h.example.org?q=a1b2#frag1", "https://h.example.org?q=###"),
            ("s3://bucket/k3y/Patient.ndjson", "s3://bucket/#/Patient.ndjson"),
            ("://", "://"),
            ("http://", "http://"),
            ("?a1b2c3=", "?#="),
            ("?0123456789=x", "?#=x"),
            ("//h.example.org/1", "//h.example.org/#"),
            ("//u:p@h.example.org/a1b2", "//redacted@h.example.org/#"),
            ("//fhir.example.org/7f3a9b/r4/a1b2", "//fhir.example.org/7f3a9b/r4/#"),
        ] {
            assert_eq!(shape(url), expected, "{url}");
        }
    }

    #[test]
    fn learned_parts_are_replaced_in_texts() {
        let redactor = redactor();
        redactor.hide("s3cret-token");
        let shown = redactor.url_text("https://fhir.example.org/7f3a9b/r4/jobs/ab12cd34");
        let token = shown.rsplit('/').next().unwrap().to_owned();
        assert_eq!(redactor.text("job ab12cd34."), format!("job {token}."));
        assert_eq!(redactor.text("(ab12cd34)=ab12cd345"), format!("({token})=ab12cd345"));
        // Parts of the base are not learned, not even from a malformed URL.
        redactor.url_text("https:fhir.example.org/7f3a9b/r4/jobs/ef56ab78");
        redactor.url_text("fhir.example.org/7f3a9b");
        assert_eq!(
            redactor.text("https://fhir.example.org/7f3a9b/r4/$export"),
            "https://fhir.example.org/7f3a9b/r4/$export"
        );
        assert_eq!(redactor.text("é://ab12cd34é"), format!("é://{token}é"));
        assert_eq!(redactor.text("Bearer s3cret-token!"), "Bearer [redacted]!");
        let hidden = redactor.url_text("https://h.example.org/s3cret-token/a1b2c3?t=s3cret-token");
        assert!(
            hidden.starts_with("https://h.example.org/[redacted]/[u") && hidden.ends_with("?t=[redacted]"),
            "{hidden}"
        );
        assert_eq!(
            redactor.text("see https://fhir.example.org/7f3a9b/r4/jobs/ab12cd34, or http://hl7.org/fhir/R4/a1b2.html."),
            format!("see {shown}, or http://hl7.org/fhir/R4/a1b2.html.")
        );
    }
}
