//! Line rules in words.

use super::model::LineRule;

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
    }
}
