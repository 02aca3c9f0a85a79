//! The built-in checks in words.

use crate::suite::check_names::CheckName;

/// What a built-in check holds the exchange to, as a sentence without its full stop.
pub fn check(name: CheckName) -> &'static str {
    match name {
        CheckName::OneLocation => "Content-Location names one URL only",
        CheckName::RequestFitsKickoff => "the manifest's request is the URL of the kick-off",
        CheckName::RequestWithoutBodyParams => "the manifest's request shows no parameter that was sent in the body",
        CheckName::TransactionTimeNotFuture => "transactionTime is not in the server's future",
        CheckName::ExpiresLater => "Expires is later than the answer",
        CheckName::SameManifest => "the manifest says the same as the first one",
        CheckName::DistinctUrls => "no URL is listed twice",
        CheckName::CountEqualsLines => "count equals the number of resources in the file",
        CheckName::EmptyOutputWhenNothing => "output is an empty array where nothing was exported",
        CheckName::EmptyErrorWhenNothing => "error is an empty array where there is nothing to report",
        CheckName::NoEmptyFiles => "no listed file is without a resource",
        CheckName::NothingAfterTransactionTime => "no resource is newer than transactionTime",
        CheckName::DeletedNotInOutput => "no resource is both in deleted and in output",
        CheckName::PatientListed => "a file of Patient resources is listed where anything is",
        CheckName::ResourcesValid => "every line is a valid FHIR resource",
        CheckName::ProfilesKept => "every resource keeps the profiles that it claims or is assigned",
        CheckName::MustSupportSeen => "each element that the profiles mark as must-support is in some resource",
        CheckName::SameFile => "the file is the same as the one fetched before",
        CheckName::AllowedEncoding => "the content coding is one that may be used, and can be undone",
        CheckName::SameResources => "the same resources as in the flow beside it were exported",
        CheckName::NoOutcomeInOutput => "no output file is of, or holds, OperationOutcomes",
        CheckName::LenientReported => "the error files report the parameter that cannot be supported",
        CheckName::ExtensionsAreObjects => "every extension is an object",
        CheckName::AsWellReceived => "the kick-off is as well received as that of the flow beside it",
        CheckName::OtherJob => "its job is another than that of the flow's own kick-off",
        CheckName::OwnOrigin => "URLs have the scheme, host and port that were asked",
        CheckName::TransactionTimeInJob => {
            "transactionTime lies between the kick-off and the manifest, give or take 5 seconds"
        }
        CheckName::SameTypes => "the types listed are those of the export beside it",
        CheckName::TypesCover => "the types of the export beside it are all listed",
        CheckName::OnlyTypesAsked => "no type is listed that _type does not name",
        CheckName::NoBinaryListed => "no file of type Binary is listed",
        CheckName::ExportsNothing => "no resource is exported, for the filter matches none",
        CheckName::NothingBeforeSince => "no meta.lastUpdated is earlier than _since",
        CheckName::WrappedBinary => "the file comes as one Binary resource",
        CheckName::TokenRequired => "the manifest says that files need a token, and the file is the target's own",
        CheckName::StoredVersion => "Content-Location names the file itself or a version of it",
        CheckName::NotPublic => "no cache that is shared may keep the answer",
        CheckName::AnnouncedLength => "the file has as many bytes as Content-Length says",
        CheckName::DeclaresExport => "the CapabilityStatement declares $export for the whole system",
        CheckName::Delivered => "the file comes whole from the URL listed",
        CheckName::SeparateStatusHonoured => "the server says that it applied separate-export-status",
        CheckName::PreferencesApplied => "Preference-Applied names respond-async and separate-export-status",
        CheckName::ExportStatusFits => "X-Export-Status begins with the status that fits the job",
        CheckName::ManifestUnaltered => "the manifest is the one that was shown before, but for link",
        CheckName::FieldsOfFirstPage => "the fields of the first manifest are repeated",
        CheckName::OneNextLink => "link is one object that leads to another manifest",
        CheckName::FileKept => "the file is there unchanged when the job is done",
        CheckName::ExportStatusOfFailure => "X-Export-Status begins with 4xx or 5xx",
        CheckName::SomeLeftOut => "some of what a date or a filter leaves out did not come",
        CheckName::NoneBeyond => "nothing comes that a date leaves out",
        CheckName::OnlyTypesReturned => "no resource comes whose type _type does not name",
        CheckName::OnlyTypesOrReferenced => {
            "no resource comes whose type _type does not name, but for those that other lines refer to"
        }
        CheckName::OnlyPatientsAsked => "no resource comes of a patient whom patient does not name",
        CheckName::LevelDeclared => "the CapabilityStatement declares an export at this level",
        CheckName::DeclaredLevelServed => "a level that the CapabilityStatement declares is served",
        CheckName::GuideDeclared => "the CapabilityStatement instantiates that of the guide",
        CheckName::OperationsPlaced => "export operations stand where they belong in the CapabilityStatement",
        CheckName::TypesDeclared => "every exported type stands in the CapabilityStatement",
        CheckName::PatientsAsCounted => "patients come where a search counts some",
        CheckName::ChangesCome => "what was changed up to transactionTime comes as it then was, or later",
        CheckName::DeletionsTold => "what was deleted since _since is listed under deleted",
        CheckName::FailuresTold => "where something fails to be exported, an error file tells of it",
        CheckName::NoPatientShort => "as many patients come as a search counts",
        CheckName::KickoffAccepted => "the flow's own kick-off was accepted",
        CheckName::WithinCompared => "of no type more came back than with the export beside it",
        CheckName::ModernTls => "TLS 1.2 or 1.3 is taken up",
        CheckName::NewestTls => "TLS 1.3 is taken up",
        CheckName::OldTlsRefused => "TLS 1.1 and older are not taken up",
        CheckName::TokenOrigin => "the handshake is with the token endpoint's origin",
        CheckName::KeySetRead => "the server reads the client's key set by its address",
        CheckName::KeySetKept => "the key set is not read anew for each token request",
        CheckName::ScopeWithheld => "the token does not cover the scope that was asked for",
        CheckName::GivesTokens => "the run's client gets tokens for valid requests",
        CheckName::TokenGranted => "a valid request brings a token",
        CheckName::TokenResponse => {
            "the response is JSON with access_token, token_type bearer, expires_in as a number of seconds, and scope"
        }
        CheckName::ShortToken => "expires_in is no more than 300",
        CheckName::NoStore => "Cache-Control forbids to store the answer",
        CheckName::ScopeNotBroader => "the granted scope is no more than was asked for",
        CheckName::OauthError => "error is a code that OAuth 2.0 defines",
        CheckName::EndpointsAbsolute => "every endpoint, and jwks_uri, is an absolute URL",
        CheckName::SmartUsed => "the run's client is one of SMART Backend Services",
        CheckName::AnonymousRefused => "the same kick-off without a token is refused",
        CheckName::FilesNeedToken => "the manifest says that its files need a token",
        CheckName::TokenStaysHome => "no file that needs a token lies on an origin which may not see it",
        CheckName::NoTokenEchoed => "the answer does not repeat the token that was sent",
        CheckName::WithinScope => "no resource is exported that the token's scope does not cover",
        CheckName::JobUrlsHardToGuess => "what differs between polling URLs holds 64 bits of chance or more",
        CheckName::FileUrlsHardToGuess => "what differs between file URLs holds 64 bits of chance or more",
        CheckName::NoSecretShown => {
            "neither the polling URL nor the body shows a token, or a name or password before a host"
        }
        CheckName::KeptResourcesStay => "no resource comes that was named as kept from this client",
        CheckName::AsIfUnknown => "the answer is that of a job which does not exist",
        CheckName::KickoffFound => "the kick-off is not answered 404 Not Found",
        CheckName::OnlyMatching => "every resource passes the filter that was sent for its type",
        CheckName::AllExpected => "everything that was asked for and that the earlier export holds came back",
        CheckName::OnlyMembers => "no resource comes of a patient who is no member of the Group",
        CheckName::CompartmentTypes => {
            "each type comes of which an export of everything holds resources about patients"
        }
        CheckName::NoPatientBinary => "no Binary line is a patient's",
        CheckName::ProvenanceThere => "all Provenance of what comes, and that the earlier export holds, comes",
        CheckName::ProvenanceNarrowed => "some Provenance of what comes is left out",
        CheckName::ProvenanceNewest => {
            "of each resource that comes the newest Provenance comes, and none that is older"
        }
        CheckName::ProvenanceUnion => "all Provenance comes, where the value for the newest alone leaves some out",
        CheckName::ElementsTrimmed => "some line lost elements that _elements does not name",
        CheckName::ElementsKept => "every line keeps the elements that _elements names",
        CheckName::ElementsMandatory => "no line loses a mandatory element",
        CheckName::ElementsTagged => "every line that lost elements is tagged SUBSETTED",
        CheckName::AttachmentAnswers => "the attachment comes, or is refused for want of credentials",
        CheckName::AttachmentTakesToken => "the attachment is not refused to the token that files are fetched with",
        CheckName::AttachmentOpen => "the attachment is not refused for want of a token, where files need none",
        CheckName::JobNotCompleted => "no job that it started comes to a good end",
        CheckName::OrganizedAtAll => "the files are organised, or the kick-off was refused",
        CheckName::OrganizedNamed => {
            "outputOrganizedBy is the type that was asked for, where files are organised by it"
        }
        CheckName::OrganizedUntyped => "no output item has a type, where files are organised",
        CheckName::OrganizedHeaders => {
            "every output file begins with a header, and every header refers to a resource of the type asked for"
        }
        CheckName::OrganizedWhole => "every resource of the type that an earlier export holds has a block",
        CheckName::OrganizedOwn => "every resource that a header refers to stands in its block",
        CheckName::OrganizedTogether => "every block stands whole in one file",
        CheckName::OrganizedLinked => {
            "files with parts of one block are linked by continuesInFile, which names an output file"
        }
        CheckName::OrganizedRepeated => {
            "a file in which another goes on begins with the header of the block that goes on"
        }
        CheckName::OrganizedCompartment => {
            "what belongs to a patient in an earlier export stands in the patient's block"
        }
        CheckName::TokenSent => "the manifest says that files need a token, and the request showed it",
        CheckName::OpenToAll => "the manifest says that files need no token",
        CheckName::CapabilityUrl => {
            "the manifest says that files need no token, and no extension says how else to be let in"
        }
        CheckName::NoBearerChallenge => "the answer is no 401 that asks for a bearer token",
        CheckName::PartlyDone => {
            "the answer carries a manifest with output, and speaks of errors in its list or by its status"
        }
        CheckName::ErrorStatus => "what is refused, or failed, is told with 4xx or 5xx",
        CheckName::TransientCode => "an issue has the code transient, or one below it",
        CheckName::ErrorInPlace => "with a status of success came an error in the place of the file",
        CheckName::OutlastsExpires => "a file that was still coming when Expires passed came whole",
        CheckName::SomeLevelAnswers => "a kick-off at one level at least was accepted",
        CheckName::FilterDeclared => {
            "the search parameter by which the filter filters is listed in the CapabilityStatement"
        }
        CheckName::RefusedTypeFlagged => {
            "a type that is listed in the CapabilityStatement and refused in _type is flagged there"
        }
        CheckName::CohortDeclared => "the CapabilityStatement lists the profile of cohorts for Group",
        CheckName::ExpiresReadable => "Expires is an HTTP date, or 0 for none",
        CheckName::UndeclaredTypeRefused => "a type that the CapabilityStatement does not list is refused",
        CheckName::CohortFiltered => "a Group that claims the profile of cohorts has a member filter",
        CheckName::CohortClaimed => "the settings say that the server has the Bulk Cohort API",
        CheckName::CohortListed => "the CapabilityStatement lists the profile of cohorts for Group, as it must",
        CheckName::MadeFiltered => "the Group has the member filter that it was made with",
        CheckName::FoundByName => "the search found the Group, and none of another name",
        CheckName::ExportsElsewhere => "other exports of the run, of a Group where there is one, end well",
        CheckName::GroupErased => "the DELETE of the Group succeeded",
    }
}
