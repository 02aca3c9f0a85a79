//! What each check looks at: how far a flow must go for it, and what must be measured there.

use crate::suite::check_names::CheckName;

impl CheckName {
    /// Whether the check can only be decided from what was measured on the flow's files.
    pub fn needs_files(self) -> bool {
        match self {
            CheckName::CountEqualsLines
            | CheckName::EmptyOutputWhenNothing
            | CheckName::EmptyErrorWhenNothing
            | CheckName::NoEmptyFiles
            | CheckName::NothingAfterTransactionTime
            | CheckName::DeletedNotInOutput
            | CheckName::SameFile
            | CheckName::ResourcesValid
            | CheckName::ProfilesKept
            | CheckName::MustSupportSeen
            | CheckName::AllowedEncoding
            | CheckName::SameResources
            | CheckName::NoOutcomeInOutput
            | CheckName::LenientReported
            | CheckName::ExportsNothing
            | CheckName::NothingBeforeSince
            | CheckName::WrappedBinary
            | CheckName::WithinScope
            | CheckName::NotPublic
            | CheckName::AnnouncedLength
            | CheckName::FileKept
            | CheckName::OnlyMatching
            | CheckName::AllExpected
            | CheckName::SomeLeftOut
            | CheckName::NoneBeyond
            | CheckName::OnlyTypesReturned
            | CheckName::OnlyTypesOrReferenced
            | CheckName::OnlyPatientsAsked
            | CheckName::TypesDeclared
            | CheckName::PatientsAsCounted
            | CheckName::NoPatientShort
            | CheckName::WithinCompared
            | CheckName::OnlyMembers
            | CheckName::CompartmentTypes
            | CheckName::NoPatientBinary
            | CheckName::ProvenanceThere
            | CheckName::ProvenanceNarrowed
            | CheckName::ProvenanceNewest
            | CheckName::ProvenanceUnion
            | CheckName::ElementsTrimmed
            | CheckName::ElementsKept
            | CheckName::ElementsMandatory
            | CheckName::ElementsTagged
            | CheckName::OrganizedAtAll
            | CheckName::OrganizedNamed
            | CheckName::OrganizedUntyped
            | CheckName::OrganizedHeaders
            | CheckName::OrganizedWhole
            | CheckName::OrganizedOwn
            | CheckName::OrganizedTogether
            | CheckName::OrganizedLinked
            | CheckName::OrganizedRepeated
            | CheckName::OrganizedCompartment
            | CheckName::ErrorInPlace
            | CheckName::OutlastsExpires
            | CheckName::FilterDeclared
            | CheckName::ChangesCome
            | CheckName::DeletionsTold
            | CheckName::FailuresTold
            | CheckName::KeptResourcesStay
            | CheckName::Delivered => true,
            CheckName::OneLocation
            | CheckName::RequestFitsKickoff
            | CheckName::RequestWithoutBodyParams
            | CheckName::TransactionTimeNotFuture
            | CheckName::ExpiresLater
            | CheckName::SameManifest
            | CheckName::DistinctUrls
            | CheckName::PatientListed
            | CheckName::OtherJob
            | CheckName::OwnOrigin
            | CheckName::TransactionTimeInJob
            | CheckName::SameTypes
            | CheckName::TypesCover
            | CheckName::OnlyTypesAsked
            | CheckName::NoBinaryListed
            | CheckName::ExtensionsAreObjects
            | CheckName::FilesNeedToken
            | CheckName::StoredVersion
            | CheckName::DeclaresExport
            | CheckName::AsWellReceived
            | CheckName::SeparateStatusHonoured
            | CheckName::PreferencesApplied
            | CheckName::ExportStatusFits
            | CheckName::ManifestUnaltered
            | CheckName::FieldsOfFirstPage
            | CheckName::OneNextLink
            | CheckName::ExportStatusOfFailure
            | CheckName::LevelDeclared
            | CheckName::DeclaredLevelServed
            | CheckName::GuideDeclared
            | CheckName::OperationsPlaced
            | CheckName::KickoffAccepted
            | CheckName::KickoffFound
            | CheckName::ModernTls
            | CheckName::NewestTls
            | CheckName::OldTlsRefused
            | CheckName::TokenOrigin
            | CheckName::KeySetRead
            | CheckName::KeySetKept
            | CheckName::ScopeWithheld
            | CheckName::GivesTokens
            | CheckName::TokenGranted
            | CheckName::TokenResponse
            | CheckName::ShortToken
            | CheckName::NoStore
            | CheckName::ScopeNotBroader
            | CheckName::OauthError
            | CheckName::EndpointsAbsolute
            | CheckName::SmartUsed
            | CheckName::AnonymousRefused
            | CheckName::TokenRequired
            | CheckName::TokenStaysHome
            | CheckName::NoTokenEchoed
            | CheckName::AsIfUnknown
            | CheckName::AttachmentAnswers
            | CheckName::AttachmentTakesToken
            | CheckName::AttachmentOpen
            | CheckName::TokenSent
            | CheckName::OpenToAll
            | CheckName::CapabilityUrl
            | CheckName::NoBearerChallenge
            | CheckName::PartlyDone
            | CheckName::ErrorStatus
            | CheckName::TransientCode
            | CheckName::SomeLevelAnswers
            | CheckName::RefusedTypeFlagged
            | CheckName::CohortDeclared
            | CheckName::CohortFiltered
            | CheckName::CohortClaimed
            | CheckName::CohortListed
            | CheckName::MadeFiltered
            | CheckName::FoundByName
            | CheckName::GroupErased
            | CheckName::ExportsElsewhere
            | CheckName::UndeclaredTypeRefused
            | CheckName::ExpiresReadable
            | CheckName::JobUrlsHardToGuess
            | CheckName::FileUrlsHardToGuess
            | CheckName::NoSecretShown
            | CheckName::JobNotCompleted => false,
        }
    }

