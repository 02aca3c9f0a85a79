//! Behaviors: faults that need code in the server, because a change of a response is not enough.

use crate::base::vocabulary::words;

words! {
    /// A behavior that a fault file can name. Each comment says what the server then does.
    Behavior {
        /// Ignores `_type` and exports all types.
        IgnoreType = "ignore-type",
        /// Uses only the last value of a repeated `_type`.
        LastTypeWins = "last-type-wins",
        /// Exports only Patients if the kick-off has no `_type`.
        PatientsByDefault = "patients-by-default",
        /// Ignores `_since` and exports resources of any date.
        IgnoreSince = "ignore-since",
        /// Uses only the date of `_since`, not the time.
        SinceByDate = "since-by-date",
        /// Ignores `_until` and exports resources of any date.
        IgnoreUntil = "ignore-until",
        /// Ignores the parameters in the body of a POST kick-off.
        IgnorePostParameters = "ignore-post-parameters",
        /// Ignores the parameter `patient`.
        IgnorePatient = "ignore-patient",
        /// Ignores, without a warning, a `patient` that is not a member of the Group.
        OutsidersPassedOver = "outsiders-passed-over",
        /// Ignores `_elements` and exports whole resources.
        IgnoreElements = "ignore-elements",
        /// Applies an element without a type in `_elements` only to the first exported type.
        ElementsOfOneType = "elements-of-one-type",
        /// Removes elements that `_elements` does not name, mandatory elements included.
        ElementsDropMandatory = "elements-drop-mandatory",
        /// Does not add the tag `SUBSETTED` to resources with fewer elements.
        ElementsUntagged = "elements-untagged",
        /// Exports more elements than `_elements` requests: all except `name`.
        ElementsKeepMore = "elements-keep-more",
        /// Ignores `includeAssociatedData`.
        IgnoreAssociated = "ignore-associated",
        /// Exports the first Provenance of a resource as its latest.
        LatestIsFirst = "latest-is-first",
        /// Omits one Provenance from `RelevantProvenanceResources`.
        RelevantLosesOne = "relevant-loses-one",
        /// Applies only `LatestProvenanceResources` if both values of `includeAssociatedData` are given.
        StrictestAssociation = "strictest-association",
        /// Omits Provenance from patient-level exports.
        NoProvenanceOfPatients = "no-provenance-of-patients",
        /// Omits Conditions from patient-level and group-level exports.
        CompartmentShort = "compartment-short",
        /// Exports the Binary of each DocumentReference in addition to the requested resources.
        BinaryLines = "binary-lines",
        /// Deletes one patient during the run.
        DeletesOneMeanwhile = "deletes-one-meanwhile",
        /// Deletes several patients during the run.
        DeletesMeanwhile = "deletes-meanwhile",
        /// Changes and adds patients during the run.
        ChangesMeanwhile = "changes-meanwhile",
        /// Accepts any `_outputFormat`.
        AnyOutputFormat = "any-output-format",
        /// Accepts any body of a POST kick-off.
        AnyPostBody = "any-post-body",
        /// Refuses unknown parameters, even with `handling=lenient`.
        NeverLenient = "never-lenient",
        /// Refuses a kick-off with a `Prefer` header other than `respond-async`.
        ExactPrefer = "exact-prefer",
        /// Refuses a kick-off without `Prefer: respond-async`.
        RequirePrefer = "require-prefer",
        /// Refuses a kick-off without `Accept: application/fhir+json`.
        RequireAccept = "require-accept",
        /// Exports an unknown Group as a Group without members.
        UnknownGroupEmpty = "unknown-group-empty",
        /// Accepts the kick-off of an unknown Group; its job then fails.
        UnknownGroupFails = "unknown-group-fails",
        /// Exports all patients if a Group is requested.
        GroupExportsAll = "group-exports-all",
        /// Exports all patients if a Group without members is requested.
        EmptyGroupExportsAll = "empty-group-exports-all",
        /// Creates Groups immediately, even with `Prefer: respond-async`.
        CohortsAtOnce = "cohorts-at-once",
        /// Refuses to create a Group without `Prefer: respond-async`.
        CohortsNeverAtOnce = "cohorts-never-at-once",
        /// Creates Groups by a job, even without `Prefer: respond-async`.
        CohortsAlwaysLater = "cohorts-always-later",
        /// Never finishes the jobs that create Groups.
        CohortsWaitForever = "cohorts-wait-forever",
        /// Rejects each Group when its job ends.
        CohortsRejected = "cohorts-rejected",
        /// Removes the member filter from a Group that it creates.
        CohortsLoseFilter = "cohorts-lose-filter",
        /// Creates Groups without members.
        CohortsStillEmpty = "cohorts-still-empty",
        /// Accepts the DELETE of a Group but does not delete it.
        CohortsStay = "cohorts-stay",
        /// Ignores `name` in a search for Groups and returns all Groups.
        NamesPassedOver = "names-passed-over",
        /// Does not declare that clients can update Groups.
        NoUpdates = "no-updates",
        /// Exports no resources, and searches find none.
        ExportNothing = "export-nothing",
        /// Returns the existing job if the same kick-off is repeated.
        ReuseJobs = "reuse-jobs",
        /// Never finishes a job.
        NeverCompletes = "never-completes",
        /// Finishes each job immediately.
        CompleteAtOnce = "complete-at-once",
        /// Accepts kick-offs with parameters that it refuses, and fails their jobs with 400.
        LateRefusals = "late-refusals",
        /// Fails every job.
        JobsFail = "jobs-fail",
        /// Lists an empty file for each type without resources.
        EmptyFiles = "empty-files",
        /// Ignores `_typeFilter`.
        IgnoreTypeFilter = "ignore-type-filter",
        /// Also exports the resources that exported resources refer to.
        AddsReferenced = "adds-referenced",
        /// Exports no resources, although searches find some.
        LosesEverything = "loses-everything",
        /// Exports one resource of each filtered type that does not match the filter.
        FilterLeaks = "filter-leaks",
        /// Omits the last matching resource of each filtered type.
        FilterLoses = "filter-loses",
        /// Omits the newest resource of each type from an export with `_since`.
        SinceLosesNewest = "since-loses-newest",
        /// Omits the resources of unchanged patients from an export with `_since`.
        SinceHidesChildren = "since-hides-children",
        /// Exports all resources of one unchanged patient, of any date, in an export with `_since`.
        SinceKeepsMember = "since-keeps-member",
        /// Exports no resources if the same kick-off is repeated.
        RepeatFindsNothing = "repeat-finds-nothing",
        /// Exports the newest resource of each type although it is later than `_until`.
        UntilLeaks = "until-leaks",
        /// Uses only the last of several filters of one type.
        LastFilterWins = "last-filter-wins",
        /// Omits types without a filter if `_typeFilter` is given.
        FilterDropsOthers = "filter-drops-others",
        /// Uses only the last criterion of a filter.
        LastCriterionOnly = "last-criterion-only",
        /// Ignores chained criteria in filters.
        IgnoreChains = "ignore-chains",
        /// Ignores reverse-chained criteria (`_has`) in filters.
        IgnoreReverseChains = "ignore-reverse-chains",
        /// Ignores the criterion `near` in filters.
        IgnoreNear = "ignore-near",
        /// Reads the distance in `near` as miles.
        NearInMiles = "near-in-miles",
        /// Ignores `HealthcareService?type=`, which FHIR does not define.
        IgnoreUndefinedParameters = "ignore-undefined-parameters",
        /// Reads `HealthcareService?type=` as `service-type=`.
        TakeTypeForServiceType = "take-type-for-service-type",
        /// Matches no resource if a filter has an identifier without its system.
        BareIdentifiersUnknown = "bare-identifiers-unknown",
        /// Exports no resources if `_typeFilter` is given.
        FiltersPassNothing = "filters-pass-nothing",
        /// Exports a resource only if it matches all filters of its type, not just one of them.
        FiltersAllHold = "filters-all-hold",
        /// Omits types without a filter if any type has one.
        FiltersSpill = "filters-spill",
        /// Ignores `_typeFilter` if the kick-off has `_since`.
        IgnoreTypeFilterWithSince = "ignore-type-filter-with-since",
        /// Ignores the UTC offset of `_since` and reads the time as UTC.
        SinceWithoutOffset = "since-without-offset",
        /// Refuses a `_since` with a UTC offset instead of `Z`.
        SinceInUtcAlone = "since-in-utc-alone",
        /// Uses a time after every change instead of `_since`, so exports no resources.
        SinceIsNow = "since-is-now",
        /// Exports only three resources of each type if the kick-off has no `_typeFilter`.
        UnfilteredIsShort = "unfiltered-is-short",
        /// Ignores `_typeFilter` in a GET kick-off.
        IgnoreTypeFilterOnGet = "ignore-type-filter-on-get",
        /// Accepts Binary in `_type`, which it must refuse.
        ExportsBinary = "exports-binary",
        /// Accepts unknown resource types in `_type`, which it must refuse.
        AnyType = "any-type",
        /// Accepts a kick-off without `Prefer: respond-async`, which it must refuse.
        PreferForgotten = "prefer-forgotten",
        /// Writes up to 200 lines in each file.
        LongFiles = "long-files",
        /// Writes up to three lines in each file.
        SmallFiles = "small-files",
        /// Lists an exported resource in `deleted` too.
        DeletedInOutput = "deleted-in-output",
        /// Adds an empty `deleted` to the manifest of an export without `_since`.
        EmptyDeleted = "empty-deleted",
        /// Accepts DELETE but keeps the job and its files.
        DeleteWithoutEffect = "delete-without-effect",
        /// Keeps the files of a deleted job.
        FilesStay = "files-stay",
        /// Refuses the DELETE of a finished job.
        DeleteRunningOnly = "delete-running-only",
        /// Accepts the DELETE of a finished job, which it must refuse.
        DeleteFinishedToo = "delete-finished-too",
        /// Accepts the short names of NDJSON in `_outputFormat`, which it must refuse.
        ShortFormats = "short-formats",
        /// Refuses the DELETE of a running job.
        DeleteFinishedOnly = "delete-finished-only",
        /// Accepts a second DELETE of the same job.
        DeleteAgain = "delete-again",
        /// Returns 202, as for a running job, to the poll of an unknown job.
        UnknownJobRuns = "unknown-job-runs",
        /// Returns 429 to more than one poll per second.
        ThrottleEarly = "throttle-early",
        /// Permits 60 requests per minute to each of kick-offs at system level, other kick-offs and polls; after more,
        /// it returns 429 for five minutes.
        LimitsRate = "limits-rate",
        /// Never returns 429 to a poll.
        NeverThrottle = "never-throttle",
        /// Returns 429 to a kick-off while another job runs.
        OneJobAtATime = "one-job-at-a-time",
        /// Returns 500 to a kick-off while another job runs.
        SecondJobFails = "second-job-fails",
        /// Returns 400 to a kick-off while another job runs.
        SecondJobRefused = "second-job-refused",
        /// Sends files in chunks of a few bytes, which split characters.
        OddChunks = "odd-chunks",
        /// Compresses files with gzip, even if the client does not accept it.
        AlwaysGzip = "always-gzip",
        /// Does not compress files, even if the client accepts gzip.
        NeverGzip = "never-gzip",
        /// Compresses files with gzip but sends no `Content-Encoding`.
        SilentGzip = "silent-gzip",
        /// Returns 404 to the second request for a file.
        SingleUseFiles = "single-use-files",
        /// Lists an error file without lines.
        EmptyErrorFile = "empty-error-file",
        /// Ignores `allowPartialManifests`.
        WholeManifests = "whole-manifests",
        /// Ignores the preference `separate-export-status`.
        OneStatus = "one-status",
        /// Ignores `organizeOutputBy`.
        IgnoreOrganizer = "ignore-organizer",
        /// Refuses `organizeOutputBy`.
        NeverOrganizes = "never-organizes",
        /// Splits a block when a file is full and continues it in the next file.
        SplitBlocks = "split-blocks",
        /// Writes each block to its own file.
        BlockPerFile = "block-per-file",
        /// Repeats Practitioners and Organizations in every block.
        SharedInBlocks = "shared-in-blocks",
        /// Writes the resource that a block is about at the end of the block.
        OwnerLast = "owner-last",
        /// Omits the last block.
        LosesBlock = "loses-block",
        /// Does not declare a type of which it has no resources.
        UndeclaredType = "undeclared-type",
        /// Lists files by URLs that are relative to the polling URL.
        RelativeFileUrls = "relative-file-urls",
        /// Pauses for some seconds in the middle of each file.
        SlowFiles = "slow-files",
        /// Keeps finished jobs and their files for only two minutes.
        ShortLived = "short-lived",
        /// Ends each slow file (`slow-files`) in the middle.
        CutAtExpiry = "cut-at-expiry",
        /// Adds files to a manifest that it sent while the job ran.
        GrowingManifest = "growing-manifest",
        /// Changes a file that it listed while the job ran.
        ChangingFiles = "changing-files",
        /// Adds a new signature to the file URLs in each manifest.
        FreshLinks = "fresh-links",
        /// Writes one warning and one information for each job to an error file.
        InformationOutcome = "information-outcome",
        /// Exports hidden resources and returns them to reads and searches.
        ExportSuppressed = "export-suppressed",
        /// Issues tokens to unknown clients.
        TrustAnyClient = "trust-any-client",
        /// Accepts every request without a token.
        MissNoToken = "miss-no-token",
        /// Accepts kick-offs without a token.
        OpenKickoff = "open-kickoff",
        /// Accepts POST kick-offs without a token.
        OpenPosts = "open-posts",
        /// Accepts polls without a token.
        OpenPolls = "open-polls",
        /// Accepts file requests without a token.
        OpenFiles = "open-files",
        /// Accepts DELETE without a token.
        OpenDelete = "open-delete",
        /// Accepts kick-offs with any token, valid or not.
        AnyTokenAtKickoff = "any-token-at-kickoff",
        /// Accepts polls with any token, valid or not.
        AnyTokenAtPolls = "any-token-at-polls",
        /// Accepts file requests with any token, valid or not.
        AnyTokenAtFiles = "any-token-at-files",
        /// Compares only the first half of a token.
        HalfTokens = "half-tokens",
        /// Accepts expired tokens.
        TokensNeverEnd = "tokens-never-end",
        /// Accepts tokens for a minute after they expire.
        TokensEndLate = "tokens-end-late",
        /// Does not check the scope of a token.
        ScopeIgnored = "scope-ignored",
        /// Ignores types in `_type` that the scope of the token does not cover.
        ForeignTypesDropped = "foreign-types-dropped",
        /// Exports a Group although the token has no scope to read Groups.
        GroupReadUnasked = "group-read-unasked",
        /// Accepts polls of a job from any client.
        ForeignPolls = "foreign-polls",
        /// Sends the files of a job to any client.
        ForeignFiles = "foreign-files",
        /// Accepts the DELETE of a job from any client.
        ForeignDeletes = "foreign-deletes",
        /// Reports, in a 403, that a job belongs to another client.
        ForeignJobsTold = "foreign-jobs-told",
        /// Returns the same job to two clients with the same kick-off.
        JobsShared = "jobs-shared",
        /// Accepts polls only with the token that started the job.
        JobsOfTokens = "jobs-of-tokens",
        /// Serves files on another origin, which accepts the token too.
        FilesElsewhere = "files-elsewhere",
        /// Lists files on an origin that does not exist.
        FilesOfNobody = "files-of-nobody",
        /// Serves files at secret URLs, requires no token and refuses requests that have one.
        SignedFiles = "signed-files",
        /// Repeats the token in the body of a 401 response.
        TokenEchoed = "token-echoed",
        /// Does not check the signature of an assertion.
        SignatureUnchecked = "signature-unchecked",
        /// Accepts an assertion without a signature (`alg` is `none`).
        UnsignedTaken = "unsigned-taken",
        /// Accepts an assertion that is signed by HS256 with the public key as the secret.
        PublicKeyAsSecret = "public-key-as-secret",
        /// Does not check the issuer (`iss`) of an assertion.
        IssuerUnchecked = "issuer-unchecked",
        /// Does not check the subject (`sub`) of an assertion.
        SubjectUnchecked = "subject-unchecked",
        /// Does not check the audience (`aud`) of an assertion.
        AudienceUnchecked = "audience-unchecked",
        /// Does not check the expiry (`exp`) of an assertion.
        ExpiryUnchecked = "expiry-unchecked",
        /// Accepts an assertion with any lifetime.
        LongAssertions = "long-assertions",
        /// Does not check the start (`nbf`) of an assertion.
        BeginUnchecked = "begin-unchecked",
        /// Accepts an assertion without an id (`jti`).
        IdUnasked = "id-unasked",
        /// Accepts the same assertion twice.
        ReplayTaken = "replay-taken",
        /// Does not check the key id (`kid`) of an assertion.
        KeyIdUnchecked = "key-id-unchecked",
        /// Does not check the key set URL (`jku`) of an assertion.
        KeyUrlUnchecked = "key-url-unchecked",
        /// Does not check `grant_type`.
        GrantTypeUnchecked = "grant-type-unchecked",
        /// Does not check `client_assertion_type`.
        AssertionTypeUnchecked = "assertion-type-unchecked",
        /// Issues tokens for all scopes of the client, whatever scope it requests.
        ScopeWidened = "scope-widened",
        /// Grants a scope that the client may not have.
        KeptScopeGranted = "kept-scope-granted",
        /// Exports a Group that the client may not export.
        KeptGroupExported = "kept-group-exported",
        /// Reads the key set of a client only once.
        KeysNeverReread = "keys-never-reread",
        /// Accepts all keys that were ever in the key set of a client.
        KeysOnlyAdded = "keys-only-added",
        /// Reads the key set of a client for each assertion.
        KeysAlwaysRead = "keys-always-read",
        /// Refuses a token request without `client_id`.
        ClientIdDemanded = "client-id-demanded",
        /// Uses consecutive numbers as job ids.
        NumberedJobs = "numbered-jobs",
        /// Uses the start time of a job as its id.
        TimedJobs = "timed-jobs",
        /// Uses 32 random bits as a job id.
        ShortJobs = "short-jobs",
        /// Uses UUIDs of version 4 as job ids.
        UuidJobs = "uuid-jobs",
        /// Uses UUIDs of version 7, which start with the time, as job ids.
        DatedUuidJobs = "dated-uuid-jobs",
        /// Uses consecutive numbers in the file URLs instead of random folders.
        NumberedFolders = "numbered-folders",
        /// Repeats the token of the client in `request` of the manifest.
        TokenInRequest = "token-in-request",
        /// Refuses polls with a token that covers only some resource types.
        NarrowPollsRefused = "narrow-polls-refused",
        /// Stores and exports a patient of another tenant.
        OtherTenantShown = "other-tenant-shown",
        /// Does not support TLS 1.3.
        NoTls13 = "no-tls-1-3",
        /// Accepts TLS 1.1 in addition to newer versions.
        Tls11Taken = "tls-1-1-taken",
        /// Accepts TLS 1.0 and 1.1 in addition to newer versions.
        Tls10Taken = "tls-1-0-taken",
        /// Supports only TLS 1.0.
        OldTlsAlone = "old-tls-alone",
        /// Closes the connection without an alert if a client offers at most TLS 1.1.
        OldTlsIgnored = "old-tls-ignored",
        /// Selects the resources when the export starts, but sets `transactionTime` to its end.
        DatedByItsEnd = "dated-by-its-end",
        /// Selects the resources when the export ends and sets `transactionTime` to that time.
        HoldsItsEnd = "holds-its-end",
        /// Returns the files of an earlier job, with a new `transactionTime`, if a kick-off is repeated.
        OldFilesAgain = "old-files-again",
        /// Exports the data of three seconds ago and sets `transactionTime` to that time.
        LagsBehind = "lags-behind",
        /// Changes again, before each export, the resources that were changed during the run.
        ChangesGoOn = "changes-go-on",
        /// Does not report resources that were deleted during the run.
        DeletionsUntold = "deletions-untold",
        /// Omits resources that cannot be exported without reporting an error.
        FailuresUntold = "failures-untold",
        /// Fails the whole job if a resource cannot be exported.
        FailuresEndAll = "failures-end-all",
        /// Issues tokens for all scopes of the client if the token request has no scope.
        UsualScope = "usual-scope",
    }
}
