//! The ways in which a line can be wrong, and each in words.

use crate::base::vocabulary::words;

words! {
    /// The ways in which an NDJSON file can be wrong, as the reader reports them.
    LineRule {
        /// A byte order mark at the start.
        Bom = "bom",
        /// Bytes that are not UTF-8.
        Utf8 = "utf8",
        /// A line with nothing on it.
        BlankLine = "blank-line",
        /// A line that is not JSON, for a reason that has no rule of its own.
        NotJson = "not-json",
        /// The file ends within a line's JSON.
        CutOff = "cut-off",
        /// A line that is JSON but no object.
        NotObject = "not-object",
        /// One object spread over lines.
        PrettyPrinted = "pretty-printed",
        /// The file is a JSON array.
        Array = "array",
        /// Two objects on one line.
        TwoOnOneLine = "two-on-one-line",
        /// A comma after the object.
        TrailingComma = "trailing-comma",
        /// `NaN` or `Infinity`.
        NotANumber = "not-a-number",
        /// A key twice in one object.
        DuplicateKey = "duplicate-key",
        /// No `resourceType`.
        ResourceTypeMissing = "resource-type-missing",
        /// A `resourceType` other than the manifest announced.
        ResourceTypeOther = "resource-type-other",
        /// No `id`.
        IdMissing = "id-missing",
        /// An `id` that is no FHIR id.
        IdFormat = "id-format",
        /// The same type and id again, the same version.
        DuplicateId = "duplicate-id",
        /// Two versions of one type and id.
        TwoVersions = "two-versions",
        /// A line in the `error` list that is no OperationOutcome with an issue.
        OutcomeWithoutIssue = "outcome-without-issue",
        /// A line longer than the limit.
        LineTooLong = "line-too-long",
        /// Nesting deeper than the limit.
        TooDeep = "too-deep",
        /// Compressed bytes without a Content-Encoding.
        CompressedUnlabelled = "compressed-unlabelled",
        /// A line of a `deleted` file that is a Bundle, but no transaction.
        NotTransaction = "not-transaction",
        /// A Bundle of deletions without an entry.
        BundleWithoutEntry = "bundle-without-entry",
        /// An entry there whose request lacks its method or its url.
        EntryWithoutRequest = "entry-without-request",
        /// An entry there whose method is not DELETE.
        EntryNotDelete = "entry-not-delete",
        /// An Attachment without `contentType`.
        AttachmentWithoutType = "attachment-without-type",
        /// An Attachment with neither `data` nor `url`.
        AttachmentEmpty = "attachment-empty",
        /// An Attachment without `data` whose `url` is not absolute.
        AttachmentUrlRelative = "attachment-url-relative",
        /// An Attachment with `data` whose `url` is not absolute.
        AttachmentUrlBesideData = "attachment-url-beside-data",
        /// A `reference` that is neither `Type/id`, nor absolute, nor to a contained resource.
        ReferenceForm = "reference-form",
        /// A key that the definitions do not have there.
        UnknownElement = "unknown-element",
        /// A mandatory element that is not there.
        MissingElement = "missing-element",
        /// A JSON value of another shape: an object for a string, an array for one value.
        WrongShape = "wrong-shape",
        /// `null` where no place of an array is kept by it.
        NullValue = "null-value",
        /// An empty string, array or object, or an element with an id alone (ele-1).
        EmptyValue = "empty-value",
        /// Two of one choice of types.
        TwoOfOneChoice = "two-of-one-choice",
        /// An array and its `_` twin of different lengths.
        TwinMisaligned = "twin-misaligned",
        /// A primitive value that its type does not have.
        PrimitiveFormat = "primitive-format",
        /// A code outside the value set of a required binding.
        CodeOutside = "code-outside",
        /// A narrative that is no XHTML, or has in it what it must not have.
        Narrative = "narrative",
        /// A reference to a type that may not stand there.
        ReferenceTarget = "reference-target",
        /// A `#` that leads to no contained resource (ref-1).
        ReferenceDangling = "reference-dangling",
        /// A contained resource that breaks dom-2 to dom-5.
        ContainedResource = "contained-resource",
        /// Another invariant of the definitions that is broken.
        Invariant = "invariant",
        /// A resource type that the definitions do not have.
        UnknownType = "unknown-type",
        /// More or fewer of an element than a profile allows.
        ProfileCardinality = "profile-cardinality",
        /// Another value than a profile has there.
        ProfileValue = "profile-value",
        /// A code outside the value set that a profile requires.
        ProfileCode = "profile-code",
        /// Another type than a profile has there: of a choice, of a reference's target, of the resource.
        ProfileType = "profile-type",
        /// An item of no slice where a profile has these alone, or in another order.
        ProfileSlice = "profile-slice",
    }
}

