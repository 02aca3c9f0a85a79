//! The content of a table file: rows of fixed size, their flags and kinds.

use crate::fhir::definitions::rows::{PoolText, rows};

/// No index.
pub const NONE: u16 = u16::MAX;

rows! {
    /// One object's keys: a resource, a complex type or a backbone element.
    TypeRow {
        /// `Patient`, `Patient.contact`, `HumanName`.
        name: PoolText,
        /// Its first row in [`Tables::elements`].
        first: u32,
        /// How many there are.
        count: u16,
        /// Its first slot in [`Tables::slots`].
        slots: u32,
        /// How many bits of the hash are used: 2 to their power is the number of slots.
        bits: u8,
        /// See the `T_` constants.
        flags: u16,
        /// Presence bits that must be set.
        required: u64,
        /// Presence bits of choices.
        choices: u64,
        /// Its first row in [`Tables::invariants`].
        invariants: u32,
        /// How many there are.
        invariant_count: u16,
        /// The page that defines it, as an index of [`PAGES`]; [`NONE`] for the page of the resource itself.
        page: u16,
    }
}

rows! {
    /// One key of an object. A choice has a row for each of its types, and a primitive one for its `_` twin.
    ElementRow {
        /// The key in quotes, as in JSON.
        key: PoolText,
        /// The name in the definition: `value[x]` for `valueString`.
        name: PoolText,
        /// See [`ValueKind`].
        kind: u8,
        /// Its presence bit in its type; a choice's rows share one, and so does a twin with its element.
        bit: u8,
        /// See the `E_` constants.
        flags: u16,
        /// The type of an object, the code set of a code, the row of a twin's element; else [`NONE`].
        arg: u16,
        /// The code set of a required binding on a CodeableConcept, else [`NONE`].
        set: u16,
        /// The allowed targets, as an index of [`Tables::targets`]; [`NONE`] for any.
        targets: u16,
        /// Its first row in [`Tables::watches`].
        watches: u32,
        /// How many there are.
        watch_count: u8,
    }
}

rows! {
    /// The codes of a required binding.
    SetRow {
        /// The canonical URL of the value set.
        url: PoolText,
        /// Its first slot in [`Tables::slots`]; slots index [`Tables::codes`] from `first`.
        slots: u32,
        /// How many bits of the hash are used.
        bits: u8,
        /// Its first code.
        first: u32,
        /// How many there are.
        count: u16,
        /// 1 if codes have their systems, as `system|code`.
        systems: u8,
    }
}

rows! {
    /// One code, in quotes; `system|code` without quotes if the set has systems.
    CodeRow {
        /// The text.
        text: PoolText,
    }
}

rows! {
    /// A fact to note of an element's value, for the invariants of the object around it.
    WatchRow {
        /// See [`WatchKind`].
        kind: u8,
        /// The fact bit that is set.
        bit: u8,
        /// What the value is compared with, as in JSON; `system|code` for codings.
        text: PoolText,
        /// Presence or fact bits of the child object.
        mask: u64,
    }
}

rows! {
    /// One invariant of a type.
    InvariantRow {
        /// `obs-6`
        key: PoolText,
        /// What it says, in the words of the definition.
        human: PoolText,
        /// Its program's first byte in [`Tables::programs`].
        at: u32,
        /// The program's length in bytes.
        length: u16,
    }
}

rows! {
    /// A requirement of the definitions that these tables cannot decide.
    OpenRow {
        /// The resource or type.
        of: PoolText,
        /// The key of an invariant, or the value set of a binding.
        what: PoolText,
        /// 0 an invariant, 1 a binding.
        kind: u8,
    }
}

rows! {
    /// A resource type, for lookup by name.
    ResourceRow {
        /// Its name in quotes.
        name: PoolText,
        /// Its row in [`Tables::types`].
        of: u16,
    }
}

