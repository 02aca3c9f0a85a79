//! Rows of fixed size, little-endian, and a reader that never goes beyond what is there.

use std::fmt;

/// The file is no table file, or not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is no table file of this version, make it anew by plimsoll definitions build")
    }
}

impl std::error::Error for Damaged {}

/// A value that is written in a fixed number of bytes.
pub trait TableRow: Sized {
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);
    /// Takes it.
    fn read(from: &mut RowReader<'_>) -> Option<Self>;
}

/// A text of the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PoolText {
    /// Where it begins.
    pub at: u32,
    /// Its length in bytes.
    pub length: u16,
}

macro_rules! rows {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $field:ident : $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct $name { $($(#[$of])* pub $field: $kind,)* }
        impl $crate::fhir::definitions::rows::TableRow for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $($crate::fhir::definitions::rows::TableRow::write(&self.$field, out);)*
            }
            fn read(from: &mut $crate::fhir::definitions::rows::RowReader<'_>) -> Option<Self> {
                Some(Self { $($field: $crate::fhir::definitions::rows::TableRow::read(from)?,)* })
            }
        }
    };
}
pub(crate) use rows;

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl TableRow for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn read(from: &mut RowReader<'_>) -> Option<Self> {
                from.take().map(Self::from_le_bytes)
            }
        })*
    };
}
numbers!(u8, u16, u32, u64);

impl TableRow for PoolText {
    fn write(&self, out: &mut Vec<u8>) {
        self.at.write(out);
        self.length.write(out);
    }
    fn read(from: &mut RowReader<'_>) -> Option<Self> {
        Some(Self { at: TableRow::read(from)?, length: TableRow::read(from)? })
    }
}

/// Bytes that are taken from the front.
#[derive(Clone, Copy, Debug)]
pub struct RowReader<'a>(&'a [u8]);

impl<'a> RowReader<'a> {
    /// A reader of all of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `N` bytes.
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// Bytes after their number.
    ///
    /// # Errors
    /// Where fewer are left.
    pub fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let length = u32::read(self).ok_or(Damaged)? as usize;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Text after its length.
    ///
    /// # Errors
    /// Where fewer bytes are left, or they are no UTF-8.
    pub fn string(&mut self) -> Result<String, Damaged> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| Damaged)
    }

    /// Rows after their number.
    ///
    /// # Errors
    /// Where fewer are left.
    pub fn all<R: TableRow>(&mut self) -> Result<Vec<R>, Damaged> {
        let count = u32::read(self).ok_or(Damaged)? as usize;
        // A row takes at least a byte, so that a damaged number costs no memory.
        if count > self.0.len() {
            return Err(Damaged);
        }
        let mut rows = Vec::with_capacity(count);
        for _ in 0..count {
            rows.push(R::read(self).ok_or(Damaged)?);
        }
        Ok(rows)
    }
}
