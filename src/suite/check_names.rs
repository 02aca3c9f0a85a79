//! The names of the built-in checks.

use crate::base::vocabulary::words;

words! {
    /// The built-in checks, each documented in the `check` module.
    CheckName {
        /// One distinct Content-Location.
        OneLocation = "one-location",
        /// The manifest's `request` fits the kick-off.
        RequestFitsKickoff = "request-fits-kickoff",
        /// The manifest's `request` shows no parameter that was in the body only.
        RequestWithoutBodyParams = "request-without-body-params",
        /// `transactionTime` is not in the server's future.
        TransactionTimeNotFuture = "transaction-time-not-future",
        /// `Expires` is later than the answer.
        ExpiresLater = "expires-later",
        /// A second manifest says the same as the first.
        SameManifest = "same-manifest",
        /// No URL is listed twice.
        DistinctUrls = "distinct-urls",
        /// `count` equals the resources in the file.
        CountEqualsLines = "count-equals-lines",
        /// Where nothing was exported `output` is an empty array.
        EmptyOutputWhenNothing = "empty-output-when-nothing",
        /// Where there is nothing to report `error` is an empty array.
        EmptyErrorWhenNothing = "empty-error-when-nothing",
        /// No listed file is without a resource.
        NoEmptyFiles = "no-empty-files",
        /// No resource is newer than `transactionTime`.
        NothingAfterTransactionTime = "nothing-after-transaction-time",
        /// No resource is in `deleted` and in `output`.
        DeletedNotInOutput = "deleted-not-in-output",
        /// An output file of type Patient is listed, where anything is.
        PatientListed = "patient-listed",
        /// The probe's file is the one the flow fetched.
        SameFile = "same-file",
        /// Every resource of the file keeps FHIR's definitions, where these are of the version that the server declares.
        ResourcesValid = "resources-valid",
        /// Every resource of the file keeps the profiles that it claims or is assigned, where a package was given.
        ProfilesKept = "profiles-kept",
        /// Of what the profiles mark as must-support, each element is in some resource of the flow.
        MustSupportSeen = "must-support-seen",
        /// The file's Content-Encoding is one that may be used, and the body decodes.
        AllowedEncoding = "allowed-encoding",
        /// This flow exported what the flow beside it did.
        SameResources = "same-resources",
        /// No output item or line is an OperationOutcome.
        NoOutcomeInOutput = "no-outcome-in-output",
        /// The error files report something, of a flow that sent a parameter which cannot be supported.
        LenientReported = "lenient-reported",
        /// Every `extension` is an object.
        ExtensionsAreObjects = "extensions-are-objects",
        /// TLS 1.2 or 1.3 is taken up.
        ModernTls = "modern-tls",
        /// TLS 1.3 is taken up.
        NewestTls = "newest-tls",
        /// TLS 1.0 and 1.1 are not taken up.
        OldTlsRefused = "old-tls-refused",
        /// The handshake is with the origin of the token endpoint.
        TokenOrigin = "token-origin",
        /// The target was seen to read the key set that the run serves.
        KeySetRead = "key-set-read",
        /// The key set was not read anew for each token request.
        KeySetKept = "key-set-kept",
        /// The token does not cover the scope that was asked for.
        ScopeWithheld = "scope-withheld",
        /// The flow's plain token request brought a token.
        GivesTokens = "gives-tokens",
        /// A valid token request brought a token.
        TokenGranted = "token-granted",
        /// A token response has all its members.
        TokenResponse = "token-response",
        /// A token lasts five minutes at most.
        ShortToken = "short-token",
        /// The answer may not be kept by caches.
        NoStore = "no-store",
        /// No cache between may keep the answer for everybody.
        NotPublic = "not-public",
        /// The scope that was granted is no more than was asked for.
        ScopeNotBroader = "scope-not-broader",
        /// The error is one that OAuth knows.
        OauthError = "oauth-error",
        /// Every endpoint of the SMART configuration is an absolute URL.
        EndpointsAbsolute = "endpoints-absolute",
        /// The run's client is one of SMART Backend Services.
        SmartUsed = "smart-used",
        /// The flow's kick-off without a token was refused.
        AnonymousRefused = "anonymous-refused",
        /// The manifest says that its files need a token.
        FilesNeedToken = "files-need-token",
        /// The manifest sends no token to a foreign origin.
        TokenStaysHome = "token-stays-home",
        /// The answer does not repeat the token.
        NoTokenEchoed = "no-token-echoed",
        /// No resource of another type than the narrower token covers was exported.
        WithinScope = "within-scope",
        /// A foreign job is answered as one that does not exist.
        AsIfUnknown = "as-if-unknown",
        /// The kick-off was as well received as that of the flow beside it.
        AsWellReceived = "as-well-received",
        /// The file was fetched whole, from the URL listed.
        Delivered = "delivered",
        /// The probe's kick-off was given a job of its own.
        OtherJob = "other-job",
        /// Polling and file URLs have the scheme, host and port that were asked.
        OwnOrigin = "own-origin",
        /// `transactionTime` lies between the kick-off and the manifest.
        TransactionTimeInJob = "transaction-time-in-job",
        /// The types listed are those of the flow beside it.
        SameTypes = "same-types",
        /// The types of the flow beside it are all listed.
        TypesCover = "types-cover",
        /// No type is listed that `_type` does not name.
        OnlyTypesAsked = "only-types-asked",
        /// No file of type Binary is listed.
        NoBinaryListed = "no-binary-listed",
        /// Nothing is exported where a filter matches nothing.
        ExportsNothing = "exports-nothing",
        /// No resource is older than `_since`.
        NothingBeforeSince = "nothing-before-since",
        /// Every resource of the file passes the filters that were sent.
        OnlyMatching = "only-matching",
        /// Of no type more came back than with the flow beside it.
        WithinCompared = "within-compared",
        /// What the flow that this one is compared with holds, and what was asked for takes in, came back.
        AllExpected = "all-expected",
        /// The file came as one Binary resource.
        WrappedBinary = "wrapped-binary",
        /// The job that the probe started did not come to a good end.
        JobNotCompleted = "job-not-completed",
        /// The file is the target's own, and the manifest says that files need a token.
        TokenRequired = "token-required",
        /// `Content-Location` of the target's own file names that file, or a version of it.
        StoredVersion = "stored-version",
        /// The file has as many bytes as `Content-Length` says.
        AnnouncedLength = "announced-length",
        /// The CapabilityStatement declares an export of everything.
        DeclaresExport = "declares-export",
        /// The target says, or shows, that a job's status comes beside that of the poll.
        SeparateStatusHonoured = "separate-status-honoured",
        /// `Preference-Applied` names respond-async and separate-export-status.
        PreferencesApplied = "preferences-applied",
        /// `X-Export-Status` begins with the status that fits the job.
        ExportStatusFits = "export-status-fits",
        /// A manifest shown while the job ran stays as it was, but for `link`.
        ManifestUnaltered = "manifest-unaltered",
        /// A linked manifest repeats the fields of the first.
        FieldsOfFirstPage = "fields-of-first-page",
        /// `link` is one object that leads to another manifest.
        OneNextLink = "one-next-link",
        /// A file fetched while the job ran is there unchanged when it is done.
        FileKept = "file-kept",
        /// `X-Export-Status` begins with 4xx or 5xx.
        ExportStatusOfFailure = "export-status-of-failure",
        /// Some of what a date or a filter leaves out did not come back.
        SomeLeftOut = "some-left-out",
        /// Nothing that a date leaves out came back, but for what is referred to.
        NoneBeyond = "none-beyond",
        /// No resource came whose type `_type` does not name.
        OnlyTypesReturned = "only-types-returned",
        /// The same, but for resources that other lines refer to.
        OnlyTypesOrReferenced = "only-types-or-referenced",
        /// No resource came of a patient whom `patient` does not name.
        OnlyPatientsAsked = "only-patients-asked",
        /// The CapabilityStatement declares an export at the level of the flow.
        LevelDeclared = "level-declared",
        /// A level that the CapabilityStatement declares is served.
        DeclaredLevelServed = "declared-level-served",
        /// The CapabilityStatement instantiates the guide's.
        GuideDeclared = "guide-declared",
        /// Export operations stand where they belong in the CapabilityStatement.
        OperationsPlaced = "operations-placed",
        /// Every exported type stands in the CapabilityStatement.
        TypesDeclared = "types-declared",
        /// Where a search counts patients, some were exported.
        PatientsAsCounted = "patients-as-counted",
        /// As many patients were exported as a search counts.
        NoPatientShort = "no-patient-short",
        /// The flow's own kick-off was accepted.
        KickoffAccepted = "kickoff-accepted",
        /// The flow's kick-off was not answered 404, though the probe shows that what it names is there.
        KickoffFound = "kickoff-found",
        /// No resource of a Group's export is of a patient who is no member.
        OnlyMembers = "only-members",
        /// Of the types of which an export of everything holds resources about patients, each came.
        CompartmentTypes = "compartment-types",
        /// No Binary line is a patient's.
        NoPatientBinary = "no-patient-binary",
        /// What is about exported resources in Provenance, and was exported before, came.
        ProvenanceThere = "provenance-there",
        /// Some Provenance was left out.
        ProvenanceNarrowed = "provenance-narrowed",
        /// Of each exported resource the newest Provenance came, and no other.
        ProvenanceNewest = "provenance-newest",
        /// Where the flow beside it left Provenance out, all came.
        ProvenanceUnion = "provenance-union",
        /// Some line lost elements that were not asked for.
        ElementsTrimmed = "elements-trimmed",
        /// The lines of every type kept the elements that were asked for.
        ElementsKept = "elements-kept",
        /// No line lost a mandatory element.
        ElementsMandatory = "elements-mandatory",
        /// Every line that lost elements says so.
        ElementsTagged = "elements-tagged",
        /// The attachment was delivered, or it is a question of credentials.
        AttachmentAnswers = "attachment-answers",
        /// The attachment was delivered to the run's own token.
        AttachmentTakesToken = "attachment-takes-token",
        /// The attachment was delivered without a token.
        AttachmentOpen = "attachment-open",
        /// Files that were to be organised are; a server that cannot do it refuses.
        OrganizedAtAll = "organized-at-all",
        /// Where files are organised, `outputOrganizedBy` is what was asked for.
        OrganizedNamed = "organized-named",
        /// Where files are organised, output items have no `type`.
        OrganizedUntyped = "organized-untyped",
        /// Organised files begin with a header, and headers refer to the type asked for.
        OrganizedHeaders = "organized-headers",
        /// Every resource of the type has a block.
        OrganizedWhole = "organized-whole",
        /// Every block holds the resource that it is about.
        OrganizedOwn = "organized-own",
        /// No block is split across files.
        OrganizedTogether = "organized-together",
        /// Files with parts of one block are linked by `continuesInFile`.
        OrganizedLinked = "organized-linked",
        /// A file in which a block goes on begins with its header.
        OrganizedRepeated = "organized-repeated",
        /// A patient's block holds what belongs to the patient.
        OrganizedCompartment = "organized-compartment",
        /// The manifest asks for a token, and the request for the file showed it.
        TokenSent = "token-sent",
        /// The manifest says that files need no token.
        OpenToAll = "open-to-all",
        /// The same, and no extension says how else to be let in.
        CapabilityUrl = "capability-url",
        /// The answer does not ask for a bearer token.
        NoBearerChallenge = "no-bearer-challenge",
        /// The answer carries a manifest with output, and speaks of errors.
        PartlyDone = "partly-done",
        /// What tells an error, by its body or by a status that is none of HTTP's, has a status of 4xx or 5xx.
        ErrorStatus = "error-status",
        /// An issue has a code of `transient` or below it.
        TransientCode = "transient-code",
        /// With a status of success came an error in the place of the file.
        ErrorInPlace = "error-in-place",
        /// A file that was still coming when `Expires` passed came whole.
        OutlastsExpires = "outlasts-expires",
        /// A kick-off at one level at least was accepted.
        SomeLevelAnswers = "some-level-answers",
        /// A search parameter by which a filter filters is listed for its type.
        FilterDeclared = "filter-declared",
        /// A listed type that is refused in `_type` has the extension that says so.
        RefusedTypeFlagged = "refused-type-flagged",
        /// The profile of cohorts is listed for Group.
        CohortDeclared = "cohort-declared",
        /// A Group of the profile of cohorts has a member filter.
        CohortFiltered = "cohort-filtered",
        /// The settings say that the target has the Bulk Cohort API.
        CohortClaimed = "cohort-claimed",
        /// The profile of cohorts is listed for Group, as it must be.
        CohortListed = "cohort-listed",
        /// The Group that the run made has a member filter.
        MadeFiltered = "made-filtered",
        /// The search for the Group that the run made found it, and none of another name.
        FoundByName = "found-by-name",
        /// Another export of the run, of a Group where there is one, ended well.
        ExportsElsewhere = "exports-elsewhere",
        /// The target said that it deleted the Group that the run made.
        GroupErased = "group-erased",
        /// `Expires` is an HTTP date, or what frameworks send for none.
        ExpiresReadable = "expires-readable",
        /// A type that the CapabilityStatement does not list is refused in `_type`.
        UndeclaredTypeRefused = "undeclared-type-refused",
        /// What hooks changed up to `transactionTime` came in that state or a later one.
        ChangesCome = "changes-come",
        /// What hooks deleted since `_since` is listed under `deleted`.
        DeletionsTold = "deletions-told",
        /// What hooks made fail is missing, and the error files tell of a failure.
        FailuresTold = "failures-told",
        /// What differs between polling URLs holds enough chance.
        JobUrlsHardToGuess = "job-urls-hard-to-guess",
        /// The same of the URLs of files that need no token.
        FileUrlsHardToGuess = "file-urls-hard-to-guess",
        /// Neither the polling URL nor the manifest shows a secret.
        NoSecretShown = "no-secret-shown",
        /// Nothing came that was named as kept from the run's client.
        KeptResourcesStay = "kept-resources-stay",
    }
}
