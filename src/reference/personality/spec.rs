//! The specs that the reference server implements.

use crate::base::vocabulary::words;

words! {
    /// The spec that the server implements.
    Personality {
        /// The lesson, for which the server behaves as for HL7 STU 3.
        Lesson = "lesson",
        /// HL7 Bulk Data Access, STU 1.
        Stu1 = "hl7-1.0.1",
        /// HL7 Bulk Data Access, STU 2.
        Stu2 = "hl7-2.0.0",
        /// HL7 Bulk Data Access, STU 3.
        Stu3 = "hl7-3.0.0",
        /// Smile CDR's bulk export, built on HAPI FHIR.
        Smile = "smile-cdr",
        /// Australia's Health Connect Provider Directory, on top of STU 3.
        Hcpd = "au-hcpd-0.3.0-preview",
    }
}

impl Personality {
    /// The edition of HL7's guide that it implements or extends: 1, 2 or 3.
    pub fn edition(self) -> u8 {
        match self {
            Personality::Stu1 => 1,
            Personality::Stu2 => 2,
            Personality::Stu3 | Personality::Smile | Personality::Lesson | Personality::Hcpd => 3,
        }
    }

    /// The version of HL7's guide, such as `3.0.0`.
    pub fn version(self) -> &'static str {
        match self {
            Personality::Stu1 => "1.0.1",
            Personality::Stu2 => "2.0.0",
            Personality::Stu3 | Personality::Smile | Personality::Lesson | Personality::Hcpd => "3.0.0",
        }
    }

    /// Whether it is built on HAPI FHIR.
    pub(crate) fn is_hapi(self) -> bool {
        matches!(self, Personality::Smile | Personality::Hcpd)
    }

    /// Whether it has `_elements` and `includeAssociatedData`, which STU 2 added and the products do not support.
    pub(crate) fn has_elements(self) -> bool {
        self.edition() >= 2 && !self.is_hapi()
    }

    /// Whether it has `organizeOutputBy`.
    pub(crate) fn has_organized_output(self) -> bool {
        matches!(self, Personality::Stu3 | Personality::Lesson)
    }

    /// Whether it supports an export status separate from the status of the poll, which STU 3 added.
    pub(crate) fn has_separate_status(self) -> bool {
        self.edition() >= 3 && self != Personality::Smile
    }
}