/// A resource.
pub const T_RESOURCE: u16 = 1;
/// Must have more than an id (ele-1).
pub const T_ELEMENT: u16 = 2;
/// `Period` and its like: the first of two dates is not after the second.
pub const T_PERIOD: u16 = 4;
/// `Range`: its low is not above its high.
pub const T_RANGE: u16 = 8;
/// `Reference`.
pub const T_REFERENCE: u16 = 16;
/// `Bundle`.
pub const T_BUNDLE: u16 = 32;
/// `Observation`: obs-7.
pub const T_OBSERVATION: u16 = 64;
/// A DomainResource.
pub const T_DOMAIN: u16 = 128;

/// It may repeat, and so is an array.
pub const E_ARRAY: u16 = 1;
/// It is one of a choice.
pub const E_CHOICE: u16 = 2;
/// It is required.
pub const E_REQUIRED: u16 = 4;
/// `contained` of a resource.
pub const E_CONTAINED: u16 = 8;
/// Its value is kept for a comparison within its object: the first of two.
pub const E_LEFT: u16 = 16;
/// The second of two.
pub const E_RIGHT: u16 = 32;
/// `reference` of a Reference.
pub const E_REFERENCE: u16 = 64;
/// The `id` of a resource.
pub const E_ID: u16 = 128;
/// The `versionId` of Meta.
pub const E_VERSION: u16 = 256;
/// The `lastUpdated` of Meta.
pub const E_UPDATED: u16 = 512;
/// The `meta` of a resource.
pub const E_META: u16 = 1024;
/// The `security` of Meta.
pub const E_SECURITY: u16 = 2048;
/// `type` of a Reference.
pub const E_REFERENCE_TYPE: u16 = 4096;

macro_rules! kinds {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $word:ident),* $(,)? }) => {
        $(#[$about])*
        #[allow(missing_docs)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name { $($(#[$of])* $word),* }
        impl $name {
            /// All of them; each at the index of its own number.
            pub const ALL: &[Self] = &[$(Self::$word),*];
        }
    };
}

kinds! {
    /// What a key's value is.
    ValueKind {
        Text, Code, Id, Uri, Date, DateTime, Instant, Time, Boolean, Integer, PositiveInt, UnsignedInt, Decimal, Base64,
        Oid, Uuid, Xhtml, Complex, Resource, Twin, ResourceType,
    }
}

kinds! {
    /// What a watch notes.
    WatchKind {
        /// The value is this text.
        Equals,
        /// The number is below zero.
        Negative,
        /// The number is zero or below.
        NotPositive,
        /// Some child object has these presence bits.
        AnyHas,
        /// Some child object lacks one of these presence bits.
        AnyLacks,
        /// Some child object has these fact bits.
        AnyFact,
        /// The CodeableConcept has this coding.
        Coding,
    }
}

/// The steps of an invariant's program. Values on its stack are true, false or unknown.
pub mod op {
    /// Whether any of the elements of a mask (8 bytes) is there.
    pub const PRESENT: u8 = 0;
    /// Whether a fact (1 byte) is true; unknown if the element (1 byte, 255 for none) has no value.
    pub const FACT: u8 = 1;
    /// Whether the element (1 byte) has a value.
    pub const VALUE: u8 = 2;
    /// How many elements of a mask (8 bytes) are there, compared (1 byte: `=`, `<`, `>`) with a number (1 byte).
    pub const COUNT: u8 = 3;
    /// Not.
    pub const NOT: u8 = 4;
    /// And.
    pub const AND: u8 = 5;
    /// Or.
    pub const OR: u8 = 6;
    /// Exclusive or.
    pub const XOR: u8 = 7;
    /// The first implies the second.
    pub const IMPLIES: u8 = 8;
}

/// The pages that define what is no resource, below the base of the links.
pub const PAGES: &[&str] = &[
    "datatypes",
    "metadatatypes",
    "extensibility",
    "narrative",
    "references",
    "resource",
    "dosage",
    "elementdefinition",
    "backboneelement",
    "element",
    "domainresource",
    "productdatatypes",
];
