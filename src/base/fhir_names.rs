//! The form of ids, resource types and element names in FHIR.

/// The longest name of a type or element that messages repeat, in characters.
const MAX_NAME: usize = 41;

/// Whether `id` is a FHIR id (R4, datatypes, `id`): 1 to 64 letters, digits, `-` or `.`.
#[inline]
pub fn is_id(id: impl AsRef<[u8]>) -> bool {
    let id = id.as_ref();
    (1..=64).contains(&id.len()) && id.iter().all(|b| is_id_byte(*b))
}

#[inline]
fn is_id_byte(byte: u8) -> bool {
    // One bit for each of the bytes 0 to 127: the validator tests every id, and a table is faster than four ranges.
    const IDS: [u64; 2] = [0x03ff_6000_0000_0000, 0x07ff_fffe_07ff_fffe];
    IDS.get(usize::from(byte >> 6)).is_some_and(|half| half >> (byte & 63) & 1 == 1)
}

/// Whether `name` could be the name of a resource type. Only such names are repeated in messages.
pub fn is_type_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Whether `key` could be the name of an element. Only such keys are repeated in messages.
pub fn is_element_name(key: &[u8]) -> bool {
    (1..=MAX_NAME).contains(&key.len())
        && key.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
        && key.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_consist_of_letters_digits_hyphens_and_dots() {
        for byte in 0..=255_u8 {
            assert_eq!(is_id_byte(byte), byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'), "{byte}");
        }
        assert!(is_id("a") && is_id("x".repeat(64)) && !is_id("") && !is_id("x".repeat(65)) && !is_id("a_b"));
    }

    #[test]
    fn names_that_may_be_shown() {
        assert!(is_type_name("Patient") && !is_type_name("patient") && !is_type_name("Pat1") && !is_type_name(""));
        assert!(is_element_name(b"_birthDate") && is_element_name(b"a1") && !is_element_name(b"1a"));
        assert!(!is_element_name(b"a-b") && !is_element_name(&[b'a'; 42]));
    }
}
