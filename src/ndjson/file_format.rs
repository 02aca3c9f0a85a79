//! Names the format of a file that is not NDJSON, from its first bytes or its first line.

/// Returns the format of a file with a first line that begins with `<`.
pub(crate) fn markup(line: &[u8]) -> &'static str {
    const LOOKED_AT: usize = 4096;
    let head = String::from_utf8_lossy(line.get(..LOOKED_AT).unwrap_or(line)).to_ascii_lowercase();
    let start = head.trim_start();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        "an HTML page"
    } else if head.contains("http://hl7.org/fhir") {
        "FHIR as XML"
    } else {
        "XML"
    }
}

/// Returns the name of a binary format, by the first bytes of the file.
pub(crate) fn binary(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'P', b'K', 3, 4, ..] => Some("a ZIP file"),
        [b'P', b'A', b'R', b'1', ..] => Some("a Parquet file"),
        [b'%', b'P', b'D', b'F', ..] => Some("a PDF file"),
        [b'B', b'Z', b'h', ..] => Some("bzip2 data"),
        _ => None,
    }
}

/// Describes an object over several lines. Only the types that wrap other resources are named.
pub(crate) fn spread(kind: Option<&str>) -> &'static str {
    match kind {
        Some("Bundle") => "a Bundle over several lines",
        Some("Binary") => "a FHIR Binary over several lines",
        Some("OperationOutcome") => "an OperationOutcome over several lines",
        _ => "an object over several lines",
    }
}

/// Returns the type of a resource in place of the resources of the file, with what it is.
pub(crate) fn wrapper(kind: &str) -> Option<&'static str> {
    match kind {
        "Bundle" => Some("Bundle: the file is a Bundle, not one resource per line"),
        "Binary" => Some("Binary: the file is a FHIR Binary, not the resources in it"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_named() {
        assert_eq!(markup(b"<!DOCTYPE html><title>Sign in</title>"), "an HTML page");
        assert_eq!(markup(b"<HTML lang=\"en\">"), "an HTML page");
        assert_eq!(markup(b"<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"1\"/></Patient>"), "FHIR as XML");
        assert_eq!(markup(b"<?xml version=\"1.0\"?>"), "XML");
        assert_eq!(binary(b"PK\x03\x04rest"), Some("a ZIP file"));
        assert_eq!(binary(b"{\"a\":1}"), None);
    }
}
