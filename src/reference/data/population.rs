//! The resources of the reference server.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::base::instant::Instant;
use crate::reference::data::filter::ParsedResources;
use crate::reference::data::fixtures::{DeletedResource, FixtureData};
use crate::reference::data::generate::{GeneratedType, Generator};
use crate::reference::data::rows::Rows;
use crate::reference::data::selection::{ResourceSelection, SelectedLevel};
use crate::reference::data::{deleted, directory, fixtures};
use crate::reference::options::IdShapes;
use crate::search::world::World;

/// The resources of an export, by type.
pub(crate) type FoundResources = Vec<(&'static str, Rows)>;

/// The resources of a reference server.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    held: Vec<(&'static str, Vec<FixtureData>)>,
    generator: Option<Generator>,
    deletions: Vec<DeletedResource>,
    /// `Type/id` of resources deleted while the server ran.
    removed: BTreeSet<String>,
    /// `Type/id` of resources that cannot be exported.
    failing: BTreeSet<String>,
    parsed: ParsedResources,
}

impl Population {
    fn empty() -> Self {
        Self {
            held: Vec::new(),
            generator: None,
            deletions: Vec::new(),
            removed: BTreeSet::new(),
            failing: BTreeSet::new(),
            parsed: ParsedResources::default(),
        }
    }

    /// The fixtures of a server at `base`. `others` adds a patient of another tenant.
    pub(crate) fn fixtures(base: &str, others: bool, ids: &IdShapes) -> Self {
        let mut held = fixtures::resources(base, ids);
        if others {
            let patients = held.iter_mut().filter(|(name, _)| *name == "Patient");
            patients.for_each(|(_, rows)| rows.extend(fixtures::of_another_tenant()));
        }
        Self { held, deletions: fixtures::deleted(ids), ..Self::empty() }
    }

    /// The Australian provider directory of a server at `base`. `suppressed` includes hidden resources.
    pub(crate) fn directory(base: &str, suppressed: bool) -> Self {
        let held = directory::resources(base, suppressed);
        Self { held, deletions: directory::deleted(), ..Self::empty() }
    }

    /// A generated population with this number of patients, and two Groups.
    pub(crate) fn generated(patients: u64) -> Self {
        let made = Generator::new(patients);
        let members: Vec<String> = (0..made.members()).map(|index| made.id(GeneratedType::Patient, index)).collect();
        let held = vec![("Group", vec![group(&made, "harbour", &members), group(&made, "empty-berth", &[])])];
        Self { held, generator: Some(made), deletions: fixtures::deleted(&IdShapes::default()), ..Self::empty() }
    }

    /// Whether its resources are generated when they are sent.
    pub(crate) fn is_generated(&self) -> bool {
        self.generator.is_some()
    }

