//! The faults that need code in the server: no change of an answer can show them.

use crate::base::vocabulary::words;

words! {
    /// A behavior that a fault file may name. Each doc says what the server then does.
    Behavior {
        /// Accepts `_type` without effect.
        IgnoreType = "ignore-type",
        /// Uses only the last value of a repeated `_type`.
        LastTypeWins = "last-type-wins",
        /// Exports only Patients without `_type`.
        PatientsByDefault = "patients-by-default",
        /// Accepts `_since` without effect.
        IgnoreSince = "ignore-since",
        /// Uses only the date of `_since`.
        SinceByDate = "since-by-date",
        /// Accepts `_until` without effect.
        IgnoreUntil = "ignore-until",
        /// Accepts the body of a POST without effect.
        IgnorePostParameters = "ignore-post-parameters",
        /// Accepts `patient` without effect.
        IgnorePatient = "ignore-patient",
        /// Ignores a patient outside the Group without a warning.
        OutsidersPassedOver = "outsiders-passed-over",
        /// Accepts `_elements` without effect.
        IgnoreElements = "ignore-elements",
        /// Applies elements without a type to the first type only.
        ElementsOfOneType = "elements-of-one-type",
        /// Removes mandatory elements too.
        ElementsDropMandatory = "elements-drop-mandatory",
        /// Does not tag resources with fewer elements.
        ElementsUntagged = "elements-untagged",
        /// Keeps more elements than the client asked for.
        ElementsKeepMore = "elements-keep-more",
        /// Accepts `includeAssociatedData` without effect.
        IgnoreAssociated = "ignore-associated",
        /// Takes the first Provenance for the latest.
        LatestIsFirst = "latest-is-first",
        /// Leaves out one relevant Provenance.
        RelevantLosesOne = "relevant-loses-one",
        /// Uses the stricter of two values of `includeAssociatedData`.
        StrictestAssociation = "strictest-association",
        /// Leaves Provenance out of exports of patients.
        NoProvenanceOfPatients = "no-provenance-of-patients",
        /// Leaves Conditions out of exports of patients.
        CompartmentShort = "compartment-short",
        /// Exports the Binary of each DocumentReference too.
        BinaryLines = "binary-lines",
        /// Deletes a patient during the run.
        DeletesOneMeanwhile = "deletes-one-meanwhile",
        /// Deletes several patients during the run.
        DeletesMeanwhile = "deletes-meanwhile",
        /// Changes and adds patients during the run.
        ChangesMeanwhile = "changes-meanwhile",
        /// Accepts any `_outputFormat`.
        AnyOutputFormat = "any-output-format",
        /// Accepts any body of a POST.
        AnyPostBody = "any-post-body",
        /// Refuses unknown parameters with `handling=lenient` too.
        NeverLenient = "never-lenient",
        /// Requires `Prefer` to be exactly `respond-async`.
        ExactPrefer = "exact-prefer",
        /// Requires `Prefer: respond-async`.
        RequirePrefer = "require-prefer",
        /// Requires `Accept: application/fhir+json`.
        RequireAccept = "require-accept",
        /// Exports an unknown Group as an empty one.
        UnknownGroupEmpty = "unknown-group-empty",
        /// Accepts an unknown Group, and its job fails.
        UnknownGroupFails = "unknown-group-fails",
        /// Exports all patients instead of a Group.
        GroupExportsAll = "group-exports-all",
        /// Exports all patients instead of a Group without members.
        EmptyGroupExportsAll = "empty-group-exports-all",
        /// Creates Groups at once, whatever the client prefers.
        CohortsAtOnce = "cohorts-at-once",
        /// Creates Groups only by jobs.
        CohortsNeverAtOnce = "cohorts-never-at-once",
        /// Creates Groups by jobs, whatever the client prefers.
        CohortsAlwaysLater = "cohorts-always-later",
        /// Never ends the jobs that create Groups.
        CohortsWaitForever = "cohorts-wait-forever",
        /// Rejects Groups at the end of their jobs.
        CohortsRejected = "cohorts-rejected",
        /// Drops the filter of a Group.
        CohortsLoseFilter = "cohorts-lose-filter",
        /// Creates Groups without members.
        CohortsStillEmpty = "cohorts-still-empty",
        /// Accepts the DELETE of a Group without effect.
        CohortsStay = "cohorts-stay",
        /// Finds all Groups in a search for a name.
        NamesPassedOver = "names-passed-over",
        /// Does not declare updates of Groups.
        NoUpdates = "no-updates",
        /// Exports nothing.
        ExportNothing = "export-nothing",
        /// Returns an existing job for the same request.
        ReuseJobs = "reuse-jobs",
        /// Never ends jobs.
        NeverCompletes = "never-completes",
        /// Ends jobs when they start.
        CompleteAtOnce = "complete-at-once",
        /// Fails jobs.
        JobsFail = "jobs-fail",
        /// Lists an empty file for each type without resources.
        EmptyFiles = "empty-files",
        /// Accepts `_typeFilter` without effect.
        IgnoreTypeFilter = "ignore-type-filter",
        /// Exports the resources that exported resources refer to.
        AddsReferenced = "adds-referenced",
        /// Exports nothing, although there are resources.
        LosesEverything = "loses-everything",
        /// Exports one resource that does not match the filter.
        FilterLeaks = "filter-leaks",
        /// Leaves out the last resource that matches the filter.
        FilterLoses = "filter-loses",
        /// Leaves out the newest resource of each type with `_since`.
        SinceLosesNewest = "since-loses-newest",
        /// Leaves out the resources of unchanged patients with `_since`.
        SinceHidesChildren = "since-hides-children",
        /// Exports all resources of one patient with `_since`, however old.
        SinceKeepsMember = "since-keeps-member",
        /// Exports nothing for a repeated request.
        RepeatFindsNothing = "repeat-finds-nothing",
        /// Exports the newest resource of each type with `_until`.
        UntilLeaks = "until-leaks",
        /// Uses only the last of several filters of one type.
        LastFilterWins = "last-filter-wins",
        /// Leaves out types without a filter.
        FilterDropsOthers = "filter-drops-others",
        /// Uses only the last criterion of a filter.
        LastCriterionOnly = "last-criterion-only",
        /// Ignores chained criteria.
        IgnoreChains = "ignore-chains",
        /// Ignores reverse chained criteria.
        IgnoreReverseChains = "ignore-reverse-chains",
        /// Ignores distances.
        IgnoreNear = "ignore-near",
        /// Takes distances for miles.
        NearInMiles = "near-in-miles",
        /// Ignores `HealthcareService?type=`.
        IgnoreUndefinedParameters = "ignore-undefined-parameters",
        /// Takes `HealthcareService?type=` for `service-type`.
        TakeTypeForServiceType = "take-type-for-service-type",
        /// Finds nothing by an identifier without its system.
        BareIdentifiersUnknown = "bare-identifiers-unknown",
        /// Finds nothing by filters.
        FiltersPassNothing = "filters-pass-nothing",
        /// Requires all filters of one type to match.
        FiltersAllHold = "filters-all-hold",
        /// Leaves out types without a filter, if any type has one.
        FiltersSpill = "filters-spill",
        /// Ignores filters with `_since`.
        IgnoreTypeFilterWithSince = "ignore-type-filter-with-since",
        /// Ignores the offset of `_since`, as if it were in UTC.
        SinceWithoutOffset = "since-without-offset",
        /// Refuses a `_since` that is not in UTC.
        SinceInUtcAlone = "since-in-utc-alone",
        /// Takes `_since` for now.
        SinceIsNow = "since-is-now",
        /// Exports three resources of each type without a filter.
        UnfilteredIsShort = "unfiltered-is-short",
        /// Ignores `_typeFilter` in a kick-off by GET.
        IgnoreTypeFilterOnGet = "ignore-type-filter-on-get",
        /// Exports Binary, which it should refuse.
        ExportsBinary = "exports-binary",
        /// Accepts unknown resource types, which it should refuse.
        AnyType = "any-type",
        /// Accepts kick-offs without `Prefer`, which it should refuse.
        PreferForgotten = "prefer-forgotten",
        /// Writes 200 lines in a file.
        LongFiles = "long-files",
        /// Writes three lines in a file.
        SmallFiles = "small-files",
        /// Lists an exported resource in `deleted`.
        DeletedInOutput = "deleted-in-output",
        /// Adds an empty `deleted` without `_since`.
        EmptyDeleted = "empty-deleted",
        /// Accepts DELETE without effect.
        DeleteWithoutEffect = "delete-without-effect",
        /// Keeps files after a DELETE.
        FilesStay = "files-stay",
        /// Refuses the DELETE of an ended job.
        DeleteRunningOnly = "delete-running-only",
        /// Accepts the DELETE of an ended job, which it should refuse.
        DeleteFinishedToo = "delete-finished-too",
        /// Accepts the short names of NDJSON, which it should refuse.
        ShortFormats = "short-formats",
        /// Refuses the DELETE of a running job.
        DeleteFinishedOnly = "delete-finished-only",
        /// Accepts a second DELETE.
        DeleteAgain = "delete-again",
        /// Says that unknown jobs are running.
        UnknownJobRuns = "unknown-job-runs",
        /// Answers more than one poll a second with 429.
        ThrottleEarly = "throttle-early",
        /// Never answers polls with 429.
        NeverThrottle = "never-throttle",
        /// Answers kick-offs with 429 while a job runs.
        OneJobAtATime = "one-job-at-a-time",
        /// Answers kick-offs with 500 while a job runs.
        SecondJobFails = "second-job-fails",
        /// Answers kick-offs with 400 while a job runs.
        SecondJobRefused = "second-job-refused",
        /// Sends files in chunks of a few bytes, which split characters.
        OddChunks = "odd-chunks",
        /// Sends files with gzip, whatever the client accepts.
        AlwaysGzip = "always-gzip",
        /// Sends files without gzip, whatever the client accepts.
        NeverGzip = "never-gzip",
        /// Sends files with gzip without saying so.
        SilentGzip = "silent-gzip",
        /// Answers the second request for a file with 404.
        SingleUseFiles = "single-use-files",
        /// Lists an error file without lines.
        EmptyErrorFile = "empty-error-file",
        /// Accepts `allowPartialManifests` without effect.
        WholeManifests = "whole-manifests",
        /// Ignores the preference `separate-export-status`.
        OneStatus = "one-status",
        /// Accepts `organizeOutputBy` without effect.
        IgnoreOrganizer = "ignore-organizer",
        /// Refuses `organizeOutputBy`.
        NeverOrganizes = "never-organizes",
        /// Splits blocks wherever a file is full, and continues them in the next file.
        SplitBlocks = "split-blocks",
        /// Writes each block to its own file.
        BlockPerFile = "block-per-file",
        /// Repeats shared resources in every block.
        SharedInBlocks = "shared-in-blocks",
        /// Writes the resource of a block at its end.
        OwnerLast = "owner-last",
        /// Leaves out the last block.
        LosesBlock = "loses-block",
        /// Does not declare a type without resources.
        UndeclaredType = "undeclared-type",
        /// Lists files by URLs relative to the polling URL.
        RelativeFileUrls = "relative-file-urls",
        /// Pauses for some seconds in the middle of files.
        SlowFiles = "slow-files",
        /// Keeps jobs and files for two minutes.
        ShortLived = "short-lived",
        /// Cuts slow files off in the middle.
        CutAtExpiry = "cut-at-expiry",
        /// Adds files to a listed manifest while the job runs.
        GrowingManifest = "growing-manifest",
        /// Changes a file that it listed while the job ran.
        ChangingFiles = "changing-files",
        /// Signs the URLs of files anew in each manifest.
        FreshLinks = "fresh-links",
        /// Writes a warning and an information for each job to an error file.
        InformationOutcome = "information-outcome",
        /// Exports, finds and reads hidden resources.
        ExportSuppressed = "export-suppressed",
        /// Issues tokens to unknown clients.
        TrustAnyClient = "trust-any-client",
        /// Accepts requests without a token.
        MissNoToken = "miss-no-token",
        /// Accepts kick-offs without a token.
        OpenKickoff = "open-kickoff",
        /// Accepts kick-offs by POST without a token.
        OpenPosts = "open-posts",
        /// Accepts polls without a token.
        OpenPolls = "open-polls",
        /// Accepts requests for files without a token.
        OpenFiles = "open-files",
        /// Accepts DELETE without a token.
        OpenDelete = "open-delete",
        /// Accepts kick-offs with any token.
        AnyTokenAtKickoff = "any-token-at-kickoff",
        /// Accepts polls with any token.
        AnyTokenAtPolls = "any-token-at-polls",
        /// Accepts requests for files with any token.
        AnyTokenAtFiles = "any-token-at-files",
        /// Compares only the first half of a token.
        HalfTokens = "half-tokens",
        /// Does not check the end of a token.
        TokensNeverEnd = "tokens-never-end",
        /// Accepts tokens for a minute after their end.
        TokensEndLate = "tokens-end-late",
        /// Does not check the scope of a token.
        ScopeIgnored = "scope-ignored",
        /// Ignores types in `_type` that the token does not cover.
        ForeignTypesDropped = "foreign-types-dropped",
        /// Exports a Group without a scope to read Groups.
        GroupReadUnasked = "group-read-unasked",
        /// Accepts polls from every client.
        ForeignPolls = "foreign-polls",
        /// Sends files to every client.
        ForeignFiles = "foreign-files",
        /// Accepts DELETE from every client.
        ForeignDeletes = "foreign-deletes",
        /// Says that a job belongs to another client.
        ForeignJobsTold = "foreign-jobs-told",
        /// Returns the same job for the same request of two clients.
        JobsShared = "jobs-shared",
        /// Binds a job to the token that started it.
        JobsOfTokens = "jobs-of-tokens",
        /// Serves files on another origin, which accepts the token too.
        FilesElsewhere = "files-elsewhere",
        /// Lists files on an origin that nobody owns.
        FilesOfNobody = "files-of-nobody",
        /// Serves files by secret URLs without a token, and refuses a token.
        SignedFiles = "signed-files",
        /// Repeats the token in a refusal.
        TokenEchoed = "token-echoed",
        /// Does not check the signature of an assertion.
        SignatureUnchecked = "signature-unchecked",
        /// Accepts an assertion without a signature.
        UnsignedTaken = "unsigned-taken",
        /// Accepts an assertion signed with the public key as a secret.
        PublicKeyAsSecret = "public-key-as-secret",
        /// Does not check the issuer of an assertion.
        IssuerUnchecked = "issuer-unchecked",
        /// Does not check the subject of an assertion.
        SubjectUnchecked = "subject-unchecked",
        /// Does not check the audience of an assertion.
        AudienceUnchecked = "audience-unchecked",
        /// Does not check the end of an assertion.
        ExpiryUnchecked = "expiry-unchecked",
        /// Accepts any lifetime of an assertion.
        LongAssertions = "long-assertions",
        /// Does not check the beginning of an assertion.
        BeginUnchecked = "begin-unchecked",
        /// Accepts an assertion without an id.
        IdUnasked = "id-unasked",
        /// Accepts an assertion again.
        ReplayTaken = "replay-taken",
        /// Does not check the id of the key.
        KeyIdUnchecked = "key-id-unchecked",
        /// Does not check the address of keys in an assertion.
        KeyUrlUnchecked = "key-url-unchecked",
        /// Does not check `grant_type`.
        GrantTypeUnchecked = "grant-type-unchecked",
        /// Does not check `client_assertion_type`.
        AssertionTypeUnchecked = "assertion-type-unchecked",
        /// Issues tokens for all scopes of the client, whatever it requested.
        ScopeWidened = "scope-widened",
        /// Grants a scope that the client may not have.
        KeptScopeGranted = "kept-scope-granted",
        /// Exports a Group that no client may export.
        KeptGroupExported = "kept-group-exported",
        /// Reads the key set of a client only once.
        KeysNeverReread = "keys-never-reread",
        /// Accepts all keys that were ever in the key set of a client.
        KeysOnlyAdded = "keys-only-added",
        /// Reads the key set of a client for each assertion.
        KeysAlwaysRead = "keys-always-read",
        /// Requires `client_id` in a token request.
        ClientIdDemanded = "client-id-demanded",
        /// Numbers jobs.
        NumberedJobs = "numbered-jobs",
        /// Names jobs by the time at which they start.
        TimedJobs = "timed-jobs",
        /// Names jobs by 32 random bits.
        ShortJobs = "short-jobs",
        /// Names jobs by UUIDs of version 4.
        UuidJobs = "uuid-jobs",
        /// Names jobs by UUIDs of version 7, which start with the time.
        DatedUuidJobs = "dated-uuid-jobs",
        /// Numbers the folders of files.
        NumberedFolders = "numbered-folders",
        /// Repeats the token of the client in `request` of the manifest.
        TokenInRequest = "token-in-request",
        /// Refuses polls with a token for some types only.
        NarrowPollsRefused = "narrow-polls-refused",
        /// Holds and exports a patient of another tenant.
        OtherTenantShown = "other-tenant-shown",
        /// Does not speak TLS 1.3.
        NoTls13 = "no-tls-1-3",
        /// Accepts TLS 1.1 too.
        Tls11Taken = "tls-1-1-taken",
        /// Accepts TLS 1.0 and 1.1 too.
        Tls10Taken = "tls-1-0-taken",
        /// Speaks only TLS 1.0.
        OldTlsAlone = "old-tls-alone",
        /// Ends the connection without an alert for TLS 1.1 and older versions.
        OldTlsIgnored = "old-tls-ignored",
        /// Dates an export by its end, although it selects the resources at its start.
        DatedByItsEnd = "dated-by-its-end",
        /// Selects the resources at the end of an export, and dates it so.
        HoldsItsEnd = "holds-its-end",
        /// Returns the files of an earlier job for the same request, with a new date.
        OldFilesAgain = "old-files-again",
        /// Exports the resources of three seconds before, and dates exports so.
        LagsBehind = "lags-behind",
        /// Changes the changed resources again before each export.
        ChangesGoOn = "changes-go-on",
        /// Does not report deletions during the run.
        DeletionsUntold = "deletions-untold",
        /// Leaves out resources that cannot be exported, without an error.
        FailuresUntold = "failures-untold",
        /// Fails the job if a resource cannot be exported.
        FailuresEndAll = "failures-end-all",
        /// Issues tokens for all scopes of the client if the request has no scope.
        UsualScope = "usual-scope",
    }
}
