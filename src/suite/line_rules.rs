//! The rules for lines of NDJSON files, and each rule in words.

use crate::base::vocabulary::words;

words! {
    /// A rule for NDJSON files. Each variant names a violation of the rule.
    LineRule {
        /// The file begins with a byte order mark.
        Bom = "bom",
        /// A line has bytes that are not UTF-8.
        Utf8 = "utf8",
        /// A line is empty or has only white space.
        BlankLine = "blank-line",
        /// A line is not JSON, for a reason that has no rule of its own.
        NotJson = "not-json",
        /// The file ends within the JSON of a line.
        CutOff = "cut-off",
        /// A line is JSON but not an object.
        NotObject = "not-object",
        /// One object extends over several lines.
        PrettyPrinted = "pretty-printed",
        /// The file is a JSON array.
        Array = "array",
        /// A line has two objects.
        TwoOnOneLine = "two-on-one-line",
        /// A comma follows the object of a line.
        TrailingComma = "trailing-comma",
        /// A line has `NaN` or `Infinity`.
        NotANumber = "not-a-number",
        /// An object has the same key twice.
        DuplicateKey = "duplicate-key",
        /// A resource has no `resourceType`.
        ResourceTypeMissing = "resource-type-missing",
        /// The `resourceType` differs from the type in the manifest.
        ResourceTypeOther = "resource-type-other",
        /// A resource has no `id`.
        IdMissing = "id-missing",
        /// An `id` is not a valid FHIR id.
        IdFormat = "id-format",
        /// A resource is exported twice: the same type, id and version.
        DuplicateId = "duplicate-id",
        /// Two versions of one resource are exported.
        TwoVersions = "two-versions",
        /// A line of an `error` file is not an OperationOutcome with an issue.
        OutcomeWithoutIssue = "outcome-without-issue",
        /// A line is longer than Plimsoll reads.
        LineTooLong = "line-too-long",
        /// A line is nested more deeply than Plimsoll reads.
        TooDeep = "too-deep",
        /// The file is compressed but the response has no Content-Encoding.
        CompressedUnlabelled = "compressed-unlabelled",
        /// A line of a `deleted` file is a Bundle but not a transaction.
        NotTransaction = "not-transaction",
        /// A Bundle of a `deleted` file has no entry.
        BundleWithoutEntry = "bundle-without-entry",
        /// An entry of such a Bundle has no request with a method and a url.
        EntryWithoutRequest = "entry-without-request",
        /// An entry of such a Bundle has another method than DELETE.
        EntryNotDelete = "entry-not-delete",
        /// An Attachment has no `contentType`.
        AttachmentWithoutType = "attachment-without-type",
        /// An Attachment has neither `data` nor `url`.
        AttachmentEmpty = "attachment-empty",
        /// An Attachment without `data` has a `url` that is not absolute.
        AttachmentUrlRelative = "attachment-url-relative",
        /// An Attachment with `data` has a `url` that is not absolute.
        AttachmentUrlBesideData = "attachment-url-beside-data",
        /// A `reference` is neither `Type/id`, nor absolute, nor to a contained resource.
        ReferenceForm = "reference-form",
        /// An element is not defined by FHIR at this place.
        UnknownElement = "unknown-element",
        /// A mandatory element is missing.
        MissingElement = "missing-element",
        /// A JSON value has the wrong kind, such as an object in place of a string, or an array in place of one value.
        WrongShape = "wrong-shape",
        /// A `null` is used outside an array of primitive values with extensions.
        NullValue = "null-value",
        /// A string, array or object is empty, or an element has only an id (ele-1).
        EmptyValue = "empty-value",
        /// A choice element has values of two types.
        TwoOfOneChoice = "two-of-one-choice",
        /// An array and its `_` array have different lengths.
        TwinMisaligned = "twin-misaligned",
        /// A primitive value does not have the format of its type.
        PrimitiveFormat = "primitive-format",
        /// A code is not in the value set of a required binding.
        CodeOutside = "code-outside",
        /// A narrative is not XHTML, or has content that FHIR forbids.
        Narrative = "narrative",
        /// A reference is to a type that the element does not allow.
        ReferenceTarget = "reference-target",
        /// A `#` reference leads to no contained resource (ref-1).
        ReferenceDangling = "reference-dangling",
        /// A contained resource violates dom-2 to dom-5.
        ContainedResource = "contained-resource",
        /// Another invariant of FHIR's definitions is violated.
        Invariant = "invariant",
        /// The resource type is not defined by FHIR R4.
        UnknownType = "unknown-type",
        /// An element occurs more or less often than a profile allows.
        ProfileCardinality = "profile-cardinality",
        /// A value differs from the value that a profile requires.
        ProfileValue = "profile-value",
        /// A code is not in the value set that a profile requires.
        ProfileCode = "profile-code",
        /// The type of a choice, of a reference's target or of a resource differs from the type that a profile
        /// requires.
        ProfileType = "profile-type",
        /// An item belongs to no slice of a profile that allows only its slices, or the slices are in the wrong order.
        ProfileSlice = "profile-slice",
    }
}

