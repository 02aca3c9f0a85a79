//! What the server holds, and what an export chooses of it.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::base::instant::Instant;
use crate::base::resource_types;
use crate::reference::data::filter::Shelf;
use crate::reference::data::fixtures::{FixtureData, Gone};
use crate::reference::data::generate::{Generator, Kind};
use crate::reference::data::rows::Rows;
use crate::reference::data::{deleted, directory, fixtures};
use crate::search::world::World;

/// The resources of an export's level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Everything.
    System,
    /// What belongs to patients.
    Patients,
    /// What belongs to the patients of a Group.
    Group(String),
}

/// What an export asks for.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// Its level.
    pub reach: Reach,
    /// The types; none: all.
    pub types: Option<BTreeSet<String>>,
    /// Only what was changed later.
    pub since: Option<Instant>,
    /// Only what was changed earlier.
    pub until: Option<Instant>,
    /// Only what belongs to these patients.
    pub patients: Option<BTreeSet<String>>,
}

impl Selection {
    /// Everything at one level.
    pub(crate) fn of(reach: Reach) -> Self {
        Self { reach, types: None, since: None, until: None, patients: None }
    }

    pub(crate) fn wants_type(&self, name: &str) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(name))
            && (self.reach == Reach::System || resource_types::is_of_patients(name))
    }

    pub(crate) fn wants_date(&self, date: Instant) -> bool {
        self.since.is_none_or(|since| date > since) && self.until.is_none_or(|until| date < until)
    }
}

/// What the server holds.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    held: Vec<(&'static str, Vec<FixtureData>)>,
    made: Option<Generator>,
    gone: Vec<Gone>,
    /// `Type/id` of what was deleted while the server ran.
    removed: BTreeSet<String>,
    /// `Type/id` of what cannot be exported.
    failing: BTreeSet<String>,
    shelf: Shelf,
}

impl Population {
    fn empty() -> Self {
        Self {
            held: Vec::new(),
            made: None,
            gone: Vec::new(),
            removed: BTreeSet::new(),
            failing: BTreeSet::new(),
            shelf: Shelf::default(),
        }
    }

    /// The fixtures of a server at `base`, with what belongs to another tenant, or without.
    pub(crate) fn fixtures(base: &str, others: bool) -> Self {
        let mut held = fixtures::resources(base);
        if others {
            let patients = held.iter_mut().filter(|(name, _)| *name == "Patient");
            patients.for_each(|(_, rows)| rows.extend(fixtures::of_another_tenant()));
        }
        Self { held, gone: fixtures::deleted(), ..Self::empty() }
    }

    /// The Australian provider directory of a server at `base`, without the resources that are suppressed there, or with
    /// them.
    pub(crate) fn directory(base: &str, suppressed: bool) -> Self {
        let held = directory::resources(base, suppressed);
        Self { held, gone: directory::deleted(), ..Self::empty() }
    }

    /// A generated population of so many patients, and two Groups.
    pub(crate) fn generated(patients: u64) -> Self {
        let made = Generator::new(patients);
        let members: Vec<String> = (0..made.members()).map(|index| made.id(Kind::Patient, index)).collect();
        let held = vec![("Group", vec![group(&made, "harbour", &members), group(&made, "empty-berth", &[])])];
        Self { held, made: Some(made), gone: fixtures::deleted(), ..Self::empty() }
    }

    /// Whether it is made while it is sent.
    pub(crate) fn is_made(&self) -> bool {
        self.made.is_some()
    }

