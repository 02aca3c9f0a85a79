//! What a test needs of a flow.

use std::collections::BTreeSet;

use crate::plan::check_needs::CheckNeed;
use crate::plan::model::{Depth, Measures};
use crate::suite::catalog::Test;
use crate::suite::check_names::CheckName;
use crate::suite::expect::Expect;
use crate::suite::flow::{DeleteAt, Flow, Moment};
use crate::suite::line_rules::LineRule;
use crate::suite::on::{On, Reach};
use crate::suite::send::ProbeNeed;

/// What tests need of one flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// How far it goes.
    pub depth: Depth,
    /// The probes that tests look at, or that such probes depend on.
    pub probes: BTreeSet<String>,
    /// Whether tests look at its own DELETE or at a probe after it.
    pub delete: bool,
    /// What is measured on its files.
    pub measures: Measures,
}

impl Need {
    /// The need for only this depth.
    pub fn depth(depth: Depth) -> Self {
        Self { depth, probes: BTreeSet::new(), delete: false, measures: Measures::default() }
    }

    /// Adds another need.
    pub fn add(&mut self, other: Need) {
        self.depth = self.depth.max(other.depth);
        self.probes.extend(other.probes);
        self.delete |= other.delete;
        self.measures.identity |= other.measures.identity;
        self.measures.directory |= other.measures.directory;
        self.measures.resources |= other.measures.resources;
        self.measures.compared |= other.measures.compared;
        self.measures.unrequested |= other.measures.unrequested;
        self.measures.with_source |= other.measures.with_source;
        self.measures.contents |= other.measures.contents;
        self.measures.blocks |= other.measures.blocks;
    }
}

/// All expectations and conditions of a test.
fn expects(test: &Test) -> impl Iterator<Item = &Expect> {
    let outcomes = test.any_of.iter().flat_map(|outcome| &outcome.expect);
    test.when.iter().chain(&test.expect).chain(outcomes)
}

/// What `test` needs of `flow`, which is one of its flows.
pub(crate) fn reach(test: &Test, flow: &Flow) -> Need {
    let mut need = Need::depth(Depth::Kickoff);
    for on in &test.on {
        need.add(look(on, flow));
    }
    for expect in expects(test) {
        need.measures.directory |= expect.directory.is_some();
        let of_files = expect.lines.is_some() || expect.file_type.is_some() || expect.directory.is_some();
        if of_files {
            need.depth = Depth::Files;
        }
        let of_contents = |rule: &LineRule| rule.is_of_attachments() || *rule == LineRule::ReferenceForm;
        need.measures.contents |= expect.lines.iter().flatten().any(of_contents);
        for of_check in expect.check.map(CheckName::needs).unwrap_or_default() {
            add_check_need(&mut need, *of_check, flow);
        }
    }
    need.probes.extend(flow.groundwork(&need.probes));
    need
}

fn add_check_need(need: &mut Need, of_check: CheckNeed, flow: &Flow) {
    match of_check {
        CheckNeed::Files => need.depth = Depth::Files,
        CheckNeed::Comparison => need.measures.compared = true,
        CheckNeed::Blocks => need.measures.blocks = true,
        CheckNeed::UnrequestedResources => need.measures.unrequested = true,
        CheckNeed::Source => {
            need.measures.unrequested = true;
            need.measures.with_source = true;
        }
        CheckNeed::Identity => need.measures.identity = true,
        CheckNeed::Probe(id) => {
            need.probes.extend(flow.probes.iter().filter(|probe| probe.id == id).map(|probe| probe.id.clone()));
        }
    }
}

/// What `test` needs of the flows that it compares its own flow with: the same kind of exchanges.
pub(crate) fn reach_compared(test: &Test, own: &Flow) -> Need {
    let own = reach(test, own);
    Need { depth: own.depth, probes: BTreeSet::new(), delete: false, measures: own.measures }
}

fn look(on: &On, flow: &Flow) -> Need {
    let On::Probe(id) = on else { return on.row().map_or(Need::depth(Depth::Kickoff), |row| until(row.reach, flow)) };
    let Some(probe) = flow.probes.iter().find(|probe| probe.id == *id) else { return Need::depth(Depth::Kickoff) };
    let mut need = match probe.at {
        Moment::Start | Moment::End => Need::depth(Depth::Kickoff),
        Moment::InProgress | Moment::Partial | Moment::Complete => Need::depth(Depth::Manifest),
        Moment::Deleted => until(Reach::Delete, flow),
    };
    match probe.send.row().needs {
        // Which file is fetched again depends on the content of the files.
        ProbeNeed::File | ProbeNeed::PartialManifest => need.depth = Depth::Files,
        // The lines of the files name the attachments.
        ProbeNeed::Attachment => {
            need.depth = Depth::Files;
            need.measures.contents = true;
        }
        ProbeNeed::Nothing
        | ProbeNeed::Job
        | ProbeNeed::SmartClient
        | ProbeNeed::DeclaredUpdate
        | ProbeNeed::DirectConnection => {}
    }
    need.probes.insert(id.clone());
    need
}

