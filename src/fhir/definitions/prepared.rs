//! Parts of the tables in a form that the validator reads faster. `Tables::prepare` computes them once, when tables are
//! loaded or built.

/// A text for fast comparison: its first, second and last eight bytes, compared as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct KnownText {
    head: u64,
    mask: u64,
    middle: u64,
    tail: u64,
    /// The length of the known text.
    pub(crate) length: usize,
}

impl KnownText {
    /// Prepares a text of up to 24 bytes. In a longer text the middle is not compared.
    pub(crate) fn new(text: &[u8]) -> Self {
        let word = |from: usize| {
            let mut bytes = [0; 8];
            for (to, byte) in bytes.iter_mut().zip(text.get(from..).unwrap_or_default()) {
                *to = *byte;
            }
            u64::from_le_bytes(bytes)
        };
        let length = text.len();
        let mask = if length >= 8 { u64::MAX } else { (1 << (8 * length)) - 1 };
        Self { head: word(0), mask, middle: word(8), tail: word(length.saturating_sub(8)), length }
    }

    /// Returns whether `rest` begins with the text, as far as 24 bytes show; false if `rest` has fewer than eight
    /// bytes.
    #[inline]
    pub(crate) fn begins(&self, rest: &[u8]) -> bool {
        let word =
            |from: usize| rest.get(from..).and_then(<[u8]>::first_chunk::<8>).map(|chunk| u64::from_le_bytes(*chunk));
        let Some(head) = word(0) else { return false };
        if (head ^ self.head) & self.mask != 0 {
            return false;
        }
        self.length <= 8
            || (word(self.length - 8) == Some(self.tail) && (self.length <= 16 || word(8) == Some(self.middle)))
    }
}

/// Values derived from the tables when they are loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Prepared {
    /// The keys of the elements with their colons.
    pub(crate) keys: Vec<KnownText>,
    /// The codes of all code sets.
    pub(crate) codes: Vec<KnownText>,
    /// For each type, the presence bit of `id`.
    pub(crate) ids: Vec<u64>,
    /// For each type, the presence bit of `text`.
    pub(crate) texts: Vec<u64>,
    /// For each element, the next element in the definitions.
    pub(crate) next: Vec<u32>,
    /// For each type, its first element.
    pub(crate) first: Vec<u32>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_are_recognized() {
        for length in 1..25 {
            let text: Vec<u8> = (0..length).map(|n| b'a' + n % 26).collect();
            let known = KnownText::new(&text);
            let mut rest = text.clone();
            rest.extend_from_slice(b"        ");
            assert!(known.begins(&rest), "{length}");
            for wrong in 0..usize::from(length) {
                let mut other = rest.clone();
                other[wrong] ^= 1;
                assert!(!known.begins(&other), "{length} {wrong}");
            }
        }
    }
}
