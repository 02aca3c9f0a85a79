//! Renders the report of `plimsoll ndjson` as JUnit XML.

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite, XmlString};

use crate::base::unprintable::escape_unprintable;
use crate::ndjson::command::render::describe;
use crate::ndjson::command::report::{FileReport, NdjsonReport};

impl NdjsonReport {
    /// Renders the report as JUnit XML: a suite per file, a failed case per finding, or one passed case if there is
    /// none.
    ///
    /// # Errors
    /// If the XML writer fails.
    pub fn junit(&self) -> Result<String, String> {
        let mut junit = Junit::new("plimsoll ndjson");
        for file in &self.files {
            junit.add_test_suite(suite(file));
        }
        junit.to_string().map_err(|error| error.to_string())
    }
}

fn suite(file: &FileReport) -> TestSuite {
    let path = escape_unprintable(&file.path);
    let mut suite = TestSuite::new(XmlString::new(&path));
    let mut failed = |name: String, text: String| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(XmlString::new(&text)).set_description(XmlString::new(&text));
        let mut case = TestCase::new(XmlString::new(&name), status);
        case.set_classname(XmlString::new(&path));
        suite.add_test_case(case);
    };
    for finding in &file.findings {
        let place = if finding.path.is_empty() { String::new() } else { format!(" at {}", finding.path) };
        let name = format!("{} in line {}, column {}{place}", finding.rule, finding.line, finding.column);
        failed(name, describe(&path, finding));
    }
    if let Some(broken) = &file.broken {
        failed("the file is readable".to_owned(), escape_unprintable(broken));
    }
    if !file.is_wrong() {
        let mut case = TestCase::new(XmlString::new(format!("{} lines", file.lines)), TestCaseStatus::success());
        case.set_classname(XmlString::new(&path));
        suite.add_test_case(case);
    }
    suite
}
