//! Percent-encoding.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// `text` without its percent-encoding. Percent signs that encode nothing stay, and so does a text whose bytes would not be
/// UTF-8.
pub fn percent_decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text))
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
