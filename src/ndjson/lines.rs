//! Collects the facts of lines. It distinguishes a file that is wrong as a whole (an array, pretty-printed, cut off)
//! from a file with wrong lines, so one cause is one finding, and it judges each resource.

use crate::base::file_position::FilePosition;
use crate::base::instant::Instant;
use crate::fhir::au_directory::measure::Measure;
use crate::ndjson::counts::ResourceCounts;
use crate::ndjson::expected::Expected;
use crate::ndjson::facts::{LineNotes, LineShape};
use crate::ndjson::file_format;
use crate::ndjson::findings::Findings;
use crate::ndjson::frame::{Framed, FramedLine};
use crate::ndjson::identity::{Identity, RunKey};
use crate::ndjson::inspect::{Inspector, LineObserver};
use crate::ndjson::open_value::{LineStart, LocatedText, Nesting, OpenValue, open_end};
use crate::ndjson::rules;
use crate::recording::facts::{LineFacts, Validated};
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;

/// The state between lines.
enum LineState {
    /// No open value: the next line begins a value.
    Lines,
    /// The first line is a complete JSON array. If it is the only line, the file is a JSON array.
    FirstLineArray(FilePosition),
    /// Within an array, or within an object that is too large to buffer; resources are counted, not judged.
    Within(Nesting),
    /// After a line with a value that did not end.
    Pending(Box<OpenValue>),
    /// The file is not text; the rest is ignored.
    NotText,
}

/// Checks the lines of one file.
pub(crate) struct FileLines {
    expected: Expected,
    counts: ResourceCounts,
    inspector: Box<dyn Inspector>,
    observer: Option<Box<dyn LineObserver>>,
    notes: LineNotes,
    state: LineState,
    findings: Findings,
    pub(crate) facts: LineFacts,
    newline: bool,
    /// The rules of a provider directory, if a test of the plan needs them.
    directory: Option<Measure>,
}

/// The results of one file.
pub(crate) struct LineOutcome {
    pub(crate) facts: LineFacts,
    pub(crate) hashes: Option<Vec<u64>>,
    pub(crate) deleted: Vec<u64>,
}

impl FileLines {
    /// Creates a checker for one file.
    pub(crate) fn new(expected: Expected, transaction_time: Option<Instant>, inspector: Box<dyn Inspector>) -> Self {
        let validated = inspector.definitions().map(|by| Validated { by, ..Validated::default() });
        Self {
            counts: ResourceCounts::new(expected.list, transaction_time),
            expected,
            inspector,
            observer: None,
            notes: LineNotes::default(),
            state: LineState::Lines,
            findings: Findings::default(),
            facts: LineFacts { final_newline: true, validated, ..LineFacts::default() },
            newline: true,
            directory: None,
        }
    }

    /// Checks the resources of an output file by the rules of a provider directory.
    pub(crate) fn with_directory(&mut self, measure: Measure) {
        self.directory = Some(measure).filter(|_| self.expected.list == FileList::Output);
    }

    /// Finds resources that occur twice, with `index`.
    pub(crate) fn with_identity(&mut self, index: Identity) {
        self.counts.with_identity(index);
    }

    /// Sets the observer of each resource.
    pub(crate) fn set_observer(&mut self, observer: Option<Box<dyn LineObserver>>) {
        self.observer = observer;
    }

    /// Sets the maximum number of different violations of FHIR's definitions that become separate findings.
    pub(crate) fn keep_findings(&mut self, most: usize) {
        self.findings.keep(most);
    }

    /// Keeps the hash of every resource.
    pub(crate) fn keep_hashes(&mut self, key: RunKey) {
        self.counts.keep_hashes(key);
    }

    /// Records a fault in the first bytes of the file. `readable` is false if the rest is not text.
    pub(crate) fn at_start(&mut self, rule: LineRule, expected: &str, actual: &str, readable: bool) {
        self.findings.add(rule, FilePosition { line: 1, column: 1, offset: 0 }, "", expected, actual);
        if !readable {
            self.state = LineState::NotText;
        }
    }