impl LineRule {
    /// Whether the rule is about the content of resources, not about the file's format. Lines that violate it can still
    /// be read.
    pub fn is_of_contents(self) -> bool {
        self >= Self::NotTransaction
    }

    /// Whether the rule is about attachments.
    pub fn is_of_attachments(self) -> bool {
        (Self::AttachmentWithoutType..=Self::AttachmentUrlBesideData).contains(&self)
    }

    /// Whether the rule needs a search through the elements of each resource.
    pub fn is_of_insides(self) -> bool {
        (Self::AttachmentWithoutType..=Self::ReferenceForm).contains(&self)
    }

    /// Whether it is a rule of FHIR's definitions.
    pub fn is_of_definitions(self) -> bool {
        self >= Self::UnknownElement && !self.is_of_profiles()
    }

    /// Whether it is a rule of profiles.
    pub fn is_of_profiles(self) -> bool {
        self >= Self::ProfileCardinality
    }
}

/// The violation of a rule as a noun phrase, to follow `does not contain` or `holds`: `a byte order mark`.
pub fn line_rule(rule: LineRule) -> &'static str {
    match rule {
        LineRule::Bom => "a byte order mark",
        LineRule::Utf8 => "bytes that are not UTF-8",
        LineRule::BlankLine => "a blank line",
        LineRule::NotJson => "text that is not JSON",
        LineRule::CutOff => "an incomplete last line",
        LineRule::NotObject => "a value that is not an object",
        LineRule::PrettyPrinted => "an object that extends over several lines",
        LineRule::Array => "an array around the resources",
        LineRule::TwoOnOneLine => "two resources on one line",
        LineRule::TrailingComma => "a trailing comma",
        LineRule::NotANumber => "NaN or Infinity",
        LineRule::DuplicateKey => "an object with the same key twice",
        LineRule::ResourceTypeMissing => "a resource without resourceType",
        LineRule::ResourceTypeOther => "a resourceType that differs from the type in the manifest",
        LineRule::IdMissing => "a resource without id",
        LineRule::IdFormat => "an id that is not a FHIR id",
        LineRule::DuplicateId => "the same resource twice",
        LineRule::TwoVersions => "two versions of one resource",
        LineRule::OutcomeWithoutIssue => "a line that is not an OperationOutcome with an issue",
        LineRule::LineTooLong => "a line that is longer than Plimsoll reads",
        LineRule::TooDeep => "JSON that is nested more deeply than Plimsoll reads",
        LineRule::CompressedUnlabelled => "compressed data without Content-Encoding",
        LineRule::NotTransaction => "a Bundle that is not a transaction",
        LineRule::BundleWithoutEntry => "a Bundle without an entry",
        LineRule::EntryWithoutRequest => "an entry without a request's method and url",
        LineRule::EntryNotDelete => "an entry with another method than DELETE",
        LineRule::AttachmentWithoutType => "an attachment without contentType",
        LineRule::AttachmentEmpty => "an attachment with neither data nor url",
        LineRule::AttachmentUrlRelative => "an attachment without data and with a url that is not absolute",
        LineRule::AttachmentUrlBesideData => "an attachment with data and with a url that is not absolute",
        LineRule::ReferenceForm => "a reference that is neither Type/id, nor absolute, nor to a contained resource",
        LineRule::UnknownElement => "an element that FHIR does not define there",
        LineRule::MissingElement => "a resource without a mandatory element",
        LineRule::WrongShape => "a JSON value of the wrong kind for its element",
        LineRule::NullValue => "a null in the place of a value",
        LineRule::EmptyValue => "an element without a value or children",
        LineRule::TwoOfOneChoice => "a choice element with values of two types",
        LineRule::TwinMisaligned => "an array and its _ array with different lengths",
        LineRule::PrimitiveFormat => "a value that does not have the format of its type",
        LineRule::CodeOutside => "a code that is not in a required value set",
        LineRule::Narrative => "a narrative that is not valid XHTML",
        LineRule::ReferenceTarget => "a reference to a type that is not allowed there",
        LineRule::ReferenceDangling => "a reference to a missing contained resource",
        LineRule::ContainedResource => "a contained resource that violates the rules for contained resources",
        LineRule::Invariant => "a violated invariant of FHIR",
        LineRule::UnknownType => "a resource type that FHIR R4 does not define",
        LineRule::ProfileCardinality => "more or fewer of an element than a profile allows",
        LineRule::ProfileValue => "a value other than a profile requires",
        LineRule::ProfileCode => "a code that is not in the value set that a profile requires",
        LineRule::ProfileType => "a type other than a profile requires",
        LineRule::ProfileSlice => "an item that matches no slice of a profile",
    }
}
