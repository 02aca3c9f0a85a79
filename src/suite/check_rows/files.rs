//! The built-in checks of files and their lines, one row each. [`crate::suite::check_rows::all`] explains rows.

macro_rules! files_checks {
    ({ $($earlier:tt)* } $next:path $(, $rest:path)*) => { $next! { {
        $($earlier)*
        /// The probe's file is the one the flow fetched.
        SameFile = "same-file" {
            run files::delivery::same_file, on Files, needs [Files],
            says "the file is the same as the one fetched before"
        }
        /// The file's Content-Encoding is one that may be used, and the body decodes.
        AllowedEncoding = "allowed-encoding" {
            run files::delivery::allowed_encoding, on Files, needs [Files],
            says "the content coding is one that may be used, and can be undone"
        }
        /// This flow exported what the flow beside it did.
        SameResources = "same-resources" {
            run files::delivery::same_resources, on Any, needs [Files, Comparison, Identity],
            says "the same resources as in the flow beside it were exported"
        }
        /// The file was fetched whole, from the URL listed.
        Delivered = "delivered" {
            run files::delivery::delivered, on Files, needs [Files],
            says "the file comes whole from the URL listed"
        }
        /// Every resource of the file keeps FHIR's definitions, where these are of the version that the server declares.
        ResourcesValid = "resources-valid" {
            run files::line_rules::resources_valid, on Files, needs [Files],
            says "every line is a valid FHIR resource"
        }
        /// `count` equals the resources in the file.
        CountEqualsLines = "count-equals-lines" {
            run files::listed_files::count_equals_lines, on Manifests, needs [Files],
            says "count equals the number of resources in the file"
        }
        /// Where nothing was exported `output` is an empty array.
        EmptyOutputWhenNothing = "empty-output-when-nothing" {
            run files::listed_files::empty_output_when_nothing, on Manifests, needs [Files],
            says "output is an empty array where nothing was exported"
        }
        /// Where there is nothing to report `error` is an empty array.
        EmptyErrorWhenNothing = "empty-error-when-nothing" {
            run files::listed_files::empty_error_when_nothing, on Manifests, needs [Files],
            says "error is an empty array where there is nothing to report"
        }
        /// No listed file is without a resource.
        NoEmptyFiles = "no-empty-files" {
            run files::listed_files::no_empty_files, on Manifests, needs [Files],
            says "no listed file is without a resource"
        }
        /// No resource is newer than `transactionTime`.
        NothingAfterTransactionTime = "nothing-after-transaction-time" {
            run files::listed_files::nothing_after_transaction_time, on Files, needs [Files],
            says "no resource is newer than transactionTime"
        }
        /// No resource is in `deleted` and in `output`.
        DeletedNotInOutput = "deleted-not-in-output" {
            run files::listed_files::deleted_not_in_output, on Files, needs [Files, Identity],
            says "no resource is both in deleted and in output"
        }
        /// An output file of type Patient is listed, where anything is.
        PatientListed = "patient-listed" {
            run files::listed_files::patient_listed, on Manifests, needs [],
            says "a file of Patient resources is listed where anything is"
        }
        /// No output item or line is an OperationOutcome.
        NoOutcomeInOutput = "no-outcome-in-output" {
            run files::listed_files::no_outcome_in_output, on Manifests, needs [Files],
            says "no output file is of, or holds, OperationOutcomes"
        }
        /// The error files report something, of a flow that sent a parameter which cannot be supported.
        LenientReported = "lenient-reported" {
            run files::listed_files::lenient_reported, on Manifests, needs [Files],
            says "the error files report the parameter that cannot be supported"
        }
        /// Files that were to be organised are; a server that cannot do it refuses.
        OrganizedAtAll = "organized-at-all" {
            run files::organized_files::organized_at_all, on Any, needs [Files, Blocks],
            says "the files are organised, or the kick-off was refused"
        }
        /// Where files are organised, `outputOrganizedBy` is what was asked for.
        OrganizedNamed = "organized-named" {
            run files::organized_files::organized_named, on Any, needs [Files, Blocks],
            says "outputOrganizedBy is the type that was asked for, where files are organised by it"
        }
        /// Where files are organised, output items have no `type`.
        OrganizedUntyped = "organized-untyped" {
            run files::organized_files::organized_untyped, on Manifests, needs [Files, Blocks],
            says "no output item has a type, where files are organised"
        }
        /// Organised files begin with a header, and headers refer to the type asked for.
        OrganizedHeaders = "organized-headers" {
            run files::organized_files::organized_headers, on Any, needs [Files, Blocks],
            says "every output file begins with a header, and every header refers to a resource of the type asked for"
        }
        /// Every resource of the type has a block.
        OrganizedWhole = "organized-whole" {
            run files::organized_files::organized_whole, on Any, needs [Files, Blocks],
            says "every resource of the type that an earlier export holds has a block"
        }
        /// Every block holds the resource that it is about.
        OrganizedOwn = "organized-own" {
            run files::organized_files::organized_own, on Any, needs [Files, Blocks],
            says "every resource that a header refers to stands in its block"
        }
        /// No block is split across files.
        OrganizedTogether = "organized-together" {
            run files::organized_files::organized_together, on Any, needs [Files, Blocks],
            says "every block stands whole in one file"
        }
        /// Files with parts of one block are linked by `continuesInFile`.
        OrganizedLinked = "organized-linked" {
            run files::organized_files::organized_linked, on Any, needs [Files, Blocks],
            says "files with parts of one block are linked by continuesInFile, which names an output file"
        }
        /// A file in which a block goes on begins with its header.
        OrganizedRepeated = "organized-repeated" {
            run files::organized_files::organized_repeated, on Any, needs [Files, Blocks],
            says "a file in which another goes on begins with the header of the block that goes on"
        }
        /// A patient's block holds what belongs to the patient.
        OrganizedCompartment = "organized-compartment" {
            run files::organized_files::organized_compartment, on Any, needs [Files, Blocks],
            says "what belongs to a patient in an earlier export stands in the patient's block"
        }
        /// Every resource of the file keeps the profiles that it claims or is assigned, where a package was given.
        ProfilesKept = "profiles-kept" {
            run files::profiles::profiles_kept, on Files, needs [Files],
            says "every resource keeps the profiles that it claims or is assigned"
        }
        /// Of what the profiles mark as must-support, each element is in some resource of the flow.
        MustSupportSeen = "must-support-seen" {
            run files::profiles::must_support_seen, on Manifests, needs [Files],
            says "each element that the profiles mark as must-support is in some resource"
        }
        /// No cache between may keep the answer for everybody.
        NotPublic = "not-public" {
            run files::served::not_public, on Any, needs [Files],
            says "no cache that is shared may keep the answer"
        }
        /// The file is the target's own, and the manifest says that files need a token.
        TokenRequired = "token-required" {
            run files::served::token_required, on Files, needs [],
            says "the manifest says that files need a token, and the file is the target's own"
        }
        /// `Content-Location` of the target's own file names that file, or a version of it.
        StoredVersion = "stored-version" {
            run files::served::stored_version, on Files, needs [],
            says "Content-Location names the file itself or a version of it"
        }
        /// The file has as many bytes as `Content-Length` says.
        AnnouncedLength = "announced-length" {
            run files::served::announced_length, on Files, needs [Files],
            says "the file has as many bytes as Content-Length says"
        }
    } $($rest),* } };
}
pub(crate) use files_checks;
