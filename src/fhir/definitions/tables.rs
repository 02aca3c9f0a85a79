//! FHIR's definitions as tables: rows of fixed size that are copied into memory, not parsed. `plimsoll definitions
//! build` creates them from a package; the validator reads them.

use crate::fhir::definitions::layout::*;
use crate::fhir::definitions::prepared::{KnownText, Prepared};
use crate::fhir::definitions::rows::{Damaged, PoolText, RowReader, TableRow};

/// The first bytes of a table file; the digit is the version of its layout.
const MAGIC: &[u8; 12] = b"plimsoll-df1";

/// The package that the tables were built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageOrigin {
    /// The package, such as `hl7.fhir.r4.examples`.
    pub package: String,
    /// The version of the package origin.
    pub version: String,
    /// The FHIR version of the definitions.
    pub fhir: String,
    /// The license that the package names.
    pub license: String,
    /// SHA-256 of the definitions that were read, in hex.
    pub digest: String,
    /// The start of links to the definitions, with a slash at the end.
    pub links: String,
}

/// The definitions of one FHIR version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// The package that they were built from.
    pub about: PackageOrigin,
    /// The pool: all texts, one after the other.
    pub pool: Vec<u8>,
    /// Types of objects.
    pub types: Vec<TypeRow>,
    /// Keys, grouped by type.
    pub elements: Vec<ElementRow>,
    /// Hash slots of types and sets: indices, or [`NONE`].
    pub slots: Vec<u16>,
    /// Code sets.
    pub sets: Vec<SetRow>,
    /// Codes, grouped by set.
    pub codes: Vec<CodeRow>,
    /// Watches, grouped by element.
    pub watches: Vec<WatchRow>,
    /// Invariants, grouped by type.
    pub invariants: Vec<InvariantRow>,
    /// The invariants' programs.
    pub programs: Vec<u8>,
    /// Lists of reference targets: indices of [`Tables::resources`], each list ended by [`NONE`].
    pub targets: Vec<u16>,
    /// The resource types, by name.
    pub resources: Vec<ResourceRow>,
    /// Requirements that the tables cannot decide.
    pub open: Vec<OpenRow>,
    /// The type Element, for the twins of primitives.
    pub element_type: u16,
    /// Values that [`Tables::prepare`] derives from the rest.
    pub(crate) prepared: Prepared,
}