impl LineRule {
    /// Whether it is about what resources hold rather than about the file's format: lines that break it can be told for
    /// what they are.
    pub fn is_of_contents(self) -> bool {
        self >= Self::NotTransaction
    }

    /// Whether it is about attachments.
    pub fn is_of_attachments(self) -> bool {
        (Self::AttachmentWithoutType..=Self::AttachmentUrlBesideData).contains(&self)
    }

    /// Whether a resource must be looked into for it, which is done for what a run keeps in sight, line by line.
    pub fn is_of_insides(self) -> bool {
        (Self::AttachmentWithoutType..=Self::ReferenceForm).contains(&self)
    }

    /// Whether it is a rule of FHIR's definitions rather than of the file's format.
    pub fn is_of_definitions(self) -> bool {
        self >= Self::UnknownElement && !self.is_of_profiles()
    }

    /// Whether it is a rule of the profiles that a resource is held to.
    pub fn is_of_profiles(self) -> bool {
        self >= Self::ProfileCardinality
    }
}

/// A way in which a file can be wrong, as a noun: `a byte order mark`.
pub fn line_rule(rule: LineRule) -> &'static str {
    match rule {
        LineRule::Bom => "a byte order mark",
        LineRule::Utf8 => "bytes that are not UTF-8",
        LineRule::BlankLine => "a blank line",
        LineRule::NotJson => "text that is not JSON",
        LineRule::CutOff => "a cut-off end",
        LineRule::NotObject => "a value that is no object",
        LineRule::PrettyPrinted => "an object spread over lines",
        LineRule::Array => "an array around the resources",
        LineRule::TwoOnOneLine => "two resources on one line",
        LineRule::TrailingComma => "a trailing comma",
        LineRule::NotANumber => "NaN or Infinity",
        LineRule::DuplicateKey => "a key twice in one object",
        LineRule::ResourceTypeMissing => "a missing resourceType",
        LineRule::ResourceTypeOther => "a resourceType other than announced",
        LineRule::IdMissing => "a missing id",
        LineRule::IdFormat => "an id that is no FHIR id",
        LineRule::DuplicateId => "one resource twice",
        LineRule::TwoVersions => "two versions of one resource",
        LineRule::OutcomeWithoutIssue => "anything but an OperationOutcome with an issue",
        LineRule::LineTooLong => "a line beyond the limit",
        LineRule::TooDeep => "nesting beyond the limit",
        LineRule::CompressedUnlabelled => "compression that no Content-Encoding names",
        LineRule::NotTransaction => "a Bundle that is no transaction",
        LineRule::BundleWithoutEntry => "a Bundle without an entry",
        LineRule::EntryWithoutRequest => "an entry without a request's method and url",
        LineRule::EntryNotDelete => "an entry whose method is not DELETE",
        LineRule::AttachmentWithoutType => "an attachment without contentType",
        LineRule::AttachmentEmpty => "an attachment with neither data nor url",
        LineRule::AttachmentUrlRelative => "an attachment without data whose url is not absolute",
        LineRule::AttachmentUrlBesideData => "an attachment with data whose url is not absolute",
        LineRule::ReferenceForm => "a reference that is neither Type/id, nor absolute, nor to a contained resource",
        LineRule::UnknownElement => "an element that FHIR does not have there",
        LineRule::MissingElement => "a resource without a mandatory element",
        LineRule::WrongShape => "a JSON value of another shape than the element's",
        LineRule::NullValue => "a null in the place of a value",
        LineRule::EmptyValue => "an element without a value or children",
        LineRule::TwoOfOneChoice => "two values of one choice",
        LineRule::TwinMisaligned => "arrays of values and of their extensions that do not match",
        LineRule::PrimitiveFormat => "a value in another format than its type's",
        LineRule::CodeOutside => "a code outside a required value set",
        LineRule::Narrative => "a narrative that is not XHTML as FHIR has it",
        LineRule::ReferenceTarget => "a reference to a type that it may not have",
        LineRule::ReferenceDangling => "a reference to a contained resource that is not there",
        LineRule::ContainedResource => "a contained resource against the rules for these",
        LineRule::Invariant => "a broken invariant of FHIR",
        LineRule::UnknownType => "a resource type that FHIR does not have",
        LineRule::ProfileCardinality => "more or fewer of an element than a profile allows",
        LineRule::ProfileValue => "another value than a profile has there",
        LineRule::ProfileCode => "a code outside the value set that a profile requires",
        LineRule::ProfileType => "another type than a profile has there",
        LineRule::ProfileSlice => "an item that fits no slice of a profile",
    }
}
