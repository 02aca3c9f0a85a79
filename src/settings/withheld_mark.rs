//! The names of resources that the client of the run must never receive.

/// A name of such a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithheldMark {
    /// Its type and its id.
    Id(String, String),
    /// The system and code of one of its tags or security labels.
    Tag(String, String),
}

impl WithheldMark {
    /// Reads `Patient/17`, or `https://example.org/tenants|other` for a tag or a security label.
    ///
    /// # Errors
    /// Any other text. The error is a lower-case fragment that shows how to write a name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse =
            || Err(format!("{text:?} does not name a resource; write it as Patient/17, or as SYSTEM|CODE for a tag"));
        if let Some((system, code)) = text.split_once('|') {
            let complete = !system.is_empty() && !code.is_empty();
            return if complete { Ok(WithheldMark::Tag(system.to_owned(), code.to_owned())) } else { refuse() };
        }
        let Some((kind, id)) = text.split_once('/') else { return refuse() };
        let of_type =
            kind.starts_with(|c: char| c.is_ascii_uppercase()) && kind.bytes().all(|b| b.is_ascii_alphabetic());
        let of_id = (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        if of_type && of_id { Ok(WithheldMark::Id(kind.to_owned(), id.to_owned())) } else { refuse() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "Patient", "Patient/", "/17", "patient/17", "Patient/1/2", "|x", "urn:t|", "https://x.org/P/1"]
        {
            assert!(WithheldMark::parse(text).unwrap_err().contains("write it as"), "{text}");
        }
    }
}
