//! The built-in checks of the CapabilityStatement and of Groups, one row each.
//! [`crate::suite::check_rows::all`] explains rows.

macro_rules! metadata_checks {
    ({ $($earlier:tt)* } $next:path $(, $rest:path)*) => { $next! { {
        $($earlier)*
        /// The CapabilityStatement declares `$export` at system level.
        DeclaresExport = "declares-export" {
            run metadata::capability::declares_export, on Probes, needs [],
            says "the CapabilityStatement declares $export at system level"
        }
        /// The CapabilityStatement declares an export at the level of the flow.
        LevelDeclared = "level-declared" {
            run metadata::capability::level_declared, on Any, needs [],
            says "the CapabilityStatement declares an export at this level"
        }
        /// The server offers the export level that its CapabilityStatement declares.
        DeclaredLevelServed = "declared-level-served" {
            run metadata::capability::declared_level_served, on Kickoffs, needs [],
            says "the server offers an export level that its CapabilityStatement declares"
        }
        /// `instantiates` of the CapabilityStatement names the guide or its CapabilityStatement.
        GuideDeclared = "guide-declared" {
            run metadata::capability::guide_declared, on Any, needs [],
            says "instantiates in the CapabilityStatement names the guide or its CapabilityStatement"
        }
        /// The CapabilityStatement has export operations in the right places.
        OperationsPlaced = "operations-placed" {
            run metadata::capability::operations_placed, on Any, needs [],
            says "export operations are in the right places of the CapabilityStatement"
        }
        /// The CapabilityStatement lists every exported type.
        TypesDeclared = "types-declared" {
            run metadata::capability::types_declared, on Manifests, needs [Files],
            says "the CapabilityStatement lists every exported type"
        }
        /// Patients are exported if a search counts any.
        PatientsAsCounted = "patients-as-counted" {
            run metadata::capability::patients_as_counted, on Probes, needs [Files],
            says "patients are exported if a search counts any"
        }
        /// As many patients are exported as a search counts.
        NoPatientShort = "no-patient-short" {
            run metadata::capability::no_patient_short, on Probes, needs [Files, Probe("count-before")],
            says "as many patients are exported as a search counts"
        }
        /// The CapabilityStatement lists the Bulk Cohort profile for Group. Use it as a condition.
        CohortDeclared = "cohort-declared" {
            run metadata::cohort::cohort_declared, on Any, needs [],
            says "the CapabilityStatement lists the Bulk Cohort profile for Group"
        }
        /// A Group that claims the Bulk Cohort profile has a member filter.
        CohortFiltered = "cohort-filtered" {
            run metadata::cohort::cohort_filtered, on Probes, needs [],
            says "a Group that claims the Bulk Cohort profile has a member filter"
        }
        /// The settings state that the server has the Bulk Cohort API (`--cohorts`).
        CohortClaimed = "cohort-claimed" {
            run metadata::cohort::cohort_claimed, on Any, needs [],
            says "the settings state that the server has the Bulk Cohort API"
        }
        /// The CapabilityStatement lists the Bulk Cohort profile for Group. Use it as an expectation.
        CohortListed = "cohort-listed" {
            run metadata::cohort::cohort_listed, on Any, needs [],
            says "the CapabilityStatement lists the Bulk Cohort profile in supportedProfile of Group"
        }
        /// The Group that the run created has a member filter.
        MadeFiltered = "made-filtered" {
            run metadata::cohort::made_filtered, on Probes, needs [],
            says "the Group has the member filter that it was created with"
        }
        /// The search by name finds the Group that the run created, and no Group with another name.
        FoundByName = "found-by-name" {
            run metadata::cohort::found_by_name, on Probes, needs [],
            says "the search finds the Group and no Group with another name"
        }
        /// Another export of the run, of a Group if there is one, completed.
        ExportsElsewhere = "exports-elsewhere" {
            run metadata::cohort::exports_elsewhere, on Any, needs [],
            says "another export of the run, of a Group if there is one, completed"
        }
        /// The DELETE of the Group that the run created succeeded.
        GroupErased = "group-erased" {
            run metadata::cohort::group_erased, on Any, needs [],
            says "the DELETE of the Group succeeded"
        }
        /// The server accepts a kick-off at one level at least.
        SomeLevelAnswers = "some-level-answers" {
            run metadata::declared::some_level_answers, on Kickoffs, needs [],
            says "the server accepts a kick-off at one level at least"
        }
        /// The CapabilityStatement lists the search parameter of a filter that has an effect.
        FilterDeclared = "filter-declared" {
            run metadata::declared::filter_declared, on Kickoffs, needs [Files, Comparison],
            says "the CapabilityStatement lists the search parameter of a filter that has an effect"
        }
        /// A listed type that the server refuses in `_type` has the extension for unsupported operations.
        RefusedTypeFlagged = "refused-type-flagged" {
            run metadata::declared::refused_type_flagged, on Kickoffs, needs [],
            says "the CapabilityStatement marks a listed type that the server refuses in _type as not supported"
        }
        /// The server refuses a type in `_type` that the CapabilityStatement does not list, or exports its resources.
        UndeclaredTypeRefused = "undeclared-type-refused" {
            run metadata::declared::undeclared_type_refused, on Kickoffs, needs [Files],
            says "the server refuses a type that the CapabilityStatement does not list, or exports its resources"
        }
    } $($rest),* } };
}
pub(crate) use metadata_checks;
