//! The built-in checks of what parameters select, one row each. [`crate::suite::check_rows::all`] explains rows.

macro_rules! params_checks {
    ({ $($earlier:tt)* } $next:path $(, $rest:path)*) => { $next! { {
        $($earlier)*
        /// In some line, elements that `_elements` does not name are left out.
        ElementsTrimmed = "elements-trimmed" {
            run params::elements::elements_trimmed, on Manifests, needs [Files, Source],
            says "in some line, elements that _elements does not name are left out"
        }
        /// Every line has the elements that `_elements` names.
        ElementsKept = "elements-kept" {
            run params::elements::elements_kept, on Manifests, needs [Files, Source],
            says "every line has the elements that _elements names"
        }
        /// No line lacks a mandatory element because of `_elements`.
        ElementsMandatory = "elements-mandatory" {
            run params::elements::elements_mandatory, on Manifests, needs [Files, Source],
            says "every line has its mandatory elements"
        }
        /// Every line without some of its elements is tagged SUBSETTED.
        ElementsTagged = "elements-tagged" {
            run params::elements::elements_tagged, on Manifests, needs [Files, Source],
            says "every line that lacks elements because of _elements is tagged SUBSETTED"
        }
        /// Every resource of the file passes the filters for its type.
        OnlyMatching = "only-matching" {
            run params::filters::only_matching, on Files, needs [Files, Comparison],
            says "every resource passes the filter for its type"
        }
        /// For no type are there more resources than in the export under `compare-with`.
        WithinCompared = "within-compared" {
            run params::filters::within_compared, on Manifests, needs [Files],
            says "the export has no more resources of any type than the export to compare with"
        }
        /// The export has every requested resource of the export that it is compared with.
        AllExpected = "all-expected" {
            run params::filters::all_expected, on Manifests, needs [Files, Comparison],
            says "the export has every requested resource of the earlier export"
        }
        /// Some resources that a date or filter excludes are not exported.
        SomeLeftOut = "some-left-out" {
            run params::filters::some_left_out, on Manifests, needs [Files, Comparison],
            says "some resources that a date or filter excludes are not exported"
        }
        /// No resource is exported that a date excludes, except for resources that others refer to.
        NoneBeyond = "none-beyond" {
            run params::filters::none_beyond, on Manifests, needs [Files, Comparison],
            says "no resource is exported that a date excludes"
        }
        /// The export has all Provenance of exported resources that the earlier export has.
        ProvenanceThere = "provenance-there" {
            run params::provenance::provenance_there, on Manifests, needs [Files, Source],
            says "the export has all Provenance of its resources that the earlier export has"
        }
        /// Some Provenance of exported resources is not exported.
        ProvenanceNarrowed = "provenance-narrowed" {
            run params::provenance::provenance_narrowed, on Manifests, needs [Files, Source],
            says "some Provenance of the exported resources is not exported"
        }
        /// The export has the newest Provenance of each exported resource, and no older one.
        ProvenanceNewest = "provenance-newest" {
            run params::provenance::provenance_newest, on Manifests, needs [Files, Source],
            says "the export has the newest Provenance of each resource, and no older one"
        }
        /// The export has all Provenance, if the export under `compare-with` leaves some out.
        ProvenanceUnion = "provenance-union" {
            run params::provenance::provenance_union, on Manifests, needs [Files, Source],
            says "the export has all Provenance if an export of only the newest leaves some out"
        }
        /// The manifest lists the same types as the export under `compare-with`.
        SameTypes = "same-types" {
            run params::types::same_types, on Manifests, needs [],
            says "the manifest lists the same types as the export to compare with"
        }
        /// The manifest lists all types of the export under `compare-with`.
        TypesCover = "types-cover" {
            run params::types::types_cover, on Manifests, needs [],
            says "the manifest lists all types of the export to compare with"
        }
        /// The manifest lists no type that `_type` does not name.
        OnlyTypesAsked = "only-types-asked" {
            run params::types::only_types_asked, on Manifests, needs [],
            says "the manifest lists no type that _type does not name"
        }
        /// The manifest lists no file of type Binary.
        NoBinaryListed = "no-binary-listed" {
            run params::types::no_binary_listed, on Manifests, needs [],
            says "no file of type Binary is listed"
        }
        /// Nothing is exported, because the filter matches nothing.
        ExportsNothing = "exports-nothing" {
            run params::types::exports_nothing, on Manifests, needs [Files],
            says "no resource is exported, because the filter matches none"
        }
        /// No `meta.lastUpdated` is earlier than `_since`.
        NothingBeforeSince = "nothing-before-since" {
            run params::types::nothing_before_since, on Files, needs [Files],
            says "no meta.lastUpdated is earlier than _since"
        }
        /// The file is one Binary resource.
        WrappedBinary = "wrapped-binary" {
            run params::types::wrapped_binary, on Files, needs [Files],
            says "the file is one Binary resource"
        }
        /// No exported resource has a type that `_type` does not name.
        OnlyTypesReturned = "only-types-returned" {
            run params::unrequested::only_types_returned, on Manifests, needs [Files, UnrequestedResources],
            says "no exported resource has a type that _type does not name"
        }
        /// No exported resource has a type that `_type` does not name, except for resources that other lines refer to.
        OnlyTypesOrReferenced = "only-types-or-referenced" {
            run params::unrequested::only_types_or_referenced, on Manifests, needs [Files, UnrequestedResources],
            says "no exported resource has a type that _type does not name, except if other lines refer to it"
        }
        /// No exported resource belongs to a patient that `patient` does not name.
        OnlyPatientsAsked = "only-patients-asked" {
            run params::unrequested::only_patients_asked, on Manifests, needs [Files, UnrequestedResources],
            says "no exported resource belongs to a patient that the parameter patient does not name"
        }
        /// No resource of a Group export belongs to a patient outside the Group.
        OnlyMembers = "only-members" {
            run params::unrequested::only_members, on Manifests, needs [Files, UnrequestedResources],
            says "no exported resource belongs to a patient outside the Group"
        }
        /// The export has every type that has resources about patients in a system export.
        CompartmentTypes = "compartment-types" {
            run params::unrequested::compartment_types, on Manifests, needs [Files, Source],
            says "the export has every type that has resources about patients in the system export"
        }
        /// No Binary line belongs to a patient.
        NoPatientBinary = "no-patient-binary" {
            run params::unrequested::no_patient_binary, on Manifests, needs [Files, UnrequestedResources],
            says "no Binary line belongs to a patient"
        }
    } $($rest),* } };
}
pub(crate) use params_checks;
