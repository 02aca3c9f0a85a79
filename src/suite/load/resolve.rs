//! Builds the [`Catalog`] from entries: looks names up, inherits requirements and checks the rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use crate::base::vocabulary::Level;
use crate::suite::catalog::{Catalog, Test, excepts};
use crate::suite::flow::Flow;
use crate::suite::load::coverage::{Adopters, adopted, adopters, coverage};
use crate::suite::load::read::{Parsed, RawEntry, ReadStep};
use crate::suite::load::rules;
use crate::suite::load::wait_circles::wait_circles;
use crate::suite::model::{Requirement, Source, Spec};
use crate::suite::named::Named;
use crate::suite::refusal::{Refusal, Spot, SuiteFile};

/// Builds the catalog. It is complete only if nothing was added to `refusals`.
pub(crate) fn resolve(parsed: Parsed<'_>, files: &[SuiteFile], digest: String, refusals: &mut Vec<Refusal>) -> Catalog {
    let mut resolver = Resolver { parsed: &parsed, files, refusals };
    resolver.names();
    let specs = resolver.specs();
    let flows = resolver.flows();
    let mut requirements = resolver.requirements();
    resolver.inherit(&specs, &mut requirements);
    let adopters = adopters(&parsed, resolver.refusals);
    let tests = resolver.tests(&specs, &requirements, &adopters);
    coverage(&parsed, &adopters, refusals);
    Catalog { specs, requirements, flows, tests, digest }
}

struct Resolver<'a, 't> {
    parsed: &'a Parsed<'t>,
    files: &'a [SuiteFile],
    refusals: &'a mut Vec<Refusal>,
}

impl<'a, 't> Resolver<'a, 't> {
    fn refuse(&mut self, refusal: Refusal) {
        self.refusals.push(refusal);
    }