    /// The probe of the same flow that the check compares with.
    pub fn compares_with(self) -> Option<&'static str> {
        match self {
            CheckName::GivesTokens => Some("token"),
            CheckName::TokenGranted => Some("with-client-id"),
            CheckName::KeySetKept => Some("again"),
            CheckName::NoPatientShort => Some("count-before"),
            CheckName::AnonymousRefused => Some("no-token"),
            CheckName::AsIfUnknown => Some("second-unknown"),
            _ => None,
        }
    }

    /// Whether the check looks at what the filters say of the flow's resources, or at what its source holds.
    pub fn needs_comparison(self) -> bool {
        matches!(
            self,
            CheckName::OnlyMatching
                | CheckName::AllExpected
                | CheckName::SomeLeftOut
                | CheckName::NoneBeyond
                | CheckName::SameResources
                | CheckName::FilterDeclared
        )
    }

    /// Whether the check looks at the blocks of organised files.
    pub fn needs_blocks(self) -> bool {
        matches!(
            self,
            CheckName::OrganizedAtAll
                | CheckName::OrganizedNamed
                | CheckName::OrganizedUntyped
                | CheckName::OrganizedHeaders
                | CheckName::OrganizedWhole
                | CheckName::OrganizedOwn
                | CheckName::OrganizedTogether
                | CheckName::OrganizedLinked
                | CheckName::OrganizedRepeated
                | CheckName::OrganizedCompartment
        )
    }

    /// Whether the check looks at what came without having been asked for.
    pub fn needs_census(self) -> bool {
        matches!(
            self,
            CheckName::OnlyTypesReturned
                | CheckName::OnlyTypesOrReferenced
                | CheckName::OnlyPatientsAsked
                | CheckName::OnlyMembers
                | CheckName::NoPatientBinary
        ) || self.needs_source()
    }

    /// Whether the check holds what came against what the flow's source holds, beyond what filters and dates say.
    pub fn needs_source(self) -> bool {
        matches!(
            self,
            CheckName::CompartmentTypes
                | CheckName::ProvenanceThere
                | CheckName::ProvenanceNarrowed
                | CheckName::ProvenanceNewest
                | CheckName::ProvenanceUnion
                | CheckName::ElementsTrimmed
                | CheckName::ElementsKept
                | CheckName::ElementsMandatory
                | CheckName::ElementsTagged
        )
    }

    /// Whether the check compares which resources there are, so that their identity must be measured.
    pub fn needs_identity(self) -> bool {
        matches!(self, CheckName::SameResources | CheckName::DeletedNotInOutput)
    }
}