    /// Checks the next line.
    pub(crate) fn take(&mut self, framed: Framed<'_>) {
        match framed {
            // A file that is not text has no lines.
            _ if matches!(self.state, LineState::NotText) => {}
            Framed::Line(line) => {
                self.facts.crlf |= line.crlf;
                self.newline = line.newline;
                if line.bytes.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r')) {
                    self.blank(line);
                } else {
                    self.line(line);
                    self.facts.lines += 1;
                }
            }
            Framed::TooLong { number, offset } => {
                self.facts.lines += 1;
                self.resolve(false);
                let place = FilePosition { line: number, column: 1, offset };
                let expected = "a line within the maximum length (a limit of Plimsoll)";
                self.findings.add(LineRule::LineTooLong, place, "", expected, "a longer line");
            }
        }
    }

    fn blank(&mut self, line: FramedLine<'_>) {
        self.facts.blank += 1;
        // Within a value over several lines, a blank line is JSON white space.
        if matches!(self.state, LineState::Lines | LineState::FirstLineArray(_)) {
            let place = FilePosition { line: line.number, column: 1, offset: line.offset };
            self.findings.add(LineRule::BlankLine, place, "", "a JSON object on each line", "a blank line");
        }
    }

    fn line(&mut self, line: FramedLine<'_>) {
        let starts = [LineStart { at: 0, number: line.number, offset: line.offset }];
        let source = LocatedText { text: line.bytes, starts: &starts };
        match std::mem::replace(&mut self.state, LineState::Lines) {
            LineState::Lines => self.alone(source),
            LineState::FirstLineArray(place) => {
                self.findings.add(LineRule::NotObject, place, "", "a JSON object", "an array");
                self.alone(source);
            }
            LineState::Within(mut nesting) => {
                let notes = self.inspect(source.text);
                if notes.shape == LineShape::Object && notes.plausible_type().is_some() {
                    self.count(&notes, source, false);
                }
                self.notes = notes;
                nesting.feed(source.text);
                self.state = if nesting.closed() { LineState::Lines } else { LineState::Within(nesting) };
            }
            LineState::Pending(pending) => self.continue_value(*pending, source, line),
            LineState::NotText => self.state = LineState::NotText,
        }
    }

    /// Checks a line with no open value before it.
    fn alone(&mut self, source: LocatedText<'_>) {
        let notes = self.inspect(source.text);
        let first_array = self.facts.lines == 0 && source.text.get(notes.at) == Some(&b'[');
        match notes.shape {
            LineShape::Unfinished { .. } if first_array => {
                self.array(source.place(notes.at));
                let mut nesting = Nesting::default();
                nesting.feed(source.text);
                self.state = LineState::Within(nesting);
            }
            LineShape::Unfinished { in_string } => {
                self.state = LineState::Pending(Box::new(OpenValue::new(source, in_string)));
            }
            // One finding names a file of another format. Its other lines are not judged.
            LineShape::Broken if self.facts.lines == 0 && source.text.get(notes.at) == Some(&b'<') => {
                let what = file_format::markup(source.text);
                self.findings.add(LineRule::NotJson, source.place(notes.at), "", "one JSON object per line", what);
                self.state = LineState::NotText;
            }
            LineShape::Other if first_array && notes.faults.len() == 1 => {
                self.state = LineState::FirstLineArray(source.place(notes.at));
            }
            _ => self.conclude(&notes, source, true),
        }
        self.notes = notes;
    }

    /// Checks a line after a line with an open value.
    fn continue_value(&mut self, mut pending: OpenValue, source: LocatedText<'_>, line: FramedLine<'_>) {
        let notes = self.inspect(source.text);
        let fresh = notes.shape == LineShape::Object && notes.resource_type.get().is_some();
        self.notes = notes;
        // A complete resource begins a new value, so the open value is incomplete.
        if fresh {
            self.state = LineState::Pending(Box::new(pending));
            self.resolve(false);
            self.alone(source);
            return;
        }
        let second = pending.lines() == 1;
        if !pending.push(line.bytes, line.number, line.offset) {
            self.too_much(pending, source);
            return;
        }
        if !second && !pending.nesting.closed() {
            self.state = LineState::Pending(Box::new(pending));
            return;
        }
        let notes = self.inspect(pending.source().text);
        match notes.shape {
            LineShape::Unfinished { .. } => self.state = LineState::Pending(Box::new(pending)),
            LineShape::Broken if second && notes.faults.iter().any(|f| f.at >= pending.second_at()) => {
                // The second line does not continue the first: each is wrong separately.
                self.broken_off(&pending);
                self.alone(source);
                return;
            }
            _ => self.complete(&pending, &notes),
        }
        self.notes = notes;
    }

    /// Handles a value that is too large to buffer.
    fn too_much(&mut self, mut pending: OpenValue, source: LocatedText<'_>) {
        if pending.lines() == 1 {
            self.broken_off(&pending);
            self.alone(source);
            return;
        }
        self.spread(&pending, None);
        pending.nesting.feed(source.text);
        self.state = if pending.nesting.closed() { LineState::Lines } else { LineState::Within(pending.nesting) };
    }

    /// Handles a complete value over several lines.
    fn complete(&mut self, pending: &OpenValue, notes: &LineNotes) {
        self.spread(pending, notes.resource_type.get());
        self.conclude(notes, pending.source(), !pending.in_string);
    }

    /// Reports a value on several lines: a line break is within a string, or the value is pretty-printed.
    fn spread(&mut self, pending: &OpenValue, kind: Option<&str>) {
        if pending.in_string {
            let (rule, place) = (LineRule::NotJson, pending.first_end);
            self.findings.add(rule, place, "", "a string that ends on its line", "a line break in a string");
        } else {
            let (rule, place) = (LineRule::PrettyPrinted, pending.source().place(0));
            let actual = file_format::spread(kind);
            self.findings.add(rule, place, "", "each object on one line", actual);
        }
    }

    /// Reports a line with a value that does not end and that the next line does not continue.
    fn broken_off(&mut self, pending: &OpenValue) {
        let actual = open_end(pending.in_string);
        self.findings.add(LineRule::NotJson, pending.first_end, "", "an object that ends on its line", actual);
    }

    fn array(&mut self, place: FilePosition) {
        self.findings.add(LineRule::Array, place, "", "one JSON object per line", "a JSON array");
    }

    /// Ends an open value: the next line is not part of it, or there is no next line.
    fn resolve(&mut self, cut: bool) {
        match std::mem::replace(&mut self.state, LineState::Lines) {
            LineState::FirstLineArray(place) if self.facts.lines == 1 => self.array(place),
            LineState::FirstLineArray(place) => {
                self.findings.add(LineRule::NotObject, place, "", "a JSON object", "an array");
            }
            LineState::Pending(pending) => self.resolve_pending(&pending, cut),
            LineState::NotText => self.state = LineState::NotText,
            LineState::Lines | LineState::Within(_) => {}
        }
    }

    fn resolve_pending(&mut self, pending: &OpenValue, cut: bool) {
        let end = "a complete last object";
        if pending.lines() == 1 {
            if cut {
                let actual = open_end(pending.in_string);
                self.findings.add(LineRule::CutOff, pending.first_end, "", end, actual);
            } else {
                self.broken_off(pending);
            }
            return;
        }
        let notes = self.inspect(pending.source().text);
        match notes.shape {
            LineShape::Unfinished { in_string } => {
                self.spread(pending, notes.resource_type.get());
                let place = pending.source().place(pending.source().text.len());
                let rule = if cut { LineRule::CutOff } else { LineRule::NotJson };
                self.findings.add(rule, place, "", end, open_end(in_string));
            }
            _ => self.complete(pending, &notes),
        }
        self.notes = notes;
    }

    fn inspect(&mut self, text: &[u8]) -> LineNotes {
        let mut notes = std::mem::take(&mut self.notes);
        notes.clear();
        self.inspector.inspect(text, &mut notes);
        notes
    }

    /// Adds the faults and facts of one value. A value is not intact if a line break in a string of it became a space.
    fn conclude(&mut self, notes: &LineNotes, source: LocatedText<'_>, intact: bool) {
        for fault in &notes.faults {
            let path = notes.rooted(&fault.path);
            self.findings.add(fault.rule, source.place(fault.at), &path, &fault.expected, &fault.actual);
        }
        if notes.shape == LineShape::Object {
            let findings = &mut self.findings;
            rules::judge(notes, &self.expected, &mut |rule, at, path, expected, actual| {
                findings.add(rule, source.place(at), &notes.rooted(path), expected, actual);
            });
            // If a line break in a string became a space, the string is not the original one.
            if intact {
                self.take_validation(notes, source);
            }
            self.count(notes, source, true);
            if let Some(measure) = self.directory.as_mut().filter(|_| intact) {
                measure.take(source.text, !notes.faults.is_empty(), &|at| source.place(at));
            }
        }
    }

    /// Adds the violations of FHIR's definitions and of profiles in a resource.
    fn take_validation(&mut self, notes: &LineNotes, source: LocatedText<'_>) {
        let Some(validated) = self.facts.validated.as_mut().filter(|_| notes.judged) else { return };
        validated.resources += 1;
        validated.bare += u64::from(notes.bare);
        validated.invalid += u64::from(!notes.invalid.is_empty());
        for fault in notes.invalid.iter().chain(&notes.unkept) {
            self.findings.add_fault(fault, source.place(fault.at));
        }
    }

    /// Counts a resource, and checks whether it occurred before.
    fn count(&mut self, notes: &LineNotes, source: LocatedText<'_>, judge: bool) {
        if notes.resource_type.get().is_none() {
            return;
        }
        let line = source.place(0).line;
        let updated = self.counts.count(notes, line, &mut self.facts);
        // A resource over several lines may be incomplete at the line ends.
        let alone = source.starts.len() == 1;
        if let Some(observer) = self.observer.as_mut().filter(|_| judge && alone)
            && let Some(seen) = observer.observe(line, source.text, notes)
        {
            self.facts.attachments += seen.attachments;
            self.facts.references += seen.references;
            for fault in &seen.faults {
                let path = notes.rooted(&fault.path);
                self.findings.add(fault.rule, source.place(notes.at), &path, &fault.expected, &fault.actual);
            }
        }
        if let Some(rule) = self.counts.remember(notes, updated, judge) {
            let (expected, actual) = match rule {
                LineRule::TwoVersions => {
                    ("only the latest version of each resource", "another version of an exported resource")
                }
                _ => ("each resource only once", "a type and id that occurred before"),
            };
            self.findings.add(rule, source.place(notes.id.at), &notes.rooted("id"), expected, actual);
        }
    }

    /// Ends an open value and returns the results. `whole` is false if the transfer was interrupted; then the end of
    /// the file is not judged.
    pub(crate) fn finish(mut self, whole: bool) -> LineOutcome {
        if whole {
            self.resolve(!self.newline);
        }
        self.facts.final_newline = self.newline;
        let (hashes, deleted) = self.counts.finish(&mut self.facts);
        self.facts.findings = self.findings.finish();
        if let Some(validated) = &mut self.facts.validated {
            validated.profiles = self.inspector.profiles();
        }
        self.facts.directory = self.directory.map(Measure::finish);
        LineOutcome { facts: self.facts, hashes, deleted }
    }
}
