//! What can be looked at in an exchange, and the built-in checks for what arithmetic or memory needs. All pure: the
//! recording in, [`CheckOutcome`] out.

use crate::plan::model::PlannedTest;
use crate::recording::facts::FileFacts;
use crate::recording::model::{Exchange, FlowRecord, Outcome, Recording, Response, Role};
use crate::suite::check_names::CheckName;
use crate::suite::model::FileList;
use crate::verdicts::judged_run::Position;

use std::collections::BTreeMap;

use serde_json::Value;

/// What came of one expectation on one exchange.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckOutcome {
    /// It holds.
    Yes,
    /// It does not.
    No(Vec<Violation>),
    /// There is nothing that it could be said of; why, a fragment.
    Nothing(String),
    /// The target's data does not show it; why, a fragment.
    NoData(String),
    /// It cannot be decided; why, a fragment.
    Unknown(String),
}

impl CheckOutcome {
    /// `Yes`, or `No` with one thing broken.
    pub(crate) fn or_violation(good: bool, broken: impl FnOnce() -> Violation) -> CheckOutcome {
        if good { CheckOutcome::Yes } else { CheckOutcome::No(vec![broken()]) }
    }

    /// `Yes` if nothing is broken.
    pub(crate) fn from_violations(broken: Vec<Violation>) -> CheckOutcome {
        if broken.is_empty() { CheckOutcome::Yes } else { CheckOutcome::No(broken) }
    }
}

/// One thing that is wrong with an exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// `status`, `header`, `body`, `line` or `none`.
    pub kind: &'static str,
    /// What is wrong there, as a [`crate::verdicts::judged_run::Finding`]'s place.
    pub place: String,
    /// What was expected.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// Where in a file.
    pub position: Option<Position>,
    /// How often in this exchange.
    pub count: u64,
    /// The exchange that shows it, where it is not the one looked at.
    pub exchange: Option<u32>,
}

impl Violation {
    pub(crate) fn new(
        kind: &'static str,
        place: impl Into<String>,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            place: place.into(),
            expected: expected.into(),
            actual: actual.into(),
            position: None,
            count: 1,
            exchange: None,
        }
    }

    /// The same, shown by another exchange.
    pub(crate) fn shown_by(mut self, exchange: u32) -> Self {
        self.exchange = Some(exchange);
        self
    }
}

/// A recording with its exchanges found by flow and its facts by exchange.
#[derive(Debug)]
pub struct Index<'a> {
    /// The recording.
    pub recording: &'a Recording,
    by_flow: BTreeMap<&'a str, Vec<&'a Exchange>>,
    facts: BTreeMap<u32, &'a FileFacts>,
    flows: BTreeMap<&'a str, &'a FlowRecord>,
}

impl<'a> Index<'a> {
    /// Indexes `recording`.
    pub fn new(recording: &'a Recording) -> Self {
        let mut by_flow: BTreeMap<&str, Vec<&Exchange>> = BTreeMap::new();
        for exchange in &recording.exchanges {
            if let Some(flow) = &exchange.flow {
                by_flow.entry(flow).or_default().push(exchange);
            }
        }
        Self {
            recording,
            by_flow,
            facts: recording.files.iter().map(|file| (file.exchange, file)).collect(),
            flows: recording.flows.iter().map(|flow| (flow.name.as_str(), flow)).collect(),
        }
    }

    /// The exchanges of a flow, in the order of sending.
    pub fn exchanges(&self, flow: &str) -> &[&'a Exchange] {
        self.by_flow.get(flow).map_or(&[], Vec::as_slice)
    }

    /// How a flow went; none if it never ended.
    pub fn flow(&self, flow: &str) -> Option<&'a FlowRecord> {
        self.flows.get(flow).copied()
    }

    /// The facts of the file that `exchange` fetched.
    pub fn facts(&self, exchange: &Exchange) -> Option<&'a FileFacts> {
        self.facts.get(&exchange.id).copied()
    }

    /// The answer to the flow's kick-off: the last one, after retries and redirects.
    pub fn kickoff(&self, flow: &str) -> Option<&'a Exchange> {
        self.exchanges(flow).iter().rev().copied().find(|e| e.role == Role::Kickoff && !e.superseded)
    }

    /// The flow's manifest and the exchange that brought it.
    pub fn manifest(&self, flow: &str) -> Option<(&'a Exchange, &'a Value)> {
        self.exchanges(flow).iter().copied().find_map(|exchange| {
            (exchange.role == Role::Poll && exchange.phase == Some(crate::recording::model::Phase::Complete))
                .then(|| manifest_of(exchange).map(|manifest| (exchange, manifest)))
                .flatten()
        })
    }

    /// The files of one list that a flow fetched, with their facts, where there are any.
    pub fn files(&self, flow: &str, list: FileList) -> Vec<(&'a Exchange, Option<&'a FileFacts>)> {
        self.exchanges(flow)
            .iter()
            .copied()
            .filter(|e| e.role == Role::File && !e.superseded && e.file.is_some_and(|file| file.list == list))
            .map(|e| (e, self.facts(e)))
            .collect()
    }
}