impl Tables {
    /// Returns the bytes of the table file.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let about = &self.about;
        for text in [&about.package, &about.version, &about.fhir, &about.license, &about.digest, &about.links] {
            bytes(&mut out, text.as_bytes());
        }
        bytes(&mut out, &self.pool);
        all(&mut out, &self.types);
        all(&mut out, &self.elements);
        all(&mut out, &self.slots);
        all(&mut out, &self.sets);
        all(&mut out, &self.codes);
        all(&mut out, &self.watches);
        all(&mut out, &self.invariants);
        bytes(&mut out, &self.programs);
        all(&mut out, &self.targets);
        all(&mut out, &self.resources);
        all(&mut out, &self.open);
        self.element_type.write(&mut out);
        out
    }

    /// Reads the bytes of a table file.
    ///
    /// # Errors
    /// If they are not a table file, have another layout, or are damaged.
    pub fn decode(file: &[u8]) -> Result<Self, Damaged> {
        let rest = file.strip_prefix(MAGIC).ok_or(Damaged)?;
        let mut from = RowReader::new(rest);
        let about = PackageOrigin {
            package: from.string()?,
            version: from.string()?,
            fhir: from.string()?,
            license: from.string()?,
            digest: from.string()?,
            links: from.string()?,
        };
        let mut tables = Self {
            about,
            pool: from.bytes()?.to_vec(),
            types: from.all()?,
            elements: from.all()?,
            slots: from.all()?,
            sets: from.all()?,
            codes: from.all()?,
            watches: from.all()?,
            invariants: from.all()?,
            programs: from.bytes()?.to_vec(),
            targets: from.all()?,
            resources: from.all()?,
            open: from.all()?,
            element_type: u16::read(&mut from).ok_or(Damaged)?,
            prepared: Prepared::default(),
        };
        tables.prepare();
        if from.is_empty() { Ok(tables) } else { Err(Damaged) }
    }

    /// Derives [`Tables::prepared`] from the rest.
    pub(crate) fn prepare(&mut self) {
        let bit = |key: &[u8]| {
            let row = |of| self.elements.get(self.find(of, key)? as usize);
            let types = self.types.iter();
            types.map(|of| row(of).map_or(0, |row| 1_u64 << row.bit.min(63))).collect::<Vec<u64>>()
        };
        let colon = |text: &[u8]| KnownText::new(&[text, b":"].concat());
        self.prepared = Prepared {
            keys: self.elements.iter().map(|row| colon(self.bytes(row.key))).collect(),
            codes: self.codes.iter().map(|row| KnownText::new(self.bytes(row.text))).collect(),
            ids: bit(b"\"id\""),
            texts: bit(b"\"text\""),
            next: (1..=self.elements.len() as u32).collect(),
            first: self.types.iter().map(|of| of.first).collect(),
        };
    }

    /// Returns a text of the pool, as bytes.
    #[inline]
    pub fn bytes(&self, text: PoolText) -> &[u8] {
        let start = text.at as usize;
        self.pool.get(start..start + usize::from(text.length)).unwrap_or_default()
    }

    /// Returns a text of the pool.
    pub fn text(&self, text: PoolText) -> &str {
        std::str::from_utf8(self.bytes(text)).unwrap_or_default()
    }

    /// Returns a text of the pool without its quotes.
    pub fn unquoted(&self, text: PoolText) -> &str {
        self.text(text).trim_matches('"')
    }

    /// Returns the index in [`Tables::elements`] of the key `quoted` (with its quotes) of the type.
    #[inline]
    pub fn find(&self, of: &TypeRow, quoted: &[u8]) -> Option<u32> {
        self.slot(of.slots, of.bits, quoted, |within| {
            let index = of.first + u32::from(within);
            let row = self.elements.get(index as usize)?;
            (self.bytes(row.key) == quoted).then_some(index)
        })
    }

    /// Returns the index in [`Tables::codes`] of `code` in the set; `code` has the form of [`CodeRow::text`].
    pub fn code(&self, set: &SetRow, code: &[u8]) -> Option<u32> {
        self.slot(set.slots, set.bits, code, |within| {
            let index = set.first + u32::from(within);
            let row = self.codes.get(index as usize)?;
            (self.bytes(row.text) == code).then_some(index)
        })
    }

    /// Tries the slots from that of the text's hash on, until one fits or is empty.
    #[inline]
    fn slot(&self, first: u32, bits: u8, text: &[u8], fits: impl Fn(u16) -> Option<u32>) -> Option<u32> {
        let size = 1_usize << bits.min(16);
        let slots = self.slots.get(first as usize..first as usize + size)?;
        let mut at = hash(bits, text);
        for _ in 0..size {
            let within = *slots.get(at)?;
            if within == NONE {
                return None;
            }
            if let Some(index) = fits(within) {
                return Some(index);
            }
            at = (at + 1) & (size - 1);
        }
        None
    }

    /// Returns the index in [`Tables::resources`] of the resource type with this name (with its quotes).
    pub fn resource(&self, quoted: &[u8]) -> Option<usize> {
        self.resources.binary_search_by(|row| self.bytes(row.name).cmp(quoted)).ok()
    }

    /// Returns the `E_` flags of the key `key` of the resource type `kind`, or `None` if the type has no such key.
    pub fn flags(&self, kind: &str, key: &str) -> Option<u16> {
        let at = self.resource(format!("\"{kind}\"").as_bytes())?;
        let of = self.types.get(usize::from(self.resources.get(at)?.of))?;
        let row = self.find(of, format!("\"{key}\"").as_bytes())?;
        Some(self.elements.get(row as usize)?.flags)
    }

    /// Returns whether the list `targets` contains the resource type `index`.
    pub fn may_target(&self, targets: u16, index: usize) -> bool {
        let list = self.targets.get(usize::from(targets)..).unwrap_or_default();
        list.iter().take_while(|of| **of != NONE).any(|of| usize::from(*of) == index)
    }

    /// Returns the type names in the list `targets`.
    pub fn target_names(&self, targets: u16) -> Vec<&str> {
        let list = self.targets.get(usize::from(targets)..).unwrap_or_default();
        let rows = list.iter().take_while(|of| **of != NONE).filter_map(|of| self.resources.get(usize::from(*of)));
        rows.map(|row| self.unquoted(row.name)).collect()
    }

    /// Returns the link to the definition of the element `name` of the type.
    pub fn link(&self, of: &TypeRow, name: Option<PoolText>) -> String {
        let type_name = self.text(of.name);
        let root = type_name.split('.').next().unwrap_or_default();
        let page = PAGES.get(usize::from(of.page)).map_or_else(|| root.to_ascii_lowercase(), |page| (*page).to_owned());
        let element = name.map(|name| format!(".{}", self.text(name))).unwrap_or_default();
        // Anchors in HL7's pages have underscores in place of brackets.
        let anchor = format!("{type_name}{element}").replace("[x]", "_x_");
        format!("{}{page}-definitions.html#{anchor}", self.about.links)
    }
}

/// Returns the slot of a text among 2 to the power of `bits`: the upper bits of FNV-1a.
#[inline]
pub fn hash(bits: u8, text: &[u8]) -> usize {
    let mut hash = 0x811c_9dc5_u32;
    for byte in text {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    (hash.wrapping_mul(0x9e37_79b1) >> (32 - u32::from(bits.clamp(1, 16)))) as usize
}

fn bytes(out: &mut Vec<u8>, text: &[u8]) {
    (text.len() as u32).write(out);
    out.extend_from_slice(text);
}

fn all<R: TableRow>(out: &mut Vec<u8>, rows: &[R]) {
    (rows.len() as u32).write(out);
    for row in rows {
        row.write(out);
    }
}
