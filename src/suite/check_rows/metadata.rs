//! The built-in checks of the CapabilityStatement and of Groups, one row each.
//! [`crate::suite::check_rows::all`] explains rows.

macro_rules! metadata_checks {
    ({ $($earlier:tt)* } $next:path $(, $rest:path)*) => { $next! { {
        $($earlier)*
        /// The CapabilityStatement declares an export of everything.
        DeclaresExport = "declares-export" {
            run metadata::capability::declares_export, on Probes, needs [],
            says "the CapabilityStatement declares $export for the whole system"
        }
        /// The CapabilityStatement declares an export at the level of the flow.
        LevelDeclared = "level-declared" {
            run metadata::capability::level_declared, on Any, needs [],
            says "the CapabilityStatement declares an export at this level"
        }
        /// A level that the CapabilityStatement declares is served.
        DeclaredLevelServed = "declared-level-served" {
            run metadata::capability::declared_level_served, on Kickoffs, needs [],
            says "a level that the CapabilityStatement declares is served"
        }
        /// The CapabilityStatement instantiates the guide's.
        GuideDeclared = "guide-declared" {
            run metadata::capability::guide_declared, on Any, needs [],
            says "the CapabilityStatement instantiates that of the guide"
        }
        /// Export operations stand where they belong in the CapabilityStatement.
        OperationsPlaced = "operations-placed" {
            run metadata::capability::operations_placed, on Any, needs [],
            says "export operations stand where they belong in the CapabilityStatement"
        }
        /// Every exported type stands in the CapabilityStatement.
        TypesDeclared = "types-declared" {
            run metadata::capability::types_declared, on Manifests, needs [Files],
            says "every exported type stands in the CapabilityStatement"
        }
        /// Where a search counts patients, some were exported.
        PatientsAsCounted = "patients-as-counted" {
            run metadata::capability::patients_as_counted, on Probes, needs [Files],
            says "patients come where a search counts some"
        }
        /// As many patients were exported as a search counts.
        NoPatientShort = "no-patient-short" {
            run metadata::capability::no_patient_short, on Probes, needs [Files, Probe("count-before")],
            says "as many patients come as a search counts"
        }
        /// The profile of cohorts is listed for Group.
        CohortDeclared = "cohort-declared" {
            run metadata::cohort::cohort_declared, on Any, needs [],
            says "the CapabilityStatement lists the profile of cohorts for Group"
        }
        /// A Group of the profile of cohorts has a member filter.
        CohortFiltered = "cohort-filtered" {
            run metadata::cohort::cohort_filtered, on Probes, needs [],
            says "a Group that claims the profile of cohorts has a member filter"
        }
        /// The settings say that the target has the Bulk Cohort API.
        CohortClaimed = "cohort-claimed" {
            run metadata::cohort::cohort_claimed, on Any, needs [],
            says "the settings say that the server has the Bulk Cohort API"
        }
        /// The profile of cohorts is listed for Group, as it must be.
        CohortListed = "cohort-listed" {
            run metadata::cohort::cohort_listed, on Any, needs [],
            says "the CapabilityStatement lists the profile of cohorts for Group, as it must"
        }
        /// The Group that the run made has a member filter.
        MadeFiltered = "made-filtered" {
            run metadata::cohort::made_filtered, on Probes, needs [],
            says "the Group has the member filter that it was made with"
        }
        /// The search for the Group that the run made found it, and none of another name.
        FoundByName = "found-by-name" {
            run metadata::cohort::found_by_name, on Probes, needs [],
            says "the search found the Group, and none of another name"
        }
        /// Another export of the run, of a Group where there is one, ended well.
        ExportsElsewhere = "exports-elsewhere" {
            run metadata::cohort::exports_elsewhere, on Any, needs [],
            says "other exports of the run, of a Group where there is one, end well"
        }
        /// The target said that it deleted the Group that the run made.
        GroupErased = "group-erased" {
            run metadata::cohort::group_erased, on Any, needs [],
            says "the DELETE of the Group succeeded"
        }
        /// A kick-off at one level at least was accepted.
        SomeLevelAnswers = "some-level-answers" {
            run metadata::declared::some_level_answers, on Kickoffs, needs [],
            says "a kick-off at one level at least was accepted"
        }
        /// A search parameter by which a filter filters is listed for its type.
        FilterDeclared = "filter-declared" {
            run metadata::declared::filter_declared, on Kickoffs, needs [Files, Comparison],
            says "the search parameter by which the filter filters is listed in the CapabilityStatement"
        }
        /// A listed type that is refused in `_type` has the extension that says so.
        RefusedTypeFlagged = "refused-type-flagged" {
            run metadata::declared::refused_type_flagged, on Kickoffs, needs [],
            says "a type that is listed in the CapabilityStatement and refused in _type is flagged there"
        }
        /// A type that the CapabilityStatement does not list is refused in `_type`.
        UndeclaredTypeRefused = "undeclared-type-refused" {
            run metadata::declared::undeclared_type_refused, on Kickoffs, needs [],
            says "a type that the CapabilityStatement does not list is refused"
        }
    } $($rest),* } };
}
pub(crate) use metadata_checks;
