//! The built-in checks of files and their lines, one row each. [`crate::suite::check_rows::all`] explains rows.

macro_rules! files_checks {
    ({ $($earlier:tt)* } $next:path $(, $rest:path)*) => { $next! { {
        $($earlier)*
        /// The probe's file has the same resources as the file that the flow fetched.
        SameFile = "same-file" {
            run files::delivery::same_file, on Files, needs [Files],
            says "the file has the same resources as when it was fetched before"
        }
        /// The file is NDJSON, by its Content-Type or by its content.
        NdjsonFormat = "ndjson-format" {
            run files::delivery::ndjson_format, on Files, needs [Files],
            says "the file is NDJSON"
        }
        /// Content-Encoding is absent, identity, gzip or a coding that was offered, and the body can be decoded.
        AllowedEncoding = "allowed-encoding" {
            run files::delivery::allowed_encoding, on Files, needs [Files],
            says "Content-Encoding is allowed and the body can be decoded"
        }
        /// The export has the same resources as the flow under `compare-with`.
        SameResources = "same-resources" {
            run files::delivery::same_resources, on Any, needs [Files, Comparison, Identity],
            says "the export has the same resources as the export to compare with"
        }
        /// The listed URL returns the complete file.
        Delivered = "delivered" {
            run files::delivery::delivered, on Files, needs [Files],
            says "the listed URL returns the complete file"
        }
        /// Every resource of the file conforms to FHIR's definitions, if the server declares the FHIR version of these.
        ResourcesValid = "resources-valid" {
            run files::line_rules::resources_valid, on Files, needs [Files],
            says "every line is a valid FHIR resource"
        }
        /// `count` equals the number of resources in the file.
        CountEqualsLines = "count-equals-lines" {
            run files::listed_files::count_equals_lines, on Manifests, needs [Files],
            says "count equals the number of resources in the file"
        }
        /// `output` is an empty array if nothing was exported.
        EmptyOutputWhenNothing = "empty-output-when-nothing" {
            run files::listed_files::empty_output_when_nothing, on Manifests, needs [Files],
            says "output is an empty array if nothing was exported"
        }
        /// `error` is an empty array if there is nothing to report.
        EmptyErrorWhenNothing = "empty-error-when-nothing" {
            run files::listed_files::empty_error_when_nothing, on Manifests, needs [Files],
            says "error is an empty array if there is nothing to report"
        }
        /// Every listed file has a resource.
        NoEmptyFiles = "no-empty-files" {
            run files::listed_files::no_empty_files, on Manifests, needs [Files],
            says "every listed file has a resource"
        }
        /// No resource is newer than `transactionTime`.
        NothingAfterTransactionTime = "nothing-after-transaction-time" {
            run files::listed_files::nothing_after_transaction_time, on Files, needs [Files],
            says "no resource is newer than transactionTime"
        }
        /// No resource is in both `deleted` and `output`.
        DeletedNotInOutput = "deleted-not-in-output" {
            run files::listed_files::deleted_not_in_output, on Files, needs [Files, Identity],
            says "no resource is in both deleted and output"
        }
        /// A file of type Patient is listed, if any file is listed.
        PatientListed = "patient-listed" {
            run files::listed_files::patient_listed, on Manifests, needs [],
            says "a file of type Patient is listed if any file is listed"
        }
        /// No item and no line of `output` is an OperationOutcome.
        NoOutcomeInOutput = "no-outcome-in-output" {
            run files::listed_files::no_outcome_in_output, on Manifests, needs [Files],
            says "no output file has the type OperationOutcome or contains one"
        }
        /// An error file reports the unsupported parameter that the flow sent.
        LenientReported = "lenient-reported" {
            run files::listed_files::lenient_reported, on Manifests, needs [Files],
            says "an error file reports the unsupported parameter"
        }
        /// The files are organized, or the kick-off is refused.
        OrganizedAtAll = "organized-at-all" {
            run files::organized_files::organized_at_all, on Any, needs [Files, Blocks],
            says "the files are organized, or the kick-off is refused"
        }
        /// `outputOrganizedBy` is the requested type, if the files are organized.
        OrganizedNamed = "organized-named" {
            run files::organized_files::organized_named, on Any, needs [Files, Blocks],
            says "outputOrganizedBy is the requested type if the files are organized by it"
        }
        /// No output item has a `type`, if the files are organized.
        OrganizedUntyped = "organized-untyped" {
            run files::organized_files::organized_untyped, on Manifests, needs [Files, Blocks],
            says "no output item has a type if the files are organized"
        }
        /// Every output file begins with a header, and all headers refer to resources of the requested type.
        OrganizedHeaders = "organized-headers" {
            run files::organized_files::organized_headers, on Any, needs [Files, Blocks],
            says "every output file begins with a header, and every header refers to a resource of the requested type"
        }
        /// Every resource of the requested type has a block.
        OrganizedWhole = "organized-whole" {
            run files::organized_files::organized_whole, on Any, needs [Files, Blocks],
            says "every resource of the requested type in an earlier export has a block"
        }
        /// Every block has the resource that its header refers to.
        OrganizedOwn = "organized-own" {
            run files::organized_files::organized_own, on Any, needs [Files, Blocks],
            says "every block has the resource that its header refers to"
        }
        /// No block is split across files.
        OrganizedTogether = "organized-together" {
            run files::organized_files::organized_together, on Any, needs [Files, Blocks],
            says "every block is complete in one file"
        }
        /// Files with parts of one block are linked by `continuesInFile`.
        OrganizedLinked = "organized-linked" {
            run files::organized_files::organized_linked, on Any, needs [Files, Blocks],
            says "files with parts of one block are linked by continuesInFile, which names an output file"
        }
        /// A file that continues a block begins with the header of that block.
        OrganizedRepeated = "organized-repeated" {
            run files::organized_files::organized_repeated, on Any, needs [Files, Blocks],
            says "a file that continues a block begins with the header of that block"
        }
        /// A patient's block has all resources that belong to the patient.
        OrganizedCompartment = "organized-compartment" {
            run files::organized_files::organized_compartment, on Any, needs [Files, Blocks],
            says "every resource that belongs to a patient in an earlier export is in the patient's block"
        }
        /// Every resource of the file conforms to the profiles that it claims or that the user assigned to its type.
        ProfilesKept = "profiles-kept" {
            run files::profiles::profiles_kept, on Files, needs [Files],
            says "every resource conforms to the profiles that it claims or is assigned"
        }
        /// Every element that the profiles mark as must-support is in a resource of the flow.
        MustSupportSeen = "must-support-seen" {
            run files::profiles::must_support_seen, on Manifests, needs [Files],
            says "every element that the profiles mark as must-support is in some resource"
        }
        /// Cache-Control does not let shared caches store the response.
        NotPublic = "not-public" {
            run files::served::not_public, on Any, needs [Files],
            says "Cache-Control does not let shared caches store the response"
        }
        /// The manifest has `requiresAccessToken` true, for files at the target's own origin.
        TokenRequired = "token-required" {
            run files::served::token_required, on Files, needs [],
            says "requiresAccessToken is true and the file is at the server's own origin"
        }
        /// `Content-Location` of a file at the target's own origin names that file, or a version of it.
        StoredVersion = "stored-version" {
            run files::served::stored_version, on Files, needs [],
            says "Content-Location names the file itself or a version of it"
        }
        /// The file has as many bytes as `Content-Length` states.
        AnnouncedLength = "announced-length" {
            run files::served::announced_length, on Files, needs [Files],
            says "the file has as many bytes as Content-Length states"
        }
    } $($rest),* } };
}
pub(crate) use files_checks;