    /// The types that are held, in the order in which they are exported.
    pub(crate) fn types(&self) -> Vec<&'static str> {
        let made = self.made.iter().flat_map(|_| Kind::ALL.iter().map(|kind| kind.as_str()));
        made.chain(self.held.iter().map(|(name, _)| *name)).collect()
    }

    /// How many resources of a type are held.
    pub(crate) fn count(&self, name: &str) -> u64 {
        match (self.made, Kind::from_word(name)) {
            (Some(made), Some(kind)) => made.count(kind),
            _ => self.rows(name).len() as u64,
        }
    }

    /// One resource, as one line.
    pub(crate) fn read(&self, name: &str, id: &str) -> Option<Bytes> {
        if let (Some(made), Some(kind)) = (self.made, Kind::from_word(name)) {
            return made.find(kind, id).map(|index| made.line(kind, index));
        }
        self.rows(name).iter().find(|row| row.id == id).map(|row| row.line.clone())
    }

    /// The first `limit` resources of a type.
    pub(crate) fn first(&self, name: &str, limit: u64) -> Vec<Bytes> {
        match (self.made, Kind::from_word(name)) {
            (Some(made), Some(kind)) => Rows::made(made, kind, 0, made.count(kind)).part(0, limit).iter().collect(),
            _ => {
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                self.rows(name).iter().take(limit).map(|row| row.line.clone()).collect()
            }
        }
    }

    /// The members of a Group, if there is such a Group.
    pub(crate) fn members(&self, id: &str) -> Option<&BTreeSet<String>> {
        self.rows("Group").iter().find(|row| row.id == id).map(|row| &row.patients)
    }

    /// What an export of `wanted` returns, by type; types without anything are left out.
    pub(crate) fn select(&self, wanted: &Selection) -> Vec<(&'static str, Rows)> {
        let made = self.made.iter().flat_map(|made| {
            let kinds = Kind::ALL.iter().filter(|kind| wanted.wants_type(kind.as_str()));
            kinds.map(|kind| (kind.as_str(), self.select_made(*made, *kind, wanted)))
        });
        let held = self.held.iter().filter(|(name, _)| wanted.wants_type(name));
        let held = held.map(|(name, rows)| {
            let chosen = rows.iter().filter(|row| self.wants(name, row, wanted)).map(|row| row.line.clone());
            (*name, Rows::held(chosen.collect()))
        });
        made.chain(held).filter(|(_, rows)| rows.len() > 0).collect()
    }

    /// All resources that lie in memory, for filters to look at.
    pub(crate) fn world(&self) -> &impl World {
        let lines = |rows: &[FixtureData]| Rows::held(rows.iter().map(|row| row.line.clone()).collect());
        self.shelf.of(self.held.iter().map(move |(name, rows)| (*name, lines(rows))))
    }

    /// Bundles that name what was deleted after `since`.
    pub(crate) fn deleted(&self, wanted: &Selection, tells: &dyn Fn(&Gone) -> bool) -> Rows {
        deleted::bundles(&self.gone, wanted, tells)
    }

    /// Whether this was deleted while the server ran.
    pub(crate) fn was_removed(&self, name: &str, id: &str) -> bool {
        self.has_removed(&format!("{name}/{id}"))
    }

    /// The same of a `Type/id`.
    pub(crate) fn has_removed(&self, reference: &str) -> bool {
        self.removed.contains(reference)
    }

    /// The same with another state of a resource that is held, dated `updated`; none: it is not held in memory. `fails`
    /// says that it cannot be exported.
    pub(crate) fn with(&self, (name, id): (&str, &str), line: Bytes, updated: Instant, fails: bool) -> Option<Self> {
        let mut next = self.unshelved();
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

    /// The same without a resource, deleted `at`; none: it is not held in memory.
    pub(crate) fn without(&self, (name, id): (&str, &str), at: &str) -> Option<Self> {
        let mut next = self.unshelved();
        let rows = next.held.iter_mut().find(|(held, _)| *held == name).map(|(_, rows)| rows)?;
        let row = rows.remove(rows.iter().position(|row| row.id == id)?);
        let groups = self.rows("Group").iter().filter(|group| !group.patients.is_disjoint(&row.patients));
        let reference = format!("{name}/{id}");
        next.removed.insert(reference.clone());
        next.gone.push(Gone {
            patient: row.patients.first().cloned(),
            groups: groups.map(|group| group.id.clone()).collect(),
            reference,
            at: at.to_owned(),
        });
        Some(next)
    }

    /// The same, what searches look at to be made anew.
    fn unshelved(&self) -> Self {
        Self { shelf: Shelf::default(), ..self.clone() }
    }

    /// Takes what cannot be exported out of `found`, and gives the names of what was taken.
    pub(crate) fn fail_in(&self, found: &mut Vec<(&'static str, Rows)>) -> Vec<String> {
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

    fn wants(&self, name: &str, row: &FixtureData, wanted: &Selection) -> bool {
        if !wanted.wants_date(row.updated) {
            return false;
        }
        let listed = wanted.patients.as_ref();
        match (name, &wanted.reach) {
            (_, Reach::System) => true,
            // A Group names all its members, so it goes out only where they all may be seen.
            ("Group", Reach::Patients) => listed.is_none() && !row.patients.is_empty(),
            // One that nobody is in leads to nothing.
            ("Group", Reach::Group(id)) => listed.is_none() && row.id == *id && !row.patients.is_empty(),
            (_, Reach::Patients) => row.patients.iter().any(|id| listed.is_none_or(|listed| listed.contains(id))),
            (_, Reach::Group(group)) => self.members(group).is_some_and(|members| {
                row.patients.iter().any(|id| members.contains(id) && listed.is_none_or(|listed| listed.contains(id)))
            }),
        }
    }

    fn select_made(&self, made: Generator, kind: Kind, wanted: &Selection) -> Rows {
        let start = wanted.since.map_or(0, |since| made.first(kind, |date| date > since));
        let end = wanted.until.map_or(made.count(kind), |until| made.first(kind, |date| date >= until));
        let each = kind.per_patient().unwrap_or(1);
        let end = match wanted.reach {
            Reach::System | Reach::Patients => end,
            Reach::Group(ref id) if self.members(id).is_some_and(|members| !members.is_empty()) => {
                end.min(made.members() * each)
            }
            Reach::Group(_) => start,
        };
        let Some(listed) = wanted.patients.as_ref() else { return Rows::made(made, kind, start, end) };
        let mut indices: Vec<u64> = listed
            .iter()
            .filter_map(|id| made.find(Kind::Patient, id))
            .flat_map(|owner| owner * each..(owner + 1) * each)
            .filter(|index| (start..end).contains(index))
            .collect();
        indices.sort_unstable();
        Rows::picked(made, kind, indices)
    }
}

fn group(made: &Generator, id: &str, members: &[String]) -> FixtureData {
    let updated = made.updated(Kind::Patient, 0);
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
