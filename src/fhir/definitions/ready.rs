//! What the validator needs of the tables in another form, made once for all who use them.

use crate::fhir::definitions::tables::Tables;

/// A text that is looked for often: its first, second and last eight bytes, to be compared as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Known {
    head: u64,
    mask: u64,
    middle: u64,
    tail: u64,
    /// Its length.
    pub(crate) length: usize,
}

impl Known {
    /// Takes a text of at most 24 bytes; of a longer one the middle is not compared.
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

    /// Whether `rest` begins with it, as far as 24 bytes tell. False where fewer than eight are left.
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

/// What is made of the tables when they are loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ready {
    /// The keys of the elements with their colons.
    pub(crate) keys: Vec<Known>,
    /// The codes.
    pub(crate) codes: Vec<Known>,
    /// For each type the presence bit of `id`.
    pub(crate) ids: Vec<u64>,
    /// For each type the presence bit of `text`.
    pub(crate) texts: Vec<u64>,
    /// For each element the one that the definitions list after it.
    pub(crate) next: Vec<u32>,
    /// For each type its first element.
    pub(crate) first: Vec<u32>,
}

impl Ready {
    /// Makes it of `tables`.
    pub(crate) fn of(tables: &Tables) -> Self {
        let bit = |key: &[u8]| {
            let row = |of| tables.elements.get(tables.find(of, key)? as usize);
            let types = tables.types.iter();
            types.map(|of| row(of).map_or(0, |row| 1_u64 << row.bit.min(63))).collect::<Vec<u64>>()
        };
        let colon = |text: &[u8]| Known::new(&[text, b":"].concat());
        Self {
            keys: tables.elements.iter().map(|row| colon(tables.bytes(row.key))).collect(),
            codes: tables.codes.iter().map(|row| Known::new(tables.bytes(row.text))).collect(),
            ids: bit(b"\"id\""),
            texts: bit(b"\"text\""),
            next: (1..=tables.elements.len() as u32).collect(),
            first: tables.types.iter().map(|of| of.first).collect(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_are_recognised() {
        for length in 1..25 {
            let text: Vec<u8> = (0..length).map(|n| b'a' + n % 26).collect();
            let known = Known::new(&text);
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
