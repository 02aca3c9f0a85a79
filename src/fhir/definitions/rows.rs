//! Rows of fixed size, little-endian, and a reader that never reads beyond the end.

use std::fmt;

/// The error for a file that is not a table file, or is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a table file of this version; rebuild it with plimsoll definitions build")
    }
}

impl std::error::Error for Damaged {}

/// A value of a fixed number of bytes in the file.
pub trait TableRow: Sized {
    /// Appends it to `out`.
    fn write(&self, out: &mut Vec<u8>);
    /// Reads one, or returns `None` at the end.
    fn read(from: &mut RowReader<'_>) -> Option<Self>;
}

/// A text of the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PoolText {
    /// Where it begins.
    pub at: u32,
    /// The length in bytes of the pool text.
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

/// A reader of the bytes of a table file, from the front.
#[derive(Clone, Copy, Debug)]
pub struct RowReader<'a>(&'a [u8]);

impl<'a> RowReader<'a> {
    /// Creates a reader of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns whether no bytes are left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the next `N` bytes.
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// Reads a length, then that many bytes.
    ///
    /// # Errors
    /// If fewer bytes are left.
    pub fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let length = u32::read(self).ok_or(Damaged)? as usize;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Reads a length, then a text of that many bytes.
    ///
    /// # Errors
    /// If fewer bytes are left, or they are not UTF-8.
    pub fn string(&mut self) -> Result<String, Damaged> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| Damaged)
    }

    /// Reads a number, then that many rows.
    ///
    /// # Errors
    /// If fewer rows are left.
    pub fn all<R: TableRow>(&mut self) -> Result<Vec<R>, Damaged> {
        let count = u32::read(self).ok_or(Damaged)? as usize;
        // A row has at least one byte; this check keeps a damaged number from allocating memory.
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