/// The need for a flow that goes this far.
fn until(reach: Reach, flow: &Flow) -> Need {
    match reach {
        Reach::Kickoff => Need::depth(Depth::Kickoff),
        Reach::Manifest => Need::depth(Depth::Manifest),
        Reach::Files => Need::depth(Depth::Files),
        Reach::Delete => deleted(flow),
    }
}

/// The need for the flow's own DELETE and for what precedes it.
fn deleted(flow: &Flow) -> Need {
    let depth = match flow.delete {
        Some(DeleteAt::Complete) => Depth::Manifest,
        Some(DeleteAt::InProgress) | None => Depth::Kickoff,
    };
    Need { delete: true, ..Need::depth(depth) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::base::vocabulary::Area;
    use crate::suite::model::{Hold, Source};

    fn flow(text: &str) -> Flow {
        toml::from_str(&format!("title = 'a flow'\nexport = 'any'\n{text}")).unwrap()
    }

    fn test(on: &str, expect: &str) -> Test {
        Test {
            id: "it".to_owned(),
            area: Area::Poll,
            title: String::new(),
            verifies: Vec::new(),
            flows: vec!["f".to_owned()],
            on: vec![On::from_word(on).unwrap()],
            hold: Hold::Every,
            when: Vec::new(),
            expect: vec![toml::from_str(expect).unwrap()],
            any_of: Vec::new(),
            why: String::new(),
            compare_with: Vec::new(),
            except: Vec::new(),
            source: Source { file: String::new(), line: 1 },
        }
    }

    const PROBES: &str = "probes = [
        { id = 'first', at = 'start', send = 'kickoff' },
        { id = 'during', at = 'in-progress', send = 'poll' },
        { id = 'after', at = 'complete', send = 'poll' },
        { id = 'file', at = 'complete', send = 'file' },
        { id = 'gone', at = 'deleted', send = 'poll' },
    ]";

    #[test]
    fn a_flow_goes_only_as_far_as_tests_look() {
        let plain = flow(PROBES);
        let status = "status = 200";
        for (on, depth) in [
            ("kickoff", Depth::Kickoff),
            ("probe.first", Depth::Kickoff),
            ("poll", Depth::Manifest),
            ("poll.in-progress", Depth::Manifest),
            ("poll.failed", Depth::Manifest),
            ("poll.complete", Depth::Manifest),
            ("manifest", Depth::Manifest),
            ("probe.during", Depth::Manifest),
            ("probe.after", Depth::Manifest),
            ("probe.file", Depth::Files),
            ("file", Depth::Files),
            ("file.deleted", Depth::Files),
        ] {
            let need = reach(&test(on, status), &plain);
            assert_eq!(need.depth, depth, "{on}");
            assert!(!need.delete, "{on}");
            let probe = on.strip_prefix("probe.");
            assert_eq!(
                need.probes.iter().map(String::as_str).collect::<Vec<_>>(),
                probe.into_iter().collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn a_delete_is_sent_at_the_moment_of_its_flow() {
        for (delete, depth) in [("in-progress", Depth::Kickoff), ("complete", Depth::Manifest)] {
            let flow = flow(&format!("delete = '{delete}'\n{PROBES}"));
            for on in ["delete", "probe.gone"] {
                let need = reach(&test(on, "status = 202"), &flow);
                assert!(need.delete, "{on}");
                assert_eq!(need.depth, depth, "{on} {delete}");
            }
            assert!(!reach(&test("kickoff", "status = 202"), &flow).delete);
        }
    }

    #[test]
    fn checks_and_lines_need_files_and_identity() {
        let plain = flow("");
        let count = reach(&test("manifest", "check = 'count-equals-lines'"), &plain);
        assert_eq!((count.depth, count.measures.identity), (Depth::Files, false));
        let distinct = reach(&test("manifest", "check = 'distinct-urls'"), &plain);
        assert_eq!(distinct.depth, Depth::Manifest);
        let lines = reach(&test("file", "directory = 'organization'"), &plain);
        assert_eq!((lines.depth, lines.measures.identity, lines.measures.directory), (Depth::Files, false, true));
        assert!(!count.measures.directory);
        let lines = reach(&test("probe.file", "lines = ['bom']"), &flow(PROBES));
        assert_eq!(lines.depth, Depth::Files);
        let same = test("manifest", "check = 'same-resources'");
        assert!(reach(&same, &plain).measures.identity);
        let compare_with = reach_compared(&same, &plain);
        assert_eq!((compare_with.depth, compare_with.measures.identity), (Depth::Files, true));
        let kickoff = reach_compared(&test("probe.first", "check = 'as-well-received'"), &flow(PROBES));
        assert_eq!(kickoff, Need::depth(Depth::Kickoff), "a comparison of kick-offs does not need their jobs");
    }
}
