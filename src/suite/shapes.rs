//! What bodies and values can be, and what can be asked of a directory's lines: closed lists behind `expect`.

use crate::base::vocabulary::words;

words! {
    /// What a body must be.
    BodyShape {
        /// Nothing, or white space.
        Empty = "empty",
        /// Something.
        NotEmpty = "not-empty",
        /// Parses as JSON.
        Json = "json",
        /// A JSON object that is not a FHIR resource.
        PlainObject = "plain-object",
        /// An OperationOutcome with at least one issue that has severity and code.
        OperationOutcome = "operation-outcome",
        /// An OperationOutcome with an issue, whatever it says.
        Outcome = "outcome",
        /// An OperationOutcome with an issue of severity error or fatal.
        ErrorOutcome = "error-outcome",
        /// A bulk data manifest, as far as one can tell.
        Manifest = "manifest",
        /// Not a manifest.
        NotManifest = "not-manifest",
        /// No exported data: neither NDJSON nor a resource other than an OperationOutcome.
        NotData = "not-data",
        /// Anything but an OperationOutcome.
        NotOutcome = "not-outcome",
        /// Not an HTML page.
        NotHtml = "not-html",
        /// JSON in a body whose media type says JSON, anything in one that says otherwise.
        AsAnnounced = "as-announced",
    }
}

words! {
    /// What a header or a JSON value must be.
    Shape {
        /// There, whatever it is.
        Present = "present",
        /// There, and not a JSON null.
        Value = "value",
        /// Not there.
        Absent = "absent",
        /// A JSON string.
        String = "string",
        /// A JSON string with something in it.
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
        /// A JSON array of texts.
        Strings = "strings",
        /// An empty JSON array.
        EmptyArray = "empty-array",
        /// An absolute http or https URL.
        AbsoluteUrl = "absolute-url",
        /// A FHIR instant: date, time to the second or finer, zone.
        Instant = "instant",
        /// A whole JSON number of at least 0.
        Count = "count",
        /// The name of a FHIR resource type.
        ResourceType = "resource-type",
        /// Seconds or an HTTP date.
        RetryAfter = "retry-after",
        /// Seconds, in digits alone.
        Digits = "digits",
        /// A text that is not blank.
        NotBlank = "not-blank",
        /// A text of printable characters alone.
        Printable = "printable",
        /// A disposition of type attachment, with parameters or without.
        Attachment = "attachment",
        /// Begins with a status of three digits.
        StatusCode = "status-code",
        /// An HTTP date.
        HttpDate = "http-date",
        /// Fewer than 100 characters.
        Under100Characters = "under-100-characters",
    }
}

words! {
    /// What can be asked of the lines of a provider directory. The first seven are types: lines that claim the type's
    /// Health Connect profile of 0.3.0-preview are held to it, but for what its value sets hold.
    DirectoryTopic {
        /// HC Organization.
        Organization = "organization",
        /// HC Practitioner.
        Practitioner = "practitioner",
        /// HC PractitionerRole.
        PractitionerRole = "practitioner-role",
        /// HC HealthcareService.
        HealthcareService = "healthcare-service",
        /// HC Location or HC Service Coverage Area.
        Location = "location",
        /// HC Endpoint.
        Endpoint = "endpoint",
        /// HC Provenance.
        Provenance = "provenance",
        /// What those profiles only warn of.
        Cautions = "cautions",
        /// The form of references.
        References = "references",
        /// Ids.
        Ids = "ids",
        /// Resources that are flagged to be hidden.
        Suppressed = "suppressed",
        /// What was written so before 0.3.0.
        Retired = "retired",
    }
}