    /// Refuses an unknown name, unless some file could not be read, which may define it.
    fn unknown<'w>(
        &mut self,
        kind: &str,
        word: &str,
        file: usize,
        span: Range<usize>,
        words: impl IntoIterator<Item = &'w str>,
    ) {
        if !self.parsed.incomplete {
            self.refuse(Refusal::unknown(kind, word, file, span, words));
        }
    }

    fn source(&self, file: usize, start: usize) -> Source {
        let (path, text) = self.files.get(file).map_or(("", ""), |file| (file.path.as_str(), file.text.as_str()));
        let before = text.as_bytes().get(..start).unwrap_or_default();
        Source { file: path.to_owned(), line: before.iter().filter(|byte| **byte == b'\n').count() + 1 }
    }

    /// Checks that names are valid and unique, and that files with requirements or tests have an area.
    fn names(&mut self) {
        let parsed = self.parsed;
        let plain = |name: &str| name.to_owned();
        self.unique("spec", &parsed.specs, |entry| plain(&entry.name));
        self.unique("requirement", &parsed.requirements, |entry| plain(&entry.name));
        self.unique("flow", &parsed.flows, |entry| plain(&entry.name));
        self.unique("test", &parsed.tests, |entry| match entry.area {
            Some(area) => format!("{area}::{}", entry.name),
            None => plain(&entry.name),
        });
        let needing = parsed.requirements.iter().map(|entry| (entry.file, entry.area, &entry.key));
        let needing = needing.chain(parsed.tests.iter().map(|entry| (entry.file, entry.area, &entry.key)));
        let mut without: BTreeMap<usize, Range<usize>> = BTreeMap::new();
        for (file, _, key) in needing.filter(|(_, area, _)| area.is_none()) {
            let first = without.entry(file).or_insert_with(|| key.clone());
            if key.start < first.start {
                *first = key.clone();
            }
        }
        for (file, span) in without {
            let has_area_key = self.files.get(file).is_some_and(|file| {
                let (table, _) = toml::de::DeTable::parse_recoverable(&file.text);
                table.get_ref().contains_key("area")
            });
            // An invalid area was refused already.
            if !has_area_key {
                let words: Vec<&str> = crate::base::vocabulary::Area::ALL.iter().map(|area| area.as_str()).collect();
                let spot = Spot::new(file, span, "requirements and tests need the area of their file");
                let refusal = Refusal::new("this file has no `area`", spot);
                self.refuse(
                    refusal.help(format!(
                        "add area = \"AREA\" at the top of the file; AREA is one of {}",
                        words.join(", ")
                    )),
                );
            }
        }
    }

    fn unique<T>(&mut self, kind: &str, entries: &'a [RawEntry<'t, T>], name: impl Fn(&RawEntry<'t, T>) -> String) {
        let mut seen: HashMap<String, &RawEntry<'t, T>> = HashMap::new();
        for entry in entries {
            if let Some(trouble) = rules::bad_name(&entry.name) {
                // A test without an id was refused already.
                if !(entry.name.is_empty() && entry.raw.is_none()) {
                    let spot = Spot::new(entry.file, entry.key.clone(), trouble);
                    self.refuse(Refusal::new(format!("`{}` is not a valid name for a {kind}", entry.name), spot));
                }
                continue;
            }
            let name = name(entry);
            if let Some(first) = seen.get(&name) {
                let again = Spot::new(entry.file, entry.key.clone(), "defined again here");
                let first = Spot::new(first.file, first.key.clone(), "first defined here");
                self.refuse(
                    Refusal::new(format!("{kind} `{name}` is defined twice"), again).and(first).help("rename one"),
                );
            } else {
                seen.insert(name, entry);
            }
        }
    }

    fn specs(&mut self) -> Named<Spec> {
        let parsed = self.parsed;
        let mut specs = Named::new();
        let known: Vec<&str> = parsed.specs.iter().map(|entry| entry.name.as_str()).collect();
        let flows: Vec<&str> = parsed.flows.iter().map(|entry| entry.name.as_str()).collect();
        for entry in &parsed.specs {
            let Some(raw) = &entry.raw else { continue };
            if let Some(base) = &raw.builds_on
                && !known.contains(&base.as_str())
            {
                self.unknown(
                    "spec",
                    base,
                    entry.file,
                    entry.place(&[ReadStep::Key("builds-on")]),
                    known.iter().copied(),
                );
            }
            rules::spec(entry, raw, self.refusals);
            for (name, span) in rules::stand_ins(entry, raw).filter(|(name, _)| !flows.contains(name)) {
                self.unknown("flow", name, entry.file, span, flows.iter().copied());
            }
            let spec = Spec {
                id: entry.name.clone(),
                title: raw.title.clone(),
                version: raw.version.clone(),
                date: raw.date.clone(),
                base: raw.base.clone(),
                owner: raw.owner.clone(),
                auth: raw.auth,
                builds_on: raw.builds_on.clone(),
                drops: raw.drops.clone(),
                stand_ins: raw.stand_ins.iter().map(|(flow, names)| (flow.clone(), names.0.clone())).collect(),
                areas: raw.areas.clone(),
                declared_by: raw.declared_by.clone(),
                source: self.source(entry.file, entry.key.start),
            };
            specs.insert(entry.name.clone(), spec);
        }
        specs
    }

    fn flows(&mut self) -> Named<Flow> {
        let parsed = self.parsed;
        let known: Vec<&str> = parsed.flows.iter().map(|entry| entry.name.as_str()).collect();
        let mut flows = Named::new();
        for entry in &parsed.flows {
            let Some(flow) = &entry.raw else { continue };
            rules::flow(entry, flow, self.refusals);
            self.exceptions(entry, "except", &flow.except);
            self.exceptions(entry, "optional-in", &flow.optional_in);
            for (name, span) in rules::sources(entry, flow) {
                match parsed.flows.iter().find(|other| other.name == name) {
                    None => self.unknown("flow", &name, entry.file, span, known.iter().copied()),
                    Some(other) => self.refusals.extend(rules::no_export(entry, span, other)),
                }
            }
            // Only earlier flows are allowed, so no flow waits for itself.
            let earlier = known.iter().take_while(|name| **name != entry.name);
            if let Some(other) = &flow.same_request_as
                && !earlier.clone().any(|name| name == other)
            {
                self.unknown(
                    "earlier flow",
                    other,
                    entry.file,
                    entry.place(&[ReadStep::Key("same-request-as")]),
                    earlier.copied(),
                );
            }
            flows.insert(entry.name.clone(), flow.clone());
        }
        wait_circles(&parsed.flows, &flows, self.refusals);
        flows
    }

    /// Checks that the specs that a flow or a test names exist.
    fn exceptions<T>(&mut self, entry: &RawEntry<'t, T>, key: &str, named: &[String]) {
        let parsed = self.parsed;
        let known: Vec<&str> = parsed.specs.iter().map(|entry| entry.name.as_str()).collect();
        for (index, spec) in named.iter().enumerate().filter(|(_, spec)| !known.contains(&spec.as_str())) {
            let span = entry.place(&[ReadStep::Key(key), ReadStep::Item(index)]);
            self.unknown("spec", spec, entry.file, span, known.iter().copied());
        }
    }

    fn requirements(&mut self) -> Named<Requirement> {
        let parsed = self.parsed;
        let specs: Vec<&str> = parsed.specs.iter().map(|entry| entry.name.as_str()).collect();
        let known: Vec<&str> = parsed.requirements.iter().map(|entry| entry.name.as_str()).collect();
        let mut requirements = Named::new();
        for entry in &parsed.requirements {
            let Some(raw) = &entry.raw else { continue };
            for spec in raw.places.keys().filter(|spec| !specs.contains(&spec.as_str())) {
                let span = entry.key_place(&[ReadStep::Key("in")], spec);
                self.unknown("spec", spec, entry.file, span, specs.iter().copied());
            }
            let differing = raw.differs_from.iter().flat_map(|differs| &differs.requirements);
            let named = |key| move |(at, id)| (vec![ReadStep::Key(key), ReadStep::Item(at)], id);
            let adopted_ids = adopted(raw).iter().enumerate().map(named("as"));
            for (way, other) in adopted_ids.chain(differing.enumerate().map(named("differs-from"))) {
                if !known.contains(&other.as_str()) {
                    self.unknown("requirement", other, entry.file, entry.place(&way), known.iter().copied());
                }
            }
            rules::requirement(entry, raw, self.refusals);
            let Some(area) = entry.area else { continue };
            let requirement = Requirement {
                id: entry.name.clone(),
                area,
                says: raw.says.clone(),
                places: raw.places.clone(),
                see: raw.see.clone(),
                same_as: adopted(raw).to_vec(),
                differs_from: raw.differs_from.clone(),
                defect: raw.defect.clone(),
                untested: raw.untested.clone(),
                source: self.source(entry.file, entry.key.start),
            };
            requirements.insert(entry.name.clone(), requirement);
        }
        requirements
    }

    /// Adds the requirements that each spec inherits: those of the spec that it builds on, except those that it drops
    /// or lists itself.
    fn inherit(&mut self, specs: &Named<Spec>, requirements: &mut Named<Requirement>) {
        let order = self.base_first(specs);
        let ids: Vec<String> = requirements.keys().cloned().collect();
        for spec in order {
            let Some(base) = spec.builds_on.as_deref().and_then(|base| specs.get(base)) else { continue };
            self.drops(spec, base, requirements);
            for id in &ids {
                let Some(requirement) = requirements.get_mut(id) else { continue };
                if spec.drops.iter().any(|dropped| dropped.requirement == *id)
                    || requirement.places.contains_key(&spec.id)
                {
                    continue;
                }
                if let Some(place) = requirement.places.get(&base.id) {
                    let mut place = place.clone();
                    if !place.at.contains("://") {
                        place.at = format!("{}{}", base.base, place.at);
                    }
                    requirement.places.insert(spec.id.clone(), place);
                }
            }
        }
    }

    /// The specs, each after the spec that it builds on. Specs in a circle are refused and left out.
    fn base_first<'s>(&mut self, specs: &'s Named<Spec>) -> Vec<&'s Spec> {
        let mut order: Vec<(usize, &Spec)> = Vec::new();
        for (id, spec) in specs.iter() {
            let (mut depth, mut at) = (0, spec);
            while let Some(base) = at.builds_on.as_deref().and_then(|base| specs.get(base)) {
                depth += 1;
                at = base;
                if depth > specs.len() {
                    break;
                }
            }
            if depth <= specs.len() {
                order.push((depth, spec));
            } else if let Some(entry) = self.parsed.specs.iter().find(|entry| entry.name == *id) {
                let span = entry.place(&[ReadStep::Key("builds-on")]);
                let spot = Spot::new(entry.file, span, "`builds-on` leads back to this spec");
                let refusal = Refusal::new(format!("spec `{id}` builds on itself"), spot);
                self.refuse(refusal.help("remove `builds-on` from one of the specs"));
            }
        }
        order.sort_by_key(|(depth, _)| *depth);
        order.into_iter().map(|(_, spec)| spec).collect()
    }

    fn drops(&mut self, spec: &Spec, base: &Spec, requirements: &Named<Requirement>) {
        let Some(entry) = self.parsed.specs.iter().find(|entry| entry.name == spec.id) else { return };
        for (index, dropped) in spec.drops.iter().enumerate() {
            let span = entry.place(&[ReadStep::Key("drops"), ReadStep::Item(index), ReadStep::Key("requirement")]);
            let id = &dropped.requirement;
            if !self.parsed.requirements.iter().any(|entry| entry.name == *id) {
                let known: Vec<&str> = self.parsed.requirements.iter().map(|entry| entry.name.as_str()).collect();
                self.unknown("requirement", id, entry.file, span, known);
            } else if requirements.get(id).is_some_and(|known| !known.places.contains_key(&base.id)) {
                let spot = Spot::new(entry.file, span, "this cannot be dropped");
                let refusal = Refusal::new(format!("spec `{}` has no requirement `{id}`", base.id), spot);
                self.refuse(refusal.help("remove it from `drops`"));
            }
        }
    }

    fn tests(&mut self, specs: &Named<Spec>, requirements: &Named<Requirement>, adopters: &Adopters) -> Vec<Test> {
        let parsed = self.parsed;
        let known: Vec<&str> = parsed.requirements.iter().map(|entry| entry.name.as_str()).collect();
        let flows: Vec<&str> = parsed.flows.iter().map(|entry| entry.name.as_str()).collect();
        let mut tests = Vec::new();
        for entry in &parsed.tests {
            let Some(raw) = &entry.raw else { continue };
            for (index, id) in raw.verifies.0.iter().enumerate() {
                if !known.contains(&id.as_str()) {
                    let span = entry.place(&[ReadStep::Key("verifies"), ReadStep::Item(index)]);
                    self.unknown("requirement", id, entry.file, span, known.iter().copied());
                }
            }
            let lists = [("flow", Some(&raw.flow)), ("compare-with", raw.compare_with.as_ref())];
            let named = lists.into_iter().flat_map(|(key, names)| {
                let names = names.into_iter().flat_map(|names| names.0.iter().enumerate());
                names.map(move |(index, name)| (name, entry.place(&[ReadStep::Key(key), ReadStep::Item(index)])))
            });
            for (name, span) in named {
                if !flows.contains(&name.as_str()) {
                    self.unknown("flow", name, entry.file, span, flows.iter().copied());
                }
            }
            self.exceptions(entry, "except", &raw.except);
            rules::test(entry, raw, &parsed.flows, self.refusals);
            let mut verifies = raw.verifies.0.clone();
            for id in &raw.verifies.0 {
                verifies.extend(adopters.get(id).into_iter().flatten().cloned());
            }
            let mut seen = BTreeSet::new();
            verifies.retain(|id| seen.insert(id.clone()));
            let judged = |spec: &str| !excepts(specs, &raw.except, spec);
            self.levels(entry, &verifies, requirements, &judged);
            let Some(area) = entry.area else { continue };
            tests.push(Test {
                id: raw.id.clone(),
                area,
                title: raw.title.clone(),
                verifies,
                flows: raw.flow.0.clone(),
                on: raw.on.0.clone(),
                hold: raw.hold,
                when: raw.when.as_ref().map(|when| when.0.clone()).unwrap_or_default(),
                expect: raw.expect.clone().unwrap_or_default(),
                any_of: raw.any_of.clone().unwrap_or_default(),
                why: raw.why.clone(),
                compare_with: raw.compare_with.as_ref().map(|names| names.0.clone()).unwrap_or_default(),
                except: raw.except.clone(),
                source: self.source(entry.file, entry.tree.span().start),
            });
        }
        tests
    }

    /// Checks that the requirements of a test have one level in each spec, because the level decides the verdict.
    fn levels<T>(
        &mut self,
        entry: &RawEntry<'t, T>,
        verifies: &[String],
        requirements: &Named<Requirement>,
        judged: &dyn Fn(&str) -> bool,
    ) {
        let mut by_spec: BTreeMap<&str, Vec<(&str, Level)>> = BTreeMap::new();
        for requirement in verifies.iter().filter_map(|id| requirements.get(id)) {
            for (spec, place) in
                requirement.places.iter().filter(|(spec, place)| judged(spec) && place.untested.is_none())
            {
                by_spec.entry(spec).or_default().push((&requirement.id, place.level));
            }
        }
        for (spec, levels) in by_spec {
            let Some((first, level)) = levels.first() else { continue };
            let Some((other, other_level)) = levels.iter().find(|(_, other)| other != level) else { continue };
            let at = |id: &str| {
                let index = entry.texts("verifies").iter().position(|text| *text == id);
                let path = [ReadStep::Key("verifies"), ReadStep::Item(index.unwrap_or(0))];
                entry.place(if index.is_some() { &path } else { path.get(..1).unwrap_or(&path) })
            };
            let title = format!("the requirements of this test have different levels in spec `{spec}`");
            let refusal = Refusal::new(title, Spot::new(entry.file, at(other), format!("`{other}` is {other_level}")))
                .and(Spot::new(entry.file, at(first), format!("`{first}` is {level}")));
            self.refuse(refusal.help("write one test for each level"));
            // Other specs usually repeat the mistake.
            break;
        }
    }
}
