//! The command `plimsoll ndjson`: validates local files, plain, gzip or zstd, on all cores.
//!
//! The outcome is `clean` (exit 0) or `findings` (exit 1). A path that cannot be opened, or a folder without NDJSON
//! files, is a usage error (exit 2), reported before any file is read.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::fhir::definitions::tables::Tables;
use crate::fhir::profile::profiles::{Profiles, Undecided};
use crate::ndjson::command::find_files::{Input, inputs, unusable};
use crate::ndjson::command::progress::NdjsonProgress;
use crate::ndjson::command::report::{FileReport, NdjsonFinding, NdjsonOutcome, NdjsonReport, NotChecked};
use crate::ndjson::command::source;
use crate::ndjson::expected::Expected;
use crate::ndjson::fhir::FhirInspector;
use crate::ndjson::identity::{Identity, RunKey};
use crate::ndjson::inspect::{Inspector, JsonInspector};
use crate::ndjson::limits::Limits;
use crate::ndjson::reader::{FileReader, ReaderOptions};
use crate::recording::facts::ProfileFacts;
use crate::suite::model::FileList;

/// The options of a check of files.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// The limits for each file.
    pub limits: Limits,
    /// The resource type that every line should have.
    pub announced: Option<String>,
    /// The rules of this manifest list apply to the files.
    pub list: FileList,
    /// Whether the files are one export, in which no resource may occur twice.
    pub together: bool,
    /// The definitions that every resource is validated against; `None` to check only for JSON objects with a type.
    pub definitions: Option<Arc<Tables>>,
    /// The profiles that resources are validated against, if they claim them or the profile is assigned to their type.
    pub profiles: Option<Arc<Profiles>>,
    /// The maximum number of different findings per file.
    pub max_findings: usize,
    /// What makes the outcome `findings`.
    pub fail_on: FailOn,
    /// The number of files that are read at once; 0 for the number of cores.
    pub threads: usize,
}

/// What makes the outcome `findings`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailOn {
    /// Any finding.
    #[default]
    Error,
    /// Also good practice: a resource without a narrative (dom-6).
    Advice,
    /// Only a file that cannot be read.
    Never,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            announced: None,
            list: FileList::Output,
            together: false,
            definitions: Some(crate::fhir::definitions::embedded::r4()),
            profiles: None,
            max_findings: 100,
            fail_on: FailOn::Error,
            threads: 0,
        }
    }
}

/// Validates `paths`: files, folders (their `.ndjson` and `.jsonl` files, also with `.gz`, `.zst` or `.zstd`, at any
/// depth, sorted by name), or `-` for standard input. gzip and zstd are recognized by their first bytes.
///
/// # Errors
/// A lower-case fragment that names the path and the way out, if a path cannot be opened or a folder has no such file.
pub fn check(paths: &[PathBuf], options: &CheckOptions) -> Result<NdjsonReport, String> {
    check_with(paths, options, &mut std::io::stdin(), &NdjsonProgress::default())
}

/// Validates as [`check`] does, with `standard_input` in place of the standard input of the process, and counts in
/// `progress`.
///
/// # Errors
/// As [`check`].
pub fn check_with(
    paths: &[PathBuf],
    options: &CheckOptions,
    standard_input: &mut (dyn Read + Send),
    progress: &NdjsonProgress,
) -> Result<NdjsonReport, String> {
    let inputs = inputs(paths)?;
    let key = RunKey::new();
    let work = Work {
        options,
        progress,
        all: Identity::new(&key),
        key,
        standard_input: Mutex::new(standard_input),
        next: AtomicUsize::new(0),
        done: Mutex::new(Vec::new()),
        inputs,
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if options.threads == 0 { cores } else { options.threads }.min(work.inputs.len());
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| work.some());
        }
        work.some();
    });
    let mut done = work.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    let files: Vec<FileReport> = done.into_iter().map(|(_, file)| file).collect::<Result<_, String>>()?;
    let wrong = |file: &FileReport| match options.fail_on {
        FailOn::Never => file.broken.is_some(),
        FailOn::Error => file.is_wrong(),
        FailOn::Advice => file.is_wrong() || file.validated.as_ref().is_some_and(|v| v.bare > 0),
    };
    let outcome = if files.iter().any(wrong) { NdjsonOutcome::Findings } else { NdjsonOutcome::Clean };
    let mut not_checked = options.definitions.as_deref().map(|tables| open(tables, &files)).unwrap_or_default();
    let profiles = options.profiles.as_deref().map(|profiles| {
        let sum = sum(&files);
        not_checked.extend(open_of_profiles(profiles, &sum));
        sum
    });
    Ok(NdjsonReport { files, not_checked, profiles, outcome })
}

