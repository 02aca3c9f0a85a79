//! The ways to be wrong or unusual that need code in the server: those that no change of an answer can show.

use crate::base::vocabulary::words;

words! {
    /// A behavior that a fault file may name.
    Behavior {
        /// `_type` is accepted and has no effect.
        IgnoreType = "ignore-type",
        /// Of a repeated `_type` only the last value counts.
        LastTypeWins = "last-type-wins",
        /// Without `_type` only Patients are exported.
        PatientsByDefault = "patients-by-default",
        /// `_since` is accepted and has no effect.
        IgnoreSince = "ignore-since",
        /// Only the date of `_since` counts.
        SinceByDate = "since-by-date",
        /// `_until` is accepted and has no effect.
        IgnoreUntil = "ignore-until",
        /// The body of a POST is accepted and has no effect.
        IgnorePostParameters = "ignore-post-parameters",
        /// `patient` is accepted and has no effect.
        IgnorePatient = "ignore-patient",
        /// A patient who is no member of the Group is passed over without a word.
        OutsidersPassedOver = "outsiders-passed-over",
        /// `_elements` is accepted and has no effect.
        IgnoreElements = "ignore-elements",
        /// `_elements` without a type are those of the first type alone.
        ElementsOfOneType = "elements-of-one-type",
        /// `_elements` leaves mandatory elements out, too.
        ElementsDropMandatory = "elements-drop-mandatory",
        /// What `_elements` leaves is not tagged.
        ElementsUntagged = "elements-untagged",
        /// `_elements` leaves more than was asked for.
        ElementsKeepMore = "elements-keep-more",
        /// `includeAssociatedData` is accepted and has no effect.
        IgnoreAssociated = "ignore-associated",
        /// The first Provenance is taken for the latest.
        LatestIsFirst = "latest-is-first",
        /// Of all relevant Provenance one is left out.
        RelevantLosesOne = "relevant-loses-one",
        /// Of two values of `includeAssociatedData` the one that leaves more out counts.
        StrictestAssociation = "strictest-association",
        /// An export of patients leaves Provenance out.
        NoProvenanceOfPatients = "no-provenance-of-patients",
        /// Exports of patients lack Conditions.
        CompartmentShort = "compartment-short",
        /// The Binary behind a DocumentReference is exported, too.
        BinaryLines = "binary-lines",
        /// A patient is deleted while the run goes on.
        DeletesOneMeanwhile = "deletes-one-meanwhile",
        /// One patient after the other is deleted while the run goes on.
        DeletesMeanwhile = "deletes-meanwhile",
        /// Patients are changed and added while the run goes on.
        ChangesMeanwhile = "changes-meanwhile",
        /// Any `_outputFormat` is accepted.
        AnyOutputFormat = "any-output-format",
        /// Any body of a POST is accepted.
        AnyPostBody = "any-post-body",
        /// Unknown parameters are refused with `handling=lenient` too.
        NeverLenient = "never-lenient",
        /// `Prefer` must be exactly `respond-async`.
        ExactPrefer = "exact-prefer",
        /// `Prefer: respond-async` must be there.
        RequirePrefer = "require-prefer",
        /// `Accept: application/fhir+json` must be there.
        RequireAccept = "require-accept",
        /// An unknown Group is exported as an empty one.
        UnknownGroupEmpty = "unknown-group-empty",
        /// An unknown Group is accepted, and its job fails.
        UnknownGroupFails = "unknown-group-fails",
        /// An export of a Group returns all patients.
        GroupExportsAll = "group-exports-all",
        /// A Group without members is exported as all patients.
        EmptyGroupExportsAll = "empty-group-exports-all",
        /// Groups are made at once, whatever was preferred.
        CohortsAtOnce = "cohorts-at-once",
        /// Groups are made by jobs alone.
        CohortsNeverAtOnce = "cohorts-never-at-once",
        /// Groups are made by jobs, whatever was preferred.
        CohortsAlwaysLater = "cohorts-always-later",
        /// The jobs that make Groups never end.
        CohortsWaitForever = "cohorts-wait-forever",
        /// The jobs that make Groups end in a rejection.
        CohortsRejected = "cohorts-rejected",
        /// Groups lose their filter when they are made.
        CohortsLoseFilter = "cohorts-lose-filter",
        /// Nobody is in a Group yet when it is exported.
        CohortsStillEmpty = "cohorts-still-empty",
        /// The DELETE of a Group has no effect.
        CohortsStay = "cohorts-stay",
        /// A search for a name finds all Groups.
        NamesPassedOver = "names-passed-over",
        /// Updates of Groups are not declared.
        NoUpdates = "no-updates",
        /// Nothing is exported.
        ExportNothing = "export-nothing",
        /// The same request gets the same job, while it is there.
        ReuseJobs = "reuse-jobs",
        /// Jobs never end.
        NeverCompletes = "never-completes",
        /// Jobs are done when they are started.
        CompleteAtOnce = "complete-at-once",
        /// Jobs end in failure.
        JobsFail = "jobs-fail",
        /// Types without data are listed with an empty file.
        EmptyFiles = "empty-files",
        /// `_typeFilter` is accepted and has no effect; for servers that know it.
        IgnoreTypeFilter = "ignore-type-filter",
        /// What exported resources refer to is exported, too.
        AddsReferenced = "adds-referenced",
        /// Every export comes out empty, though there is something.
        LosesEverything = "loses-everything",
        /// A filter lets one resource pass that does not match.
        FilterLeaks = "filter-leaks",
        /// A filter keeps the last resource back that matches.
        FilterLoses = "filter-loses",
        /// `_since` leaves out the newest resource of each type, too.
        SinceLosesNewest = "since-loses-newest",
        /// With `_since` what belongs to a patient who did not change is left out.
        SinceHidesChildren = "since-hides-children",
        /// With `_since` all that belongs to one patient comes, however old.
        SinceKeepsMember = "since-keeps-member",
        /// An export that was made before brings nothing.
        RepeatFindsNothing = "repeat-finds-nothing",
        /// `_until` lets the newest resource of each type pass.
        UntilLeaks = "until-leaks",
        /// Of several filters of one type only the last counts.
        LastFilterWins = "last-filter-wins",
        /// A filter of one type leaves other types out.
        FilterDropsOthers = "filter-drops-others",
        /// Of several criteria in a filter the last alone counts.
        LastCriterionOnly = "last-criterion-only",
        /// Criteria that lead to another resource are passed over.
        IgnoreChains = "ignore-chains",
        /// Criteria that come from another resource are passed over.
        IgnoreReverseChains = "ignore-reverse-chains",
        /// Distances are passed over.
        IgnoreNear = "ignore-near",
        /// Distances are taken for miles.
        NearInMiles = "near-in-miles",
        /// `HealthcareService?type=` is passed over.
        IgnoreUndefinedParameters = "ignore-undefined-parameters",
        /// `HealthcareService?type=` is taken for `service-type`.
        TakeTypeForServiceType = "take-type-for-service-type",
        /// An identifier without its system finds nobody.
        BareIdentifiersUnknown = "bare-identifiers-unknown",
        /// Filters let nothing pass.
        FiltersPassNothing = "filters-pass-nothing",
        /// Several filters on one type must all hold.
        FiltersAllHold = "filters-all-hold",
        /// Where any type has a filter, those without leave nothing.
        FiltersSpill = "filters-spill",
        /// With `_since` filters have no effect.
        IgnoreTypeFilterWithSince = "ignore-type-filter-with-since",
        /// The offset of `_since` is passed over, as if it were in UTC.
        SinceWithoutOffset = "since-without-offset",
        /// A `_since` that is not in UTC is refused.
        SinceInUtcAlone = "since-in-utc-alone",
        /// `_since` is taken for now.
        SinceIsNow = "since-is-now",
        /// An export without a filter has three resources of a type.
        UnfilteredIsShort = "unfiltered-is-short",
        /// `_typeFilter` has no effect in a kick-off by GET.
        IgnoreTypeFilterOnGet = "ignore-type-filter-on-get",
        /// Binary is taken for a type like others where it is refused.
        ExportsBinary = "exports-binary",
        /// Any name is taken for a resource type where unknown ones are refused.
        AnyType = "any-type",
        /// Kick-offs without `Prefer` are accepted where they are refused.
        PreferForgotten = "prefer-forgotten",
        /// 200 lines a file.
        LongFiles = "long-files",
        /// Three lines a file.
        SmallFiles = "small-files",
        /// `deleted` names a resource that is exported too.
        DeletedInOutput = "deleted-in-output",
        /// Without `_since` too, `deleted` is there, and empty.
        EmptyDeleted = "empty-deleted",
        /// DELETE is accepted and has no effect.
        DeleteWithoutEffect = "delete-without-effect",
        /// After a DELETE the files can still be fetched.
        FilesStay = "files-stay",
        /// A job that is done cannot be deleted.
        DeleteRunningOnly = "delete-running-only",
        /// A job that is done can be deleted where it is refused.
        DeleteFinishedToo = "delete-finished-too",
        /// The short names of NDJSON are understood where only the full one is.
        ShortFormats = "short-formats",
        /// A job that still runs cannot be deleted.
        DeleteFinishedOnly = "delete-finished-only",
        /// A second DELETE is accepted.
        DeleteAgain = "delete-again",
        /// Unknown jobs are said to be running.
        UnknownJobRuns = "unknown-job-runs",
        /// More than one poll a second is answered with 429.
        ThrottleEarly = "throttle-early",
        /// Polls are never answered with 429.
        NeverThrottle = "never-throttle",
        /// While a job runs, kick-offs are answered 429.
        OneJobAtATime = "one-job-at-a-time",
        /// While a job runs, kick-offs are answered 500.
        SecondJobFails = "second-job-fails",
        /// While a job runs, kick-offs are answered 400.
        SecondJobRefused = "second-job-refused",
        /// Files are sent in chunks of a few bytes, which cut characters apart.
        OddChunks = "odd-chunks",
        /// Files are sent with gzip, whatever was asked for.
        AlwaysGzip = "always-gzip",
        /// Files are sent plain, whatever was asked for.
        NeverGzip = "never-gzip",
        /// Files are gzip without saying so.
        SilentGzip = "silent-gzip",
        /// The second request for a file is answered 404.
        SingleUseFiles = "single-use-files",
        /// An error file without a line is listed.
        EmptyErrorFile = "empty-error-file",
        /// `allowPartialManifests` is accepted and has no effect.
        WholeManifests = "whole-manifests",
        /// The preference `separate-export-status` has no effect.
        OneStatus = "one-status",
        /// `organizeOutputBy` is accepted and has no effect.
        IgnoreOrganizer = "ignore-organizer",
        /// `organizeOutputBy` is refused where it is known.
        NeverOrganizes = "never-organizes",
        /// Blocks are split wherever a file is full, and the rest stands in the next.
        SplitBlocks = "split-blocks",
        /// Every block has a file of its own.
        BlockPerFile = "block-per-file",
        /// What many refer to stands in every block.
        SharedInBlocks = "shared-in-blocks",
        /// The resource that a block is about stands at its end.
        OwnerLast = "owner-last",
        /// The last block is left out.
        LosesBlock = "loses-block",
        /// A type of which nothing is held is not declared.
        UndeclaredType = "undeclared-type",
        /// The URLs of files are relative to that of the poll.
        RelativeFileUrls = "relative-file-urls",
        /// Files come with a pause of some seconds in their midst.
        SlowFiles = "slow-files",
        /// Jobs and files stay for two minutes.
        ShortLived = "short-lived",
        /// Slow files are cut off in their midst.
        CutAtExpiry = "cut-at-expiry",
        /// A manifest that was shown grows while the job runs.
        GrowingManifest = "growing-manifest",
        /// A file that was listed while the job ran has another line when the job is done.
        ChangingFiles = "changing-files",
        /// The files' URLs are signed anew whenever the manifest is fetched.
        FreshLinks = "fresh-links",
        /// A warning and an information for every job lie in an error file.
        InformationOutcome = "information-outcome",
        /// Suppressed resources are exported, found and read like others where they are hidden.
        ExportSuppressed = "export-suppressed",
        /// A token is given to any client, known or not.
        TrustAnyClient = "trust-any-client",
        /// A token that is not shown is not missed.
        MissNoToken = "miss-no-token",
        /// A token that is not shown is not missed at kick-off.
        OpenKickoff = "open-kickoff",
        /// The same of kick-offs by POST alone.
        OpenPosts = "open-posts",
        /// The same of polls.
        OpenPolls = "open-polls",
        /// The same of files.
        OpenFiles = "open-files",
        /// The same of DELETE.
        OpenDelete = "open-delete",
        /// Any token will do for kick-offs.
        AnyTokenAtKickoff = "any-token-at-kickoff",
        /// Any token will do for polls.
        AnyTokenAtPolls = "any-token-at-polls",
        /// Any token will do for files.
        AnyTokenAtFiles = "any-token-at-files",
        /// A token is known by its first half.
        HalfTokens = "half-tokens",
        /// The end of a token is not looked at.
        TokensNeverEnd = "tokens-never-end",
        /// The end of a token is looked at a minute too late.
        TokensEndLate = "tokens-end-late",
        /// The scope of a token is not looked at.
        ScopeIgnored = "scope-ignored",
        /// Types that the token does not cover are passed over where they are asked for.
        ForeignTypesDropped = "foreign-types-dropped",
        /// A Group may be exported without leave to read it.
        GroupReadUnasked = "group-read-unasked",
        /// Jobs may be polled by every client.
        ForeignPolls = "foreign-polls",
        /// Files may be fetched by every client.
        ForeignFiles = "foreign-files",
        /// Jobs may be deleted by every client.
        ForeignDeletes = "foreign-deletes",
        /// A client hears that a job is another's.
        ForeignJobsTold = "foreign-jobs-told",
        /// The same request of two clients gets the same job.
        JobsShared = "jobs-shared",
        /// A job belongs to the token that started it.
        JobsOfTokens = "jobs-of-tokens",
        /// Files lie on another origin, where the token is taken too.
        FilesElsewhere = "files-elsewhere",
        /// The manifest lists files on an origin that is nobody's.
        FilesOfNobody = "files-of-nobody",
        /// Files need no token, for their URLs are secrets, and refuse one.
        SignedFiles = "signed-files",
        /// A refusal repeats the token.
        TokenEchoed = "token-echoed",
        /// The signature of an assertion is not looked at.
        SignatureUnchecked = "signature-unchecked",
        /// An assertion without a signature is taken.
        UnsignedTaken = "unsigned-taken",
        /// An assertion signed with the public key for a secret is taken.
        PublicKeyAsSecret = "public-key-as-secret",
        /// The issuer of an assertion is not looked at.
        IssuerUnchecked = "issuer-unchecked",
        /// The subject of an assertion is not looked at.
        SubjectUnchecked = "subject-unchecked",
        /// The audience of an assertion is not looked at.
        AudienceUnchecked = "audience-unchecked",
        /// Whether an assertion is over is not looked at.
        ExpiryUnchecked = "expiry-unchecked",
        /// An assertion may last as long as it likes.
        LongAssertions = "long-assertions",
        /// Whether an assertion has begun is not looked at.
        BeginUnchecked = "begin-unchecked",
        /// An assertion needs no id.
        IdUnasked = "id-unasked",
        /// An assertion may be used again.
        ReplayTaken = "replay-taken",
        /// The id of the key is not looked at.
        KeyIdUnchecked = "key-id-unchecked",
        /// The address of keys that an assertion names is not looked at.
        KeyUrlUnchecked = "key-url-unchecked",
        /// `grant_type` is not looked at.
        GrantTypeUnchecked = "grant-type-unchecked",
        /// `client_assertion_type` is not looked at.
        AssertionTypeUnchecked = "assertion-type-unchecked",
        /// A token covers all that the client may have, whatever was asked for.
        ScopeWidened = "scope-widened",
        /// A scope that the client may not have is granted.
        KeptScopeGranted = "kept-scope-granted",
        /// A Group that no client may export is exported.
        KeptGroupExported = "kept-group-exported",
        /// A client's key set is read once and never again.
        KeysNeverReread = "keys-never-reread",
        /// Keys that were ever in a client's key set stay good.
        KeysOnlyAdded = "keys-only-added",
        /// A client's key set is read for each assertion.
        KeysAlwaysRead = "keys-always-read",
        /// A token request needs a field client_id.
        ClientIdDemanded = "client-id-demanded",
        /// Jobs are numbered.
        NumberedJobs = "numbered-jobs",
        /// Jobs are named by the time at which they began.
        TimedJobs = "timed-jobs",
        /// Jobs are named by 32 random bits.
        ShortJobs = "short-jobs",
        /// Jobs are named by UUIDs of version 4.
        UuidJobs = "uuid-jobs",
        /// Jobs are named by UUIDs of version 7, which begin with the time.
        DatedUuidJobs = "dated-uuid-jobs",
        /// The files of jobs lie in folders with numbers.
        NumberedFolders = "numbered-folders",
        /// The manifest repeats the client's token behind its request.
        TokenInRequest = "token-in-request",
        /// Polls with a token for some types alone are refused.
        NarrowPollsRefused = "narrow-polls-refused",
        /// A patient of another tenant is held, found and exported like others.
        OtherTenantShown = "other-tenant-shown",
        /// TLS 1.3 is not spoken.
        NoTls13 = "no-tls-1-3",
        /// TLS 1.1 is taken up, too.
        Tls11Taken = "tls-1-1-taken",
        /// TLS 1.0 and 1.1 are taken up, too.
        Tls10Taken = "tls-1-0-taken",
        /// TLS 1.0 is all that is spoken.
        OldTlsAlone = "old-tls-alone",
        /// Handshakes of TLS 1.1 and older are met with nothing but the end of the connection.
        OldTlsIgnored = "old-tls-ignored",
        /// An export is dated by its end, though it holds what was there when it began.
        DatedByItsEnd = "dated-by-its-end",
        /// An export holds what is there when it ends, and is dated so.
        HoldsItsEnd = "holds-its-end",
        /// The same request gets the files of an earlier job, while that is there, under a date of its own.
        OldFilesAgain = "old-files-again",
        /// Exports hold what was there three seconds before, and are dated so.
        LagsBehind = "lags-behind",
        /// What was changed is changed again before each export.
        ChangesGoOn = "changes-go-on",
        /// What was deleted while the server ran is not told.
        DeletionsUntold = "deletions-untold",
        /// What could not be exported is left out without a word.
        FailuresUntold = "failures-untold",
        /// What cannot be exported fails the job.
        FailuresEndAll = "failures-end-all",
        /// Without a scope a token covers all that the client may have.
        UsualScope = "usual-scope",
    }
}