/// The manifest in an exchange's body, if it is one.
pub fn manifest_of(exchange: &Exchange) -> Option<&Value> {
    let json = response(exchange)?.body.json.as_ref()?;
    crate::recording::shape::is_manifest(json).then_some(json)
}

/// The items of one list of a manifest; none where it is no array.
pub(crate) fn items<'m>(manifest: &'m Value, list: &str) -> &'m [Value] {
    manifest.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A sum of what a recording says: it may say anything.
pub(crate) fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// What a check of manifests says of an exchange without one.
pub(crate) fn no_manifest() -> CheckOutcome {
    CheckOutcome::Nothing("there is no manifest".to_owned())
}

/// The response of an exchange, if there is one.
pub fn response(exchange: &Exchange) -> Option<&Response> {
    match &exchange.outcome {
        Outcome::Response(response) => Some(response),
        Outcome::NoResponse(_) | Outcome::Handshake(_) => None,
    }
}

/// What a check sees beside the exchange itself.
#[derive(Clone, Copy, Debug)]
pub struct CheckContext<'a> {
    /// The recording.
    pub index: &'a Index<'a>,
    /// The test that asks.
    pub test: &'a PlannedTest,
    /// The flow it is run on.
    pub flow: &'a FlowRecord,
    /// The flow to compare with: the first of the test's that ran at the same level.
    pub compared: Option<&'a FlowRecord>,
}