    /// The types of its resources, in the order of exports.
    pub(crate) fn types(&self) -> Vec<&'static str> {
        let made = self.generator.iter().flat_map(|_| GeneratedType::ALL.iter().map(|kind| kind.as_str()));
        made.chain(self.held.iter().map(|(name, _)| *name)).collect()
    }

    /// The number of resources of a type.
    pub(crate) fn count(&self, name: &str) -> u64 {
        match (self.generator, GeneratedType::from_word(name)) {
            (Some(made), Some(kind)) => made.count(kind),
            _ => self.rows(name).len() as u64,
        }
    }

    /// One resource, as one line.
    pub(crate) fn read(&self, name: &str, id: &str) -> Option<Bytes> {
        if let (Some(made), Some(kind)) = (self.generator, GeneratedType::from_word(name)) {
            return made.find(kind, id).map(|index| made.line(kind, index));
        }
        self.rows(name).iter().find(|row| row.id == id).map(|row| row.line.clone())
    }

    /// The first `limit` resources of a type.
    pub(crate) fn first(&self, name: &str, limit: u64) -> Vec<Bytes> {
        match (self.generator, GeneratedType::from_word(name)) {
            (Some(made), Some(kind)) => Rows::made(made, kind, 0, made.count(kind)).part(0, limit).iter().collect(),
            _ => {
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                self.rows(name).iter().take(limit).map(|row| row.line.clone()).collect()
            }
        }
    }

    /// The members of a Group; `None` if there is no such Group.
    pub(crate) fn members(&self, id: &str) -> Option<&BTreeSet<String>> {
        self.rows("Group").iter().find(|row| row.id == id).map(|row| &row.patients)
    }

    /// The resources that `selection` selects, by type. Types without resources are omitted.
    pub(crate) fn select(&self, selection: &ResourceSelection) -> FoundResources {
        let made = self.generator.iter().flat_map(|made| {
            let kinds = GeneratedType::ALL.iter().filter(|kind| selection.includes_type(kind.as_str()));
            kinds.map(|kind| (kind.as_str(), self.select_generated(*made, *kind, selection)))
        });
        let held = self.held.iter().filter(|(name, _)| selection.includes_type(name));
        let held = held.map(|(name, rows)| {
            let chosen = rows.iter().filter(|row| self.selects(name, row, selection)).map(|row| row.line.clone());
            (*name, Rows::held(chosen.collect()))
        });
        made.chain(held).filter(|(_, rows)| rows.len() > 0).collect()
    }

    /// All resources in memory, for filters.
    pub(crate) fn world(&self) -> &impl World {
        let lines = |rows: &[FixtureData]| Rows::held(rows.iter().map(|row| row.line.clone()).collect());
        self.parsed.of(self.held.iter().map(move |(name, rows)| (*name, lines(rows))))
    }

    /// The Bundles of the deletions that `selection` covers and `reported` accepts.
    pub(crate) fn deletions(&self, selection: &ResourceSelection, reported: &dyn Fn(&DeletedResource) -> bool) -> Rows {
        deleted::bundles(&self.deletions, selection, reported)
    }

    /// Whether a resource was deleted while the server ran.
    pub(crate) fn was_removed(&self, name: &str, id: &str) -> bool {
        self.has_removed(&format!("{name}/{id}"))
    }

    /// Whether the resource of a reference `Type/id` was deleted while the server ran.
    pub(crate) fn has_removed(&self, reference: &str) -> bool {
        self.removed.contains(reference)
    }

    /// The population with another version of a resource, dated `updated`; `None` if the resource is not in memory. If
    /// `fails` is set, the resource cannot be exported.
    pub(crate) fn with(&self, (name, id): (&str, &str), line: Bytes, updated: Instant, fails: bool) -> Option<Self> {
        let mut next = self.unparsed();
        let rows = next.held.iter_mut().find(|(held, _)| *held == name).map(|(_, rows)| rows)?;
        let row = rows.iter_mut().find(|row| row.id == id)?;
        (row.line, row.updated) = (line, updated);
        let full = format!("{name}/{id}");
        if fails {
            next.failing.insert(full)
        } else {
            next.failing.remove(&full)
        };
        Some(next)
    }

    /// The population without a resource that was deleted `at`; `None` if the resource is not in memory.
    pub(crate) fn without(&self, (name, id): (&str, &str), at: &str) -> Option<Self> {
        let mut next = self.unparsed();
        let rows = next.held.iter_mut().find(|(held, _)| *held == name).map(|(_, rows)| rows)?;
        let row = rows.remove(rows.iter().position(|row| row.id == id)?);
        let groups = self.rows("Group").iter().filter(|group| !group.patients.is_disjoint(&row.patients));
        let reference = format!("{name}/{id}");
        next.removed.insert(reference.clone());
        next.deletions.push(DeletedResource {
            patient: row.patients.first().cloned(),
            groups: groups.map(|group| group.id.clone()).collect(),
            reference,
            at: at.to_owned(),
        });
        Some(next)
    }

    /// A copy without parsed resources, so that filters parse them again.
    fn unparsed(&self) -> Self {
        Self { parsed: ParsedResources::default(), ..self.clone() }
    }

    /// Removes the resources that cannot be exported from `found`, and returns their names.
    pub(crate) fn remove_failing(&self, found: &mut FoundResources) -> Vec<String> {
        let mut failed = Vec::new();
        if self.failing.is_empty() {
            return failed;
        }
        for (name, rows) in found.iter_mut() {
            let names = |id: &str| format!("{name}/{id}");
            let of_type: Vec<&FixtureData> =
                self.rows(name).iter().filter(|row| self.failing.contains(&names(&row.id))).collect();
            let fails = |line: &Bytes| of_type.iter().find(|row| row.line == *line);
            if rows.iter().all(|line| fails(&line).is_none()) {
                continue;
            }
            failed.extend(rows.iter().filter_map(|line| fails(&line).map(|row| names(&row.id))));
            *rows = Rows::held(rows.iter().filter(|line| fails(line).is_none()).collect());
        }
        found.retain(|(_, rows)| rows.len() > 0);
        failed
    }

    fn rows(&self, name: &str) -> &[FixtureData] {
        self.held.iter().find(|(held, _)| *held == name).map_or(&[], |(_, rows)| rows)
    }

    fn selects(&self, name: &str, row: &FixtureData, selection: &ResourceSelection) -> bool {
        if !selection.includes_date(row.updated) {
            return false;
        }
        let listed = selection.patients.as_ref();
        match (name, &selection.level) {
            (_, SelectedLevel::System) => true,
            // A Group lists all its members, so it is exported only if the export includes all of them.
            ("Group", SelectedLevel::Patients) => listed.is_none() && !row.patients.is_empty(),
            // A Group without members is not exported.
            ("Group", SelectedLevel::Group(id)) => listed.is_none() && row.id == *id && !row.patients.is_empty(),
            (_, SelectedLevel::Patients) => {
                row.patients.iter().any(|id| listed.is_none_or(|listed| listed.contains(id)))
            }
            (_, SelectedLevel::Group(group)) => self.members(group).is_some_and(|members| {
                row.patients.iter().any(|id| members.contains(id) && listed.is_none_or(|listed| listed.contains(id)))
            }),
        }
    }

    fn select_generated(&self, made: Generator, kind: GeneratedType, selection: &ResourceSelection) -> Rows {
        let start = selection.since.map_or(0, |since| made.first(kind, |date| date > since));
        let end = selection.until.map_or(made.count(kind), |until| made.first(kind, |date| date >= until));
        let each = kind.per_patient().unwrap_or(1);
        let end = match selection.level {
            SelectedLevel::System | SelectedLevel::Patients => end,
            SelectedLevel::Group(ref id) if self.members(id).is_some_and(|members| !members.is_empty()) => {
                end.min(made.members() * each)
            }
            SelectedLevel::Group(_) => start,
        };
        let Some(listed) = selection.patients.as_ref() else { return Rows::made(made, kind, start, end) };
        let mut indices: Vec<u64> = listed
            .iter()
            .filter_map(|id| made.find(GeneratedType::Patient, id))
            .flat_map(|owner| owner * each..(owner + 1) * each)
            .filter(|index| (start..end).contains(index))
            .collect();
        indices.sort_unstable();
        Rows::picked(made, kind, indices)
    }
}

fn group(made: &Generator, id: &str, members: &[String]) -> FixtureData {
    let updated = made.updated(GeneratedType::Patient, 0);
    let mut value = json!({
        "resourceType": "Group", "id": id,
        "meta": { "versionId": "1", "lastUpdated": updated.to_string() },
        "identifier": [{ "system": "https://plimsoll.example/group", "value": id }],
        "active": true, "type": "person", "actual": true, "name": id, "quantity": members.len()
    });
    if let (Some(fields), false) = (value.as_object_mut(), members.is_empty()) {
        let list = members.iter().map(|id| json!({ "entity": { "reference": format!("Patient/{id}") } }));
        fields.insert("member".to_owned(), Value::Array(list.collect()));
    }
    FixtureData {
        id: id.to_owned(),
        updated,
        patients: members.iter().cloned().collect(),
        line: value.to_string().into(),
    }
}
