//! The layout of a table file: rows of fixed size, their flags and kinds.

use crate::fhir::definitions::rows::{PoolText, rows};

/// The value for no index.
pub const NONE: u16 = u16::MAX;

rows! {
    /// The keys of one kind of object: a resource, a complex type or a backbone element.
    TypeRow {
        /// `Patient`, `Patient.contact`, `HumanName`.
        name: PoolText,
        /// Its first row in [`Tables::elements`].
        first: u32,
        /// How many there are.
        count: u16,
        /// Its first slot in [`Tables::slots`].
        slots: u32,
        /// The number of bits of the hash that are used; the number of slots is 2 to the power of it.
        bits: u8,
        /// The `T_` flags.
        flags: u16,
        /// The presence bits of mandatory elements.
        required: u64,
        /// The presence bits of choices.
        choices: u64,
        /// Its first row in [`Tables::invariants`].
        invariants: u32,
        /// How many there are.
        invariant_count: u16,
        /// The page that defines it, as an index of [`PAGES`]; [`NONE`] if that is the page of the resource.
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
        /// The kind of the value, a [`ValueKind`].
        kind: u8,
        /// The presence bit in its type. The rows of a choice share one bit, as do a twin and its element.
        bit: u8,
        /// The `E_` flags.
        flags: u16,
        /// The type of an object, the code set of a code, or the element of a twin; else [`NONE`].
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
        /// The number of bits of the hash that are used.
        bits: u8,
        /// Its first code.
        first: u32,
        /// How many there are.
        count: u16,
        /// 1 if the codes have systems, as `system|code`.
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
    /// A fact about the value of an element that an invariant of the object around it needs.
    WatchRow {
        /// The kind of the fact, a [`WatchKind`].
        kind: u8,
        /// The fact bit to set.
        bit: u8,
        /// The text that the value is compared with, as in JSON; `system|code` for codings.
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
        /// Its text in the definition.
        human: PoolText,
        /// The first byte of its program in [`Tables::programs`].
        at: u32,
        /// The length of the program in bytes.
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
        /// 0 for an invariant, 1 for a binding.
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

/// A type flag: a resource.
pub const T_RESOURCE: u16 = 1;
/// An element, which must have more than an id (ele-1).
pub const T_ELEMENT: u16 = 2;
/// `Period` or `MedicationDispense`: the first of two dates must not be after the second.
pub const T_PERIOD: u16 = 4;
/// `Range`: the low must not be above the high.
pub const T_RANGE: u16 = 8;
/// `Reference`.
pub const T_REFERENCE: u16 = 16;
/// `Bundle`.
pub const T_BUNDLE: u16 = 32;
/// `Observation`, which has the invariant obs-7.
pub const T_OBSERVATION: u16 = 64;
/// A DomainResource.
pub const T_DOMAIN: u16 = 128;

/// An element flag: the element may repeat, so its value is an array.
pub const E_ARRAY: u16 = 1;
/// The element is one type of a choice.
pub const E_CHOICE: u16 = 2;
/// The element is mandatory.
pub const E_REQUIRED: u16 = 4;
/// The `contained` of a resource.
pub const E_CONTAINED: u16 = 8;
/// The first of two values of an object that are compared.
pub const E_LEFT: u16 = 16;
/// The second of two values of an object that are compared.
pub const E_RIGHT: u16 = 32;
/// The `reference` of a Reference.
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
/// The `type` of a Reference.
pub const E_REFERENCE_TYPE: u16 = 4096;

macro_rules! kinds {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $word:ident),* $(,)? }) => {
        $(#[$about])*
        #[allow(missing_docs)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name { $($(#[$of])* $word),* }
        impl $name {
            /// All variants, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$word),*];
        }
    };
}

kinds! {
    /// The kind of the value of a key.
    ValueKind {
        Text, Code, Id, Uri, Date, DateTime, Instant, Time, Boolean, Integer, PositiveInt, UnsignedInt, Decimal, Base64,
        Oid, Uuid, Xhtml, Complex, Resource, Twin, ResourceType,
    }
}

kinds! {
    /// The kind of fact that a watch records.
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

/// The operations of an invariant's program. Values on its stack are true, false or unknown.
pub mod op {
    /// Pushes whether any of the elements of a mask (8 bytes) is present.
    pub const PRESENT: u8 = 0;
    /// Pushes whether a fact (1 byte) is true; unknown if the element (1 byte, 255 for none) has no value.
    pub const FACT: u8 = 1;
    /// Pushes whether the element (1 byte) has a value.
    pub const VALUE: u8 = 2;
    /// Compares the number of elements of a mask (8 bytes) that are present with a number: 1 byte for the comparison
    /// (`=`, `<`, `>`), 1 byte for the number.
    pub const COUNT: u8 = 3;
    /// Negates the last value.
    pub const NOT: u8 = 4;
    /// Combines the last two values with and.
    pub const AND: u8 = 5;
    /// Combines the last two values with or.
    pub const OR: u8 = 6;
    /// Combines the last two values with exclusive or.
    pub const XOR: u8 = 7;
    /// Pushes whether the first of the last two values implies the second.
    pub const IMPLIES: u8 = 8;
}

/// The pages that define types other than resources, relative to the base of the links.
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
