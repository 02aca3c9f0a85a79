//! Percent-encoding.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode};

/// All characters except unreserved ones (RFC 3986) and the comma.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b',');

/// Decodes percent-encoding. Invalid encodings stay as they are. Returns `text` unchanged if the decoded bytes are not
/// UTF-8.
pub fn percent_decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text))
}

/// Encodes `text` as a name or value of a query: all characters except unreserved ones and the comma.
pub fn percent_encode(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, &RESERVED)
}

#[cfg(test)]
mod tests {
    use super::percent_decode;

    #[test]
    fn only_valid_encodings_are_decoded() {
        assert_eq!(percent_decode("%24export"), "$export");
        assert_eq!(percent_decode("$export"), "$export");
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz%4%+1"), "%zz%4%+1");
        assert_eq!(percent_decode("%C3%A9"), "é");
        assert_eq!(percent_decode("%FF"), "%FF");
    }
}
