//! What can be looked at in an exchange, and the built-in checks for what arithmetic or memory needs. All pure: the
//! tape in, [`Held`] out.

mod access;
mod auth;
mod capability;
mod declared;
mod directory;
pub mod expect;
mod files;
mod grants;
mod kickoff;
mod kin;
mod manifest;
mod mishaps;
mod organized;
mod parts;
mod profiles;
mod select;
mod served;
pub mod shape;
mod show;
mod tls;
mod types;

pub use expect::holds;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::plan::PlannedTest;
use crate::record::Position;
use crate::suite::model::{CheckName, FileList};
use crate::tape::model::{Exchange, FileFacts, FlowRecord, Outcome, Response, Role, Tape};

/// What came of one expectation on one exchange.
#[derive(Clone, Debug, PartialEq)]
pub enum Held {
    /// It holds.
    Yes,
    /// It does not.
    No(Vec<Broken>),
    /// There is nothing that it could be said of; why, a fragment.
    Nothing(String),
    /// The target's data does not show it; why, a fragment.
    NoData(String),
    /// It cannot be decided; why, a fragment.
    Unknown(String),
}

impl Held {
    /// `Yes`, or `No` with one thing broken.
    fn or_broken(good: bool, broken: impl FnOnce() -> Broken) -> Held {
        if good { Held::Yes } else { Held::No(vec![broken()]) }
    }

    /// `Yes` if nothing is broken.
    fn from_broken(broken: Vec<Broken>) -> Held {
        if broken.is_empty() { Held::Yes } else { Held::No(broken) }
    }
}

/// One thing that is wrong with an exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// `status`, `header`, `body`, `line` or `none`.
    pub kind: &'static str,
    /// What is wrong there, as a [`crate::record::Finding`]'s place.
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

impl Broken {
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
    fn shown_by(mut self, exchange: u32) -> Self {
        self.exchange = Some(exchange);
        self
    }
}

/// A tape with its exchanges found by flow and its facts by exchange.
#[derive(Debug)]
pub struct Index<'a> {
    /// The tape.
    pub tape: &'a Tape,
    by_flow: BTreeMap<&'a str, Vec<&'a Exchange>>,
    facts: BTreeMap<u32, &'a FileFacts>,
    flows: BTreeMap<&'a str, &'a FlowRecord>,
}