/// The state that the threads of a check share.
struct Work<'w> {
    inputs: Vec<Input>,
    options: &'w CheckOptions,
    progress: &'w NdjsonProgress,
    key: RunKey,
    all: Identity,
    standard_input: Mutex<&'w mut (dyn Read + Send)>,
    next: AtomicUsize,
    done: Mutex<Vec<(usize, Result<FileReport, String>)>>,
}

impl Work<'_> {
    /// Checks file after file until none is left.
    fn some(&self) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(input) = self.inputs.get(index) else { return };
            let report = self.one(input);
            self.progress.files.fetch_add(1, Ordering::Relaxed);
            self.done.lock().unwrap_or_else(PoisonError::into_inner).push((index, report));
        }
    }

    fn one(&self, input: &Input) -> Result<FileReport, String> {
        match input {
            Input::Standard => {
                let mut input = self.standard_input.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(self.read("-".to_owned(), *input))
            }
            Input::Path(path) => {
                let mut file = File::open(path).map_err(|error| unusable(path, &error))?;
                Ok(self.read(path.to_string_lossy().into_owned(), &mut file))
            }
        }
    }

    fn read(&self, path: String, input: &mut (dyn Read + Send)) -> FileReport {
        let options = self.options;
        let depth = options.limits.max_depth;
        let inspector: Box<dyn Inspector> = match &options.definitions {
            Some(tables) => {
                Box::new(FhirInspector::new(Arc::clone(tables), depth).with_profiles(options.profiles.clone()))
            }
            None => Box::new(JsonInspector::new(depth)),
        };
        let expected = Expected { list: options.list, announced: options.announced.clone() };
        let identity = if options.together { self.all.clone() } else { Identity::new(&self.key) };
        let read = ReaderOptions {
            limits: options.limits,
            identity: Some(identity),
            inspector: Some(inspector),
            digest: false,
            most_findings: options.max_findings,
            ..ReaderOptions::new(expected)
        };
        let mut broken = None;
        let finished =
            source::pump(input, &mut broken, self.progress, |coding| FileReader::new(ReaderOptions { coding, ..read }));
        let broken = broken.or(finished.broken.map(|trouble| trouble.message));
        let facts = finished.lines;
        FileReport {
            path,
            lines: facts.lines,
            bytes: facts.bytes,
            types: facts.types,
            validated: facts.validated,
            findings: facts.findings.into_iter().map(NdjsonFinding::from).collect(),
            broken,
        }
    }
}

/// Returns the undecided requirements of the resource types in the files, and of the data types, which all types use.
fn open(tables: &Tables, files: &[FileReport]) -> Vec<NotChecked> {
    let met = |name: &str| files.iter().any(|file| file.types.contains_key(name));
    if files.iter().all(|file| file.types.is_empty()) {
        return Vec::new();
    }
    let mut open = Vec::new();
    for row in &tables.open {
        let of = tables.text(row.of);
        let root = of.split('.').next().unwrap_or_default();
        let resource = tables.resource(format!("\"{root}\"").as_bytes()).is_some();
        // Only StructureDefinition uses ElementDefinition.
        let common = !resource && (root != "ElementDefinition" || met("StructureDefinition"));
        if met(root) || common {
            let kind = if row.kind == 0 { "invariant" } else { "binding" };
            let (what, of) = (tables.text(row.what).to_owned(), of.to_owned());
            open.push(NotChecked { kind, what, of, profile: String::new() });
        }
    }
    open.sort();
    open
}

/// Adds up the results of the profiles over all files.
fn sum(files: &[FileReport]) -> ProfileFacts {
    let mut sum = ProfileFacts::default();
    for facts in files.iter().filter_map(|file| file.validated.as_ref()?.profiles.as_ref()) {
        sum.add(facts);
    }
    sum
}

/// Returns the undecided requirements of the profiles that resources were checked against, and of extensions and data
/// types.
fn open_of_profiles(profiles: &Profiles, sum: &ProfileFacts) -> Vec<NotChecked> {
    let was_checked = |name: &str| {
        let own = profiles.find(name).and_then(|index| profiles.get(index));
        own.is_none_or(|own| !own.resource || sum.held.iter().any(|tally| tally.profile == own.url))
    };
    let some = profiles.open.iter().filter(|open| !sum.held.is_empty() && was_checked(&open.profile));
    let open = |open: &Undecided| NotChecked {
        kind: open.kind,
        what: open.what.clone(),
        of: open.at.clone(),
        profile: open.profile.clone(),
    };
    some.map(open).collect()
}