/// Runs a built-in check on one exchange.
pub fn run(name: CheckName, exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match name {
        CheckName::OneLocation => crate::check::kickoff::one_location(exchange),
        CheckName::AsWellReceived => crate::check::kickoff::as_well_received(exchange, context),
        CheckName::SeparateStatusHonoured => crate::check::parts::separate_status_honoured(context),
        CheckName::PreferencesApplied => crate::check::parts::preferences_applied(exchange),
        CheckName::ExportStatusFits => crate::check::parts::export_status_fits(exchange),
        CheckName::ManifestUnaltered => crate::check::parts::manifest_unaltered(exchange, context),
        CheckName::FieldsOfFirstPage => crate::check::parts::fields_of_first_page(exchange, context),
        CheckName::OneNextLink => crate::check::parts::one_next_link(exchange, context),
        CheckName::FileKept => crate::check::parts::file_kept(exchange, context),
        CheckName::ExportStatusOfFailure => crate::check::parts::export_status_of_failure(exchange),
        CheckName::SomeLeftOut => crate::check::type_filters::some_left_out(exchange, context),
        CheckName::NoneBeyond => crate::check::type_filters::none_beyond(exchange, context),
        CheckName::OnlyTypesReturned => crate::check::type_filters::only_types_returned(exchange, context, false),
        CheckName::OnlyTypesOrReferenced => crate::check::type_filters::only_types_returned(exchange, context, true),
        CheckName::OnlyPatientsAsked => crate::check::type_filters::only_patients_asked(exchange, context),
        CheckName::LevelDeclared => crate::check::capability::level_declared(context),
        CheckName::DeclaredLevelServed => crate::check::capability::declared_level_served(exchange, context),
        CheckName::GuideDeclared => crate::check::capability::guide_declared(context),
        CheckName::OperationsPlaced => crate::check::capability::operations_placed(context),
        CheckName::TypesDeclared => crate::check::capability::types_declared(exchange, context),
        CheckName::PatientsAsCounted => crate::check::capability::patients_as_counted(exchange, context),
        CheckName::NoPatientShort => crate::check::capability::no_patient_short(exchange, context),
        CheckName::KickoffAccepted => crate::check::kickoff::kickoff_accepted(context),
        CheckName::KickoffFound => crate::check::kickoff::kickoff_found(context),
        CheckName::JobNotCompleted => crate::check::kickoff::job_not_completed(exchange, context),
        CheckName::RequestFitsKickoff => crate::check::manifest::request_fits_kickoff(exchange, context),
        CheckName::RequestWithoutBodyParams => crate::check::manifest::request_without_body_params(exchange, context),
        CheckName::TransactionTimeNotFuture => crate::check::manifest::transaction_time_not_future(exchange, context),
        CheckName::ExpiresLater => crate::check::manifest::expires_later(exchange, context),
        CheckName::SameManifest => crate::check::manifest::same_manifest(exchange, context),
        CheckName::DistinctUrls => crate::check::manifest::distinct_urls(exchange),
        CheckName::ExtensionsAreObjects => crate::check::manifest::extensions_are_objects(exchange),
        CheckName::CountEqualsLines => crate::check::files::count_equals_lines(exchange, context),
        CheckName::EmptyOutputWhenNothing => crate::check::files::empty_output_when_nothing(exchange, context),
        CheckName::EmptyErrorWhenNothing => crate::check::files::empty_error_when_nothing(exchange, context),
        CheckName::NoEmptyFiles => crate::check::files::no_empty_files(exchange, context),
        CheckName::NothingAfterTransactionTime => {
            crate::check::files::nothing_after_transaction_time(exchange, context)
        }
        CheckName::DeletedNotInOutput => crate::check::files::deleted_not_in_output(exchange, context),
        CheckName::PatientListed => crate::check::files::patient_listed(exchange, context),
        CheckName::NoOutcomeInOutput => crate::check::files::no_outcome_in_output(exchange, context),
        CheckName::LenientReported => crate::check::files::lenient_reported(exchange, context),
        CheckName::ResourcesValid => crate::check::expect::resources_valid(exchange, context),
        CheckName::ProfilesKept => crate::check::profiles::kept(exchange, context),
        CheckName::MustSupportSeen => crate::check::profiles::must_support_seen(exchange, context),
        CheckName::SameFile => crate::check::files::same_file(exchange, context),
        CheckName::SameResources => crate::check::files::same_resources(exchange, context),
        CheckName::AllowedEncoding => crate::check::files::allowed_encoding(exchange, context),
        CheckName::Delivered => crate::check::files::delivered(exchange, context),
        CheckName::OtherJob => crate::check::kickoff::other_job(exchange, context),
        CheckName::OwnOrigin => crate::check::kickoff::own_origin(exchange, context),
        CheckName::TransactionTimeInJob => crate::check::manifest::transaction_time_in_job(exchange, context),
        CheckName::SameTypes => crate::check::types::same_types(exchange, context),
        CheckName::TypesCover => crate::check::types::types_cover(exchange, context),
        CheckName::OnlyTypesAsked => crate::check::types::only_types_asked(exchange, context),
        CheckName::NoBinaryListed => crate::check::types::no_binary_listed(exchange),
        CheckName::ExportsNothing => crate::check::types::exports_nothing(exchange, context),
        CheckName::NothingBeforeSince => crate::check::types::nothing_before_since(exchange, context),
        CheckName::TokenRequired => crate::check::served::token_required(exchange, context),
        CheckName::StoredVersion => crate::check::served::stored_version(exchange, context),
        CheckName::NotPublic => crate::check::served::not_public(exchange),
        CheckName::AnnouncedLength => crate::check::served::announced_length(exchange, context),
        CheckName::DeclaresExport => crate::check::served::declares_export(exchange),
        CheckName::WrappedBinary => crate::check::types::wrapped_binary(exchange, context),
        CheckName::ModernTls => crate::check::tls::modern_tls(exchange, context),
        CheckName::NewestTls => crate::check::tls::newest_tls(exchange),
        CheckName::OldTlsRefused => crate::check::tls::old_tls_refused(exchange, context),
        CheckName::TokenOrigin => crate::check::tls::token_origin(exchange, context),
        CheckName::KeySetRead => crate::check::grants::key_set_read(context),
        CheckName::KeySetKept => crate::check::grants::key_set_kept(context),
        CheckName::ScopeWithheld => crate::check::grants::scope_withheld(exchange),
        CheckName::GivesTokens => crate::check::auth::gives_tokens(context),
        CheckName::TokenGranted => crate::check::auth::token_granted(exchange, context),
        CheckName::TokenResponse => crate::check::auth::token_response(exchange),
        CheckName::ShortToken => crate::check::auth::short_token(exchange),
        CheckName::NoStore => crate::check::auth::no_store(exchange),
        CheckName::ScopeNotBroader => crate::check::auth::scope_not_broader(exchange),
        CheckName::OauthError => crate::check::auth::oauth_error(exchange),
        CheckName::EndpointsAbsolute => crate::check::auth::endpoints_absolute(exchange),
        CheckName::SmartUsed => crate::check::auth::smart_used(context),
        CheckName::AnonymousRefused => crate::check::auth::anonymous_refused(context),
        CheckName::FilesNeedToken => crate::check::auth::files_need_token(context),
        CheckName::TokenStaysHome => crate::check::auth::token_stays_home(exchange, context),
        CheckName::NoTokenEchoed => crate::check::auth::no_token_echoed(exchange),
        CheckName::WithinScope => crate::check::auth::within_scope(exchange, context),
        CheckName::AsIfUnknown => crate::check::auth::as_if_unknown(exchange, context),
        CheckName::OnlyMatching => crate::check::type_filters::only_matching(exchange, context),
        CheckName::WithinCompared => crate::check::type_filters::within_compared(exchange, context),
        CheckName::AllExpected => crate::check::type_filters::all_expected(exchange, context),
        CheckName::OnlyMembers => crate::check::ownership::only_members(exchange, context),
        CheckName::CompartmentTypes => crate::check::ownership::compartment_types(exchange, context),
        CheckName::NoPatientBinary => crate::check::ownership::no_patient_binary(exchange, context),
        CheckName::ProvenanceThere => crate::check::ownership::provenance_there(exchange, context),
        CheckName::ProvenanceNarrowed => crate::check::ownership::provenance_narrowed(exchange, context),
        CheckName::ProvenanceNewest => crate::check::ownership::provenance_newest(exchange, context),
        CheckName::ProvenanceUnion => crate::check::ownership::provenance_union(exchange, context),
        CheckName::ElementsTrimmed => crate::check::ownership::elements_trimmed(exchange, context),
        CheckName::ElementsKept => crate::check::ownership::elements_kept(exchange, context),
        CheckName::ElementsMandatory => crate::check::ownership::elements_mandatory(exchange, context),
        CheckName::ElementsTagged => crate::check::ownership::elements_tagged(exchange, context),
        CheckName::AttachmentAnswers => crate::check::ownership::attachment_answers(exchange, context),
        CheckName::AttachmentTakesToken => crate::check::ownership::attachment_takes_token(exchange),
        CheckName::AttachmentOpen => crate::check::ownership::attachment_open(exchange, context),
        CheckName::OrganizedAtAll => crate::check::organized_files::organized_at_all(context),
        CheckName::OrganizedNamed => crate::check::organized_files::organized_named(context),
        CheckName::OrganizedUntyped => crate::check::organized_files::organized_untyped(exchange, context),
        CheckName::OrganizedHeaders => crate::check::organized_files::organized_headers(context),
        CheckName::OrganizedWhole => crate::check::organized_files::organized_whole(context),
        CheckName::OrganizedOwn => crate::check::organized_files::organized_own(context),
        CheckName::OrganizedTogether => crate::check::organized_files::organized_together(context),
        CheckName::OrganizedLinked => crate::check::organized_files::organized_linked(context),
        CheckName::OrganizedRepeated => crate::check::organized_files::organized_repeated(context),
        CheckName::OrganizedCompartment => crate::check::organized_files::organized_compartment(context),
        CheckName::TokenSent => crate::check::access::token_sent(exchange, context),
        CheckName::OpenToAll => crate::check::access::open_to_all(context),
        CheckName::CapabilityUrl => crate::check::access::capability_url(exchange, context),
        CheckName::NoBearerChallenge => crate::check::access::no_bearer_challenge(exchange),
        CheckName::PartlyDone => crate::check::server_errors::partly_done(exchange),
        CheckName::ErrorStatus => crate::check::server_errors::error_status(exchange),
        CheckName::TransientCode => crate::check::server_errors::transient_code(exchange),
        CheckName::ErrorInPlace => crate::check::server_errors::error_in_place(exchange, context),
        CheckName::OutlastsExpires => crate::check::server_errors::outlasts_expires(exchange, context),
        CheckName::SomeLevelAnswers => crate::check::declared::some_level_answers(exchange, context),
        CheckName::FilterDeclared => crate::check::declared::filter_declared(exchange, context),
        CheckName::RefusedTypeFlagged => crate::check::declared::refused_type_flagged(exchange, context),
        CheckName::CohortDeclared => crate::check::cohort::cohort_declared(context),
        CheckName::ExpiresReadable => crate::check::manifest::expires_readable(exchange),
        CheckName::UndeclaredTypeRefused => crate::check::declared::undeclared_type_refused(exchange, context),
        CheckName::CohortFiltered => crate::check::cohort::cohort_filtered(exchange),
        CheckName::CohortClaimed => crate::check::cohort::cohort_claimed(context),
        CheckName::CohortListed => crate::check::cohort::cohort_listed(context),
        CheckName::MadeFiltered => crate::check::cohort::made_filtered(exchange),
        CheckName::FoundByName => crate::check::cohort::found_by_name(exchange, context),
        CheckName::ExportsElsewhere => crate::check::cohort::exports_elsewhere(context),
        CheckName::GroupErased => crate::check::cohort::group_erased(context),
        CheckName::ChangesCome => crate::check::hooks::changes_come(exchange, context),
        CheckName::DeletionsTold => crate::check::hooks::deletions_told(exchange, context),
        CheckName::FailuresTold => crate::check::hooks::failures_told(exchange, context),
        CheckName::JobUrlsHardToGuess => crate::check::secrecy::job_urls(context),
        CheckName::FileUrlsHardToGuess => crate::check::secrecy::file_urls(context),
        CheckName::NoSecretShown => crate::check::secrecy::no_secret_shown(exchange),
        CheckName::KeptResourcesStay => crate::check::secrecy::kept_resources_stay(exchange, context),
    }
}
