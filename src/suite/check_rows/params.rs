//! The built-in checks of what parameters select, one row each. [`crate::suite::check_rows::all`] explains rows.

macro_rules! params_checks {
    ({ $($earlier:tt)* } $next:path $(, $rest:path)*) => { $next! { {
        $($earlier)*
        /// Some line lost elements that were not asked for.
        ElementsTrimmed = "elements-trimmed" {
            run params::elements::elements_trimmed, on Manifests, needs [Files, Source],
            says "some line lost elements that _elements does not name"
        }
        /// The lines of every type kept the elements that were asked for.
        ElementsKept = "elements-kept" {
            run params::elements::elements_kept, on Manifests, needs [Files, Source],
            says "every line keeps the elements that _elements names"
        }
        /// No line lost a mandatory element.
        ElementsMandatory = "elements-mandatory" {
            run params::elements::elements_mandatory, on Manifests, needs [Files, Source],
            says "no line loses a mandatory element"
        }
        /// Every line that lost elements says so.
        ElementsTagged = "elements-tagged" {
            run params::elements::elements_tagged, on Manifests, needs [Files, Source],
            says "every line that lost elements is tagged SUBSETTED"
        }
        /// Every resource of the file passes the filters that were sent.
        OnlyMatching = "only-matching" {
            run params::filters::only_matching, on Files, needs [Files, Comparison],
            says "every resource passes the filter that was sent for its type"
        }
        /// Of no type more came back than with the flow beside it.
        WithinCompared = "within-compared" {
            run params::filters::within_compared, on Manifests, needs [Files],
            says "of no type more came back than with the export beside it"
        }
        /// What the flow that this one is compared with holds, and what was asked for takes in, came back.
        AllExpected = "all-expected" {
            run params::filters::all_expected, on Manifests, needs [Files, Comparison],
            says "everything that was asked for and that the earlier export holds came back"
        }
        /// Some of what a date or a filter leaves out did not come back.
        SomeLeftOut = "some-left-out" {
            run params::filters::some_left_out, on Manifests, needs [Files, Comparison],
            says "some of what a date or a filter leaves out did not come"
        }
        /// Nothing that a date leaves out came back, but for what is referred to.
        NoneBeyond = "none-beyond" {
            run params::filters::none_beyond, on Manifests, needs [Files, Comparison],
            says "nothing comes that a date leaves out"
        }
        /// What is about exported resources in Provenance, and was exported before, came.
        ProvenanceThere = "provenance-there" {
            run params::provenance::provenance_there, on Manifests, needs [Files, Source],
            says "all Provenance of what comes, and that the earlier export holds, comes"
        }
        /// Some Provenance was left out.
        ProvenanceNarrowed = "provenance-narrowed" {
            run params::provenance::provenance_narrowed, on Manifests, needs [Files, Source],
            says "some Provenance of what comes is left out"
        }
        /// Of each exported resource the newest Provenance came, and no other.
        ProvenanceNewest = "provenance-newest" {
            run params::provenance::provenance_newest, on Manifests, needs [Files, Source],
            says "of each resource that comes the newest Provenance comes, and none that is older"
        }
        /// Where the flow beside it left Provenance out, all came.
        ProvenanceUnion = "provenance-union" {
            run params::provenance::provenance_union, on Manifests, needs [Files, Source],
            says "all Provenance comes, where the value for the newest alone leaves some out"
        }
        /// The types listed are those of the flow beside it.
        SameTypes = "same-types" {
            run params::types::same_types, on Manifests, needs [],
            says "the types listed are those of the export beside it"
        }
        /// The types of the flow beside it are all listed.
        TypesCover = "types-cover" {
            run params::types::types_cover, on Manifests, needs [],
            says "the types of the export beside it are all listed"
        }
        /// No type is listed that `_type` does not name.
        OnlyTypesAsked = "only-types-asked" {
            run params::types::only_types_asked, on Manifests, needs [],
            says "no type is listed that _type does not name"
        }
        /// No file of type Binary is listed.
        NoBinaryListed = "no-binary-listed" {
            run params::types::no_binary_listed, on Manifests, needs [],
            says "no file of type Binary is listed"
        }
        /// Nothing is exported where a filter matches nothing.
        ExportsNothing = "exports-nothing" {
            run params::types::exports_nothing, on Manifests, needs [Files],
            says "no resource is exported, for the filter matches none"
        }
        /// No resource is older than `_since`.
        NothingBeforeSince = "nothing-before-since" {
            run params::types::nothing_before_since, on Files, needs [Files],
            says "no meta.lastUpdated is earlier than _since"
        }
        /// The file came as one Binary resource.
        WrappedBinary = "wrapped-binary" {
            run params::types::wrapped_binary, on Files, needs [Files],
            says "the file comes as one Binary resource"
        }
        /// No resource came whose type `_type` does not name.
        OnlyTypesReturned = "only-types-returned" {
            run params::unrequested::only_types_returned, on Manifests, needs [Files, UnrequestedResources],
            says "no resource comes whose type _type does not name"
        }
        /// The same, but for resources that other lines refer to.
        OnlyTypesOrReferenced = "only-types-or-referenced" {
            run params::unrequested::only_types_or_referenced, on Manifests, needs [Files, UnrequestedResources],
            says "no resource comes whose type _type does not name, but for those that other lines refer to"
        }
        /// No resource came of a patient whom `patient` does not name.
        OnlyPatientsAsked = "only-patients-asked" {
            run params::unrequested::only_patients_asked, on Manifests, needs [Files, UnrequestedResources],
            says "no resource comes of a patient whom patient does not name"
        }
        /// No resource of a Group's export is of a patient who is no member.
        OnlyMembers = "only-members" {
            run params::unrequested::only_members, on Manifests, needs [Files, UnrequestedResources],
            says "no resource comes of a patient who is no member of the Group"
        }
        /// Of the types of which an export of everything holds resources about patients, each came.
        CompartmentTypes = "compartment-types" {
            run params::unrequested::compartment_types, on Manifests, needs [Files, Source],
            says "each type comes of which an export of everything holds resources about patients"
        }
        /// No Binary line is a patient's.
        NoPatientBinary = "no-patient-binary" {
            run params::unrequested::no_patient_binary, on Manifests, needs [Files, UnrequestedResources],
            says "no Binary line is a patient's"
        }
    } $($rest),* } };
}
pub(crate) use params_checks;
