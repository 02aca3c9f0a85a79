//! The shapes of bodies and values, and the topics of directory rules, that `expect` can name.

use crate::base::vocabulary::words;

words! {
    /// The shape that a body must have.
    BodyShape {
        /// The body is empty or has only white space.
        Empty = "empty",
        /// The body is not empty.
        NotEmpty = "not-empty",
        /// The body is JSON.
        Json = "json",
        /// The body is a JSON object that is not a FHIR resource.
        PlainObject = "plain-object",
        /// The body is an OperationOutcome with at least one issue, and every issue has a severity and a code of FHIR.
        OperationOutcome = "operation-outcome",
        /// The body is an OperationOutcome with at least one issue, with any content.
        Outcome = "outcome",
        /// The body is an OperationOutcome with an issue of severity error or fatal.
        ErrorOutcome = "error-outcome",
        /// The body is a Bulk Data manifest: a JSON object, not a resource, with at least two members of a manifest.
        Manifest = "manifest",
        /// The body is not a manifest.
        NotManifest = "not-manifest",
        /// The body has no exported data: it is neither NDJSON nor a resource that could be exported data.
        NotData = "not-data",
        /// The body is not an OperationOutcome.
        NotOutcome = "not-outcome",
        /// The body is not an HTML page.
        NotHtml = "not-html",
        /// The body has the format that Content-Type names.
        AsAnnounced = "as-announced",
    }
}

words! {
    /// The shape that a header or a JSON value must have.
    Shape {
        /// The value is present. It may be null.
        Present = "present",
        /// The value is present and not a JSON null.
        Value = "value",
        /// The value is absent.
        Absent = "absent",
        /// A JSON string.
        String = "string",
        /// A JSON string that is not empty.
        Text = "text",
        /// A JSON boolean.
        Boolean = "boolean",
        /// The JSON value true.
        True = "true",
        /// A JSON object.
        Object = "object",
        /// A JSON array.
        Array = "array",
        /// A JSON array of objects.
        Objects = "objects",
        /// A JSON array of strings.
        Strings = "strings",
        /// An empty JSON array.
        EmptyArray = "empty-array",
        /// An absolute http or https URL.
        AbsoluteUrl = "absolute-url",
        /// A FHIR instant: a date, a time to the second or finer, and a zone.
        Instant = "instant",
        /// A JSON number that is whole and not negative.
        Count = "count",
        /// The name of a FHIR resource type.
        ResourceType = "resource-type",
        /// A whole number of seconds, or an HTTP date.
        RetryAfter = "retry-after",
        /// A whole number of seconds: only digits.
        Digits = "digits",
        /// Text that is not blank.
        NotBlank = "not-blank",
        /// Text of printable characters only.
        Printable = "printable",
        /// The disposition type `attachment`, with or without parameters.
        Attachment = "attachment",
        /// A three-digit HTTP status, with or without text after it.
        StatusCode = "status-code",
        /// An HTTP date.
        HttpDate = "http-date",
        /// Text of fewer than 100 characters.
        Under100Characters = "under-100-characters",
    }
}

words! {
    /// A topic of the rules for the lines of a provider directory. The first seven are resource types: lines that claim
    /// the Health Connect profile (0.3.0-preview) of the type must conform to it. Value sets are not checked.
    DirectoryTopic {
        /// The profile HC Organization.
        Organization = "organization",
        /// The profile HC Practitioner.
        Practitioner = "practitioner",
        /// The profile HC PractitionerRole.
        PractitionerRole = "practitioner-role",
        /// The profile HC HealthcareService.
        HealthcareService = "healthcare-service",
        /// The profiles HC Location and HC Service Coverage Area.
        Location = "location",
        /// The profile HC Endpoint.
        Endpoint = "endpoint",
        /// The profile HC Provenance.
        Provenance = "provenance",
        /// The warning rules of these profiles.
        Cautions = "cautions",
        /// References are `Type/id` or URLs below the FHIR base URL.
        References = "references",
        /// Every resource has an id.
        Ids = "ids",
        /// No resource has hc-suppressed true.
        Suppressed = "suppressed",
        /// No line uses a profile, extension or name from before 0.3.0-preview.
        Retired = "retired",
    }
}
