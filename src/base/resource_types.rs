//! The names of FHIR's resource types: three lists without overlap, each sorted.

/// The types of R4's patient compartment.
#[rustfmt::skip]
const R4_PATIENT_COMPARTMENT: &[&str] = &[
    "Account", "AdverseEvent", "AllergyIntolerance", "Appointment", "AppointmentResponse", "AuditEvent", "Basic",
    "BodyStructure", "CarePlan", "CareTeam", "ChargeItem", "Claim", "ClaimResponse", "ClinicalImpression",
    "Communication", "CommunicationRequest", "Composition", "Condition", "Consent", "Coverage",
    "CoverageEligibilityRequest", "CoverageEligibilityResponse", "DetectedIssue", "DeviceRequest", "DeviceUseStatement",
    "DiagnosticReport", "DocumentManifest", "DocumentReference", "Encounter", "EnrollmentRequest", "EpisodeOfCare",
    "ExplanationOfBenefit", "FamilyMemberHistory", "Flag", "Goal", "Group", "ImagingStudy", "Immunization",
    "ImmunizationEvaluation", "ImmunizationRecommendation", "Invoice", "List", "MeasureReport", "Media",
    "MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement", "MolecularSequence",
    "NutritionOrder", "Observation", "Patient", "Person", "Procedure", "Provenance", "QuestionnaireResponse",
    "RelatedPerson", "RequestGroup", "ResearchSubject", "RiskAssessment", "Schedule", "ServiceRequest", "Specimen",
    "SupplyDelivery", "SupplyRequest", "VisionPrescription",
];

/// The other types of R4.
#[rustfmt::skip]
const R4_OUTSIDE_PATIENT_COMPARTMENT: &[&str] = &[
    "ActivityDefinition", "Binary", "BiologicallyDerivedProduct", "Bundle", "CapabilityStatement", "CatalogEntry",
    "ChargeItemDefinition", "CodeSystem", "CompartmentDefinition", "ConceptMap", "Contract", "Device",
    "DeviceDefinition", "DeviceMetric", "EffectEvidenceSynthesis", "Endpoint", "EnrollmentResponse", "EventDefinition",
    "Evidence", "EvidenceVariable", "ExampleScenario", "GraphDefinition", "GuidanceResponse", "HealthcareService",
    "ImplementationGuide", "InsurancePlan", "Library", "Linkage", "Location", "Measure", "Medication",
    "MedicationKnowledge", "MedicinalProduct", "MedicinalProductAuthorization", "MedicinalProductContraindication",
    "MedicinalProductIndication", "MedicinalProductIngredient", "MedicinalProductInteraction",
    "MedicinalProductManufactured", "MedicinalProductPackaged", "MedicinalProductPharmaceutical",
    "MedicinalProductUndesirableEffect", "MessageDefinition", "MessageHeader", "NamingSystem", "ObservationDefinition",
    "OperationDefinition", "OperationOutcome", "Organization", "OrganizationAffiliation", "Parameters", "PaymentNotice",
    "PaymentReconciliation", "PlanDefinition", "Practitioner", "PractitionerRole", "Questionnaire",
    "ResearchDefinition", "ResearchElementDefinition", "ResearchStudy", "RiskEvidenceSynthesis", "SearchParameter",
    "Slot", "SpecimenDefinition", "StructureDefinition", "StructureMap", "Subscription", "Substance",
    "SubstanceNucleicAcid", "SubstancePolymer", "SubstanceProtein", "SubstanceReferenceInformation",
    "SubstanceSourceMaterial", "SubstanceSpecification", "Task", "TerminologyCapabilities", "TestReport", "TestScript",
    "ValueSet", "VerificationResult",
];

/// The types of DSTU 2, STU 3, R4B and R5 that R4 does not have.
#[rustfmt::skip]
const NOT_IN_R4: &[&str] = &[
    "ActorDefinition", "AdministrableProductDefinition", "ArtifactAssessment", "BiologicallyDerivedProductDispense",
    "BodySite", "Citation", "ClinicalUseDefinition", "ConditionDefinition", "Conformance", "DataElement", "DeviceAlert",
    "DeviceAssociation", "DeviceComponent", "DeviceDispense", "DeviceUsage", "DeviceUseRequest", "DiagnosticOrder",
    "EligibilityRequest", "EligibilityResponse", "EncounterHistory", "EvidenceReport", "ExpansionProfile",
    "FormularyItem", "GenomicStudy", "ImagingManifest", "ImagingObjectSelection", "ImagingSelection", "Ingredient",
    "InsuranceProduct", "InventoryItem", "InventoryReport", "ManufacturedItemDefinition", "MedicationOrder",
    "MedicinalProductDefinition", "MolecularDefinition", "NutritionIntake", "NutritionProduct", "Order",
    "OrderResponse", "PackagedProductDefinition", "Permission", "PersonalRelationship", "ProcedureRequest",
    "ProcessRequest", "ProcessResponse", "ReferralRequest", "RegulatedAuthorization", "RequestOrchestration",
    "Requirements", "Sequence", "ServiceDefinition", "SubscriptionStatus", "SubscriptionTopic", "SubstanceDefinition",
    "TestPlan", "Transport",
];

/// Whether `name` is a resource type of any FHIR version from DSTU 2 to R5. A server may use any of them.
pub fn is_known(name: &str) -> bool {
    is_r4(name) || NOT_IN_R4.binary_search(&name).is_ok()
}

/// Returns the resource types of all FHIR versions from DSTU 2 to R5.
pub fn all() -> impl Iterator<Item = &'static str> {
    [R4_PATIENT_COMPARTMENT, R4_OUTSIDE_PATIENT_COMPARTMENT, NOT_IN_R4].into_iter().flatten().copied()
}

/// Whether FHIR R4 has a resource type of this name.
pub fn is_r4(name: &str) -> bool {
    is_in_patient_compartment(name) || R4_OUTSIDE_PATIENT_COMPARTMENT.binary_search(&name).is_ok()
}

/// Whether the type is in R4's patient compartment: its resources can belong to patients.
pub fn is_in_patient_compartment(name: &str) -> bool {
    R4_PATIENT_COMPARTMENT.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_do_not_overlap() {
        for list in [R4_PATIENT_COMPARTMENT, R4_OUTSIDE_PATIENT_COMPARTMENT, NOT_IN_R4] {
            assert!(list.is_sorted());
        }
        assert!(R4_OUTSIDE_PATIENT_COMPARTMENT.iter().all(|name| !is_in_patient_compartment(name)));
        assert!(NOT_IN_R4.iter().all(|name| !is_r4(name)));
    }

    #[test]
    fn types_are_classified() {
        assert!(is_in_patient_compartment("Observation") && is_r4("Observation") && is_known("Observation"));
        assert!(!is_in_patient_compartment("Organization") && is_r4("Organization"));
        assert!(!is_r4("NutritionIntake") && is_known("NutritionIntake"));
        assert!(!is_known("patient") && !is_known("Patients"));
    }
}