impl<'a> Index<'a> {
    /// Indexes `tape`.
    pub fn new(tape: &'a Tape) -> Self {
        let mut by_flow: BTreeMap<&str, Vec<&Exchange>> = BTreeMap::new();
        for exchange in &tape.exchanges {
            if let Some(flow) = &exchange.flow {
                by_flow.entry(flow).or_default().push(exchange);
            }
        }
        Self {
            tape,
            by_flow,
            facts: tape.files.iter().map(|file| (file.exchange, file)).collect(),
            flows: tape.flows.iter().map(|flow| (flow.name.as_str(), flow)).collect(),
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
            (exchange.role == Role::Poll && exchange.phase == Some(crate::tape::model::Phase::Complete))
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
    crate::tape::shape::is_manifest(json).then_some(json)
}

/// The items of one list of a manifest; none where it is no array.
fn items<'m>(manifest: &'m Value, list: &str) -> &'m [Value] {
    manifest.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A sum of what a tape says: it may say anything.
fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// What a check of manifests says of an exchange without one.
fn no_manifest() -> Held {
    Held::Nothing("there is no manifest".to_owned())
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
pub struct Scene<'a> {
    /// The tape.
    pub index: &'a Index<'a>,
    /// The test that asks.
    pub test: &'a PlannedTest,
    /// The flow it is run on.
    pub flow: &'a FlowRecord,
    /// The flow to compare with: the first of the test's that ran at the same level.
    pub beside: Option<&'a FlowRecord>,
}

/// Runs a built-in check on one exchange.
pub fn run(name: CheckName, exchange: &Exchange, scene: &Scene<'_>) -> Held {
    match name {
        CheckName::OneLocation => kickoff::one_location(exchange),
        CheckName::AsWellReceived => kickoff::as_well_received(exchange, scene),
        CheckName::SeparateStatusHonoured => parts::separate_status_honoured(scene),
        CheckName::PreferencesApplied => parts::preferences_applied(exchange),
        CheckName::ExportStatusFits => parts::export_status_fits(exchange),
        CheckName::ManifestUnaltered => parts::manifest_unaltered(exchange, scene),
        CheckName::FieldsOfFirstPage => parts::fields_of_first_page(exchange, scene),
        CheckName::OneNextLink => parts::one_next_link(exchange, scene),
        CheckName::FileKept => parts::file_kept(exchange, scene),
        CheckName::ExportStatusOfFailure => parts::export_status_of_failure(exchange),
        CheckName::SomeLeftOut => select::some_left_out(exchange, scene),
        CheckName::NoneBeyond => select::none_beyond(exchange, scene),
        CheckName::OnlyTypesReturned => select::only_types_returned(exchange, scene, false),
        CheckName::OnlyTypesOrReferenced => select::only_types_returned(exchange, scene, true),
        CheckName::OnlyPatientsAsked => select::only_patients_asked(exchange, scene),
        CheckName::LevelDeclared => capability::level_declared(scene),
        CheckName::DeclaredLevelServed => capability::declared_level_served(exchange, scene),
        CheckName::GuideDeclared => capability::guide_declared(scene),
        CheckName::OperationsPlaced => capability::operations_placed(scene),
        CheckName::TypesDeclared => capability::types_declared(exchange, scene),
        CheckName::PatientsAsCounted => capability::patients_as_counted(exchange, scene),
        CheckName::NoPatientShort => capability::no_patient_short(exchange, scene),
        CheckName::KickoffAccepted => kickoff::kickoff_accepted(scene),
        CheckName::KickoffFound => kickoff::kickoff_found(scene),
        CheckName::JobNotCompleted => kickoff::job_not_completed(exchange, scene),
        CheckName::RequestFitsKickoff => manifest::request_fits_kickoff(exchange, scene),
        CheckName::RequestWithoutBodyParams => manifest::request_without_body_params(exchange, scene),
        CheckName::TransactionTimeNotFuture => manifest::transaction_time_not_future(exchange, scene),
        CheckName::ExpiresLater => manifest::expires_later(exchange, scene),
        CheckName::SameManifest => manifest::same_manifest(exchange, scene),
        CheckName::DistinctUrls => manifest::distinct_urls(exchange),
        CheckName::ExtensionsAreObjects => manifest::extensions_are_objects(exchange),
        CheckName::CountEqualsLines => files::count_equals_lines(exchange, scene),
        CheckName::EmptyOutputWhenNothing => files::empty_output_when_nothing(exchange, scene),
        CheckName::EmptyErrorWhenNothing => files::empty_error_when_nothing(exchange, scene),
        CheckName::NoEmptyFiles => files::no_empty_files(exchange, scene),
        CheckName::NothingAfterTransactionTime => files::nothing_after_transaction_time(exchange, scene),
        CheckName::DeletedNotInOutput => files::deleted_not_in_output(exchange, scene),
        CheckName::PatientListed => files::patient_listed(exchange, scene),
        CheckName::NoOutcomeInOutput => files::no_outcome_in_output(exchange, scene),
        CheckName::LenientReported => files::lenient_reported(exchange, scene),
        CheckName::ResourcesValid => expect::resources_valid(exchange, scene),
        CheckName::ProfilesKept => profiles::kept(exchange, scene),
        CheckName::MustSupportSeen => profiles::must_support_seen(exchange, scene),
        CheckName::SameFile => files::same_file(exchange, scene),
        CheckName::SameResources => files::same_resources(exchange, scene),
        CheckName::AllowedEncoding => files::allowed_encoding(exchange, scene),
        CheckName::Delivered => files::delivered(exchange, scene),
        CheckName::OtherJob => kickoff::other_job(exchange, scene),
        CheckName::OwnOrigin => kickoff::own_origin(exchange, scene),
        CheckName::TransactionTimeInJob => manifest::transaction_time_in_job(exchange, scene),
        CheckName::SameTypes => types::same_types(exchange, scene),
        CheckName::TypesCover => types::types_cover(exchange, scene),
        CheckName::OnlyTypesAsked => types::only_types_asked(exchange, scene),
        CheckName::NoBinaryListed => types::no_binary_listed(exchange),
        CheckName::ExportsNothing => types::exports_nothing(exchange, scene),
        CheckName::NothingBeforeSince => types::nothing_before_since(exchange, scene),
        CheckName::TokenRequired => served::token_required(exchange, scene),
        CheckName::StoredVersion => served::stored_version(exchange, scene),
        CheckName::NotPublic => served::not_public(exchange),
        CheckName::AnnouncedLength => served::announced_length(exchange, scene),
        CheckName::DeclaresExport => served::declares_export(exchange),
        CheckName::WrappedBinary => types::wrapped_binary(exchange, scene),
        CheckName::ModernTls => tls::modern_tls(exchange, scene),
        CheckName::NewestTls => tls::newest_tls(exchange),
        CheckName::OldTlsRefused => tls::old_tls_refused(exchange, scene),
        CheckName::TokenOrigin => tls::token_origin(exchange, scene),
        CheckName::KeySetRead => grants::key_set_read(scene),
        CheckName::KeySetKept => grants::key_set_kept(scene),
        CheckName::ScopeWithheld => grants::scope_withheld(exchange),
        CheckName::GivesTokens => auth::gives_tokens(scene),
        CheckName::TokenGranted => auth::token_granted(exchange, scene),
        CheckName::TokenResponse => auth::token_response(exchange),
        CheckName::ShortToken => auth::short_token(exchange),
        CheckName::NoStore => auth::no_store(exchange),
        CheckName::ScopeNotBroader => auth::scope_not_broader(exchange),
        CheckName::OauthError => auth::oauth_error(exchange),
        CheckName::EndpointsAbsolute => auth::endpoints_absolute(exchange),
        CheckName::SmartUsed => auth::smart_used(scene),
        CheckName::DoorClosed => auth::door_closed(scene),
        CheckName::FilesNeedToken => auth::files_need_token(scene),
        CheckName::TokenStaysHome => auth::token_stays_home(exchange, scene),
        CheckName::NoTokenEchoed => auth::no_token_echoed(exchange),
        CheckName::WithinScope => auth::within_scope(exchange, scene),
        CheckName::AsIfUnknown => auth::as_if_unknown(exchange, scene),
        CheckName::OnlyMatching => select::only_matching(exchange, scene),
        CheckName::WithinBeside => select::within_beside(exchange, scene),
        CheckName::AllExpected => select::all_expected(exchange, scene),
        CheckName::OnlyMembers => kin::only_members(exchange, scene),
        CheckName::CompartmentTypes => kin::compartment_types(exchange, scene),
        CheckName::NoPatientBinary => kin::no_patient_binary(exchange, scene),
        CheckName::ProvenanceThere => kin::provenance_there(exchange, scene),
        CheckName::ProvenanceNarrowed => kin::provenance_narrowed(exchange, scene),
        CheckName::ProvenanceNewest => kin::provenance_newest(exchange, scene),
        CheckName::ProvenanceUnion => kin::provenance_union(exchange, scene),
        CheckName::ElementsTrimmed => kin::elements_trimmed(exchange, scene),
        CheckName::ElementsKept => kin::elements_kept(exchange, scene),
        CheckName::ElementsMandatory => kin::elements_mandatory(exchange, scene),
        CheckName::ElementsTagged => kin::elements_tagged(exchange, scene),
        CheckName::AttachmentAnswers => kin::attachment_answers(exchange),
        CheckName::AttachmentTakesToken => kin::attachment_takes_token(exchange),
        CheckName::AttachmentOpen => kin::attachment_open(exchange, scene),
        CheckName::OrganizedAtAll => organized::organized_at_all(scene),
        CheckName::OrganizedNamed => organized::organized_named(scene),
        CheckName::OrganizedUntyped => organized::organized_untyped(exchange, scene),
        CheckName::OrganizedHeaders => organized::organized_headers(scene),
        CheckName::OrganizedWhole => organized::organized_whole(scene),
        CheckName::OrganizedOwn => organized::organized_own(scene),
        CheckName::OrganizedTogether => organized::organized_together(scene),
        CheckName::OrganizedLinked => organized::organized_linked(scene),
        CheckName::OrganizedRepeated => organized::organized_repeated(scene),
        CheckName::OrganizedCompartment => organized::organized_compartment(scene),
        CheckName::TokenSent => access::token_sent(exchange, scene),
        CheckName::OpenToAll => access::open_to_all(scene),
        CheckName::CapabilityUrl => access::capability_url(exchange, scene),
        CheckName::NoBearerChallenge => access::no_bearer_challenge(exchange),
        CheckName::PartlyDone => mishaps::partly_done(exchange),
        CheckName::ErrorStatus => mishaps::error_status(exchange),
        CheckName::TransientCode => mishaps::transient_code(exchange),
        CheckName::ErrorInPlace => mishaps::error_in_place(exchange, scene),
        CheckName::OutlastsExpires => mishaps::outlasts_expires(exchange, scene),
        CheckName::SomeLevelAnswers => declared::some_level_answers(exchange, scene),
        CheckName::FilterDeclared => declared::filter_declared(exchange, scene),
        CheckName::RefusedTypeFlagged => declared::refused_type_flagged(exchange, scene),
        CheckName::CohortDeclared => declared::cohort_declared(scene),
        CheckName::ExpiresReadable => manifest::expires_readable(exchange),
        CheckName::UndeclaredTypeRefused => declared::undeclared_type_refused(exchange, scene),
        CheckName::CohortFiltered => declared::cohort_filtered(exchange),
    }
}
