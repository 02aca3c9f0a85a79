//! Converts StructureDefinitions to rows of types and elements.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::fhir::definitions::builder::draft::{Draft, Member, capital, elements, parent, quoted};
use crate::fhir::definitions::builder::kinds::{has_twin, kind, marks, page, type_flags};
use crate::fhir::definitions::builder::package::Package;
use crate::fhir::definitions::builder::{codes, invariants};
use crate::fhir::definitions::layout::*;
use crate::fhir::definitions::rows::PoolText;
use crate::fhir::definitions::tables::{PackageOrigin, Tables, hash};
use crate::fhir::value::{list, text};

/// The start of the URLs of HL7's StructureDefinitions.
const BASE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// Builds the tables of one package.
pub(crate) struct Builder<'p> {
    package: &'p Package,
    tables: Tables,
    texts: HashMap<Vec<u8>, PoolText>,
    /// The number of each type, by name.
    names: BTreeMap<String, u16>,
    sets: BTreeMap<(String, bool), u16>,
    targets: BTreeMap<Vec<u16>, u16>,
}

impl<'p> Builder<'p> {
    /// Creates a builder for a package.
    pub(crate) fn new(package: &'p Package, links: &str) -> Self {
        let about = PackageOrigin {
            package: package.says("name").to_owned(),
            version: package.says("version").to_owned(),
            fhir: package.fhir().to_owned(),
            license: package.says("license").to_owned(),
            digest: package.digest.clone(),
            links: links.to_owned(),
        };
        Self {
            package,
            tables: Tables { about, ..Tables::default() },
            texts: HashMap::new(),
            names: BTreeMap::new(),
            sets: BTreeMap::new(),
            targets: BTreeMap::new(),
        }
    }

    /// Builds the tables. The error is a lower-case fragment with the way out.
    pub(crate) fn build(mut self) -> Result<Tables, String> {
        let drafts = self.drafts();
        if drafts.len() >= usize::from(NONE) || !drafts.iter().any(|draft| draft.name == "Element") {
            return Err("the package does not define the base types; give a core package".to_owned());
        }
        for (index, draft) in drafts.iter().enumerate() {
            self.names.insert(draft.name.clone(), index as u16);
        }
        let resources = drafts.iter().filter(|draft| draft.kind == "resource" && !draft.name.contains('.'));
        let mut named: Vec<(Vec<u8>, u16)> = resources
            .filter(|draft| !matches!(draft.name.as_str(), "Resource" | "DomainResource"))
            .map(|draft| (quoted(&draft.name), self.names.get(&draft.name).copied().unwrap_or(NONE)))
            .collect();
        named.sort();
        for (name, of) in named {
            let name = self.pooled(&name);
            self.tables.resources.push(ResourceRow { name, of });
        }
        self.tables.element_type = self.names.get("Element").copied().unwrap_or(NONE);
        let mut members: Vec<Vec<Member<'p>>> = Vec::new();
        for draft in &drafts {
            members.push(self.members(draft)?);
        }
        for (draft, at) in drafts.iter().zip(0..) {
            let (compiled, open) = invariants::compile(&self.names, draft, at, &mut members);
            for key in open {
                self.open(&draft.name, &key, 0);
            }
            self.tables.types.push(TypeRow {
                invariants: self.tables.invariants.len() as u32,
                invariant_count: compiled.len() as u16,
                ..TypeRow::default()
            });
            for (key, human, program) in compiled {
                let row = InvariantRow {
                    key: self.pooled(key.as_bytes()),
                    human: self.pooled(human.as_bytes()),
                    at: self.tables.programs.len() as u32,
                    length: program.len() as u16,
                };
                self.tables.programs.extend(program);
                self.tables.invariants.push(row);
            }
        }
        for ((draft, members), at) in drafts.iter().zip(members).zip(0..) {
            self.lay_down(draft, members, at);
        }
        self.tables.prepare();
        Ok(self.tables)
    }

    /// Adds a text to the pool, unless it is already there.
    fn pooled(&mut self, bytes: &[u8]) -> PoolText {
        let bytes = bytes.get(..bytes.len().min(usize::from(u16::MAX))).unwrap_or_default();
        if let Some(known) = self.texts.get(bytes) {
            return *known;
        }
        let text = PoolText { at: self.tables.pool.len() as u32, length: bytes.len() as u16 };
        self.tables.pool.extend_from_slice(bytes);
        self.texts.insert(bytes.to_vec(), text);
        text
    }

    /// Lists a requirement that the tables cannot decide.
    fn open(&mut self, of: &str, what: &str, kind: u8) {
        let row = OpenRow { of: self.pooled(of.as_bytes()), what: self.pooled(what.as_bytes()), kind };
        self.tables.open.push(row);
    }

    /// Returns the types: resources, complex types, and every element with children.
    fn drafts(&self) -> Vec<Draft<'p>> {
        let mut profiles: BTreeSet<&str> = BTreeSet::new();
        let all = self.package.structures.values();
        let base = all.clone().filter(|value| text(value, "derivation") != "constraint");
        for definition in base {
            for element in elements(definition) {
                let types = list(element, "type").iter();
                profiles.extend(types.flat_map(|of| list(of, "profile")).filter_map(Value::as_str));
            }
        }
        let mut drafts = Vec::new();
        for definition in all {
            let kind = text(definition, "kind");
            // SimpleQuantity is a profile that base types use as a type.
            let constraint = text(definition, "derivation") == "constraint";
            let part = profiles.contains(text(definition, "url")) && kind == "complex-type";
            if !matches!(kind, "resource" | "complex-type") || (constraint && !part) {
                continue;
            }
            let root = if constraint { text(definition, "name") } else { text(definition, "type") };
            let domain = text(definition, "baseDefinition").strip_prefix(BASE) == Some("DomainResource");
            let all = elements(definition);
            for own in all {
                let path = text(own, "path");
                let children: Vec<&Value> = all.iter().filter(|e| parent(text(e, "path")) == Some(path)).collect();
                if children.is_empty() {
                    continue;
                }
                let name = path.split_once('.').map_or(root.to_owned(), |(_, rest)| format!("{root}.{rest}"));
                let (root, kind) = (root.to_owned(), kind.to_owned());
                drafts.push(Draft { domain: domain && name == root, name, root, kind, own, children });
            }
        }
        drafts.sort_by(|a, b| a.name.cmp(&b.name));
        drafts.dedup_by(|a, b| a.name == b.name);
        drafts
    }

    fn members(&mut self, draft: &Draft<'p>) -> Result<Vec<Member<'p>>, String> {
        let mut members = Vec::new();
        let mut bit = 0;
        let resource = draft.kind == "resource" && draft.name == draft.root;
        if resource {
            let key = self.pooled(b"\"resourceType\"");
            let name = self.pooled(b"resourceType");
            let row = ElementRow { key, name, kind: ValueKind::ResourceType as u8, ..blank() };
            members.push(Member { row, name: "resourceType".into(), watches: Vec::new(), definition: &Value::Null });
            bit += 1;
        }
        for element in &draft.children {
            if text(element, "max") == "0" {
                continue;
            }
            let last = text(element, "path").rsplit('.').next().unwrap_or_default();
            let choice = last.strip_suffix("[x]");
            let mut flags = 0;
            flags |= if text(element, "max") == "1" { 0 } else { E_ARRAY };
            flags |= if choice.is_some() { E_CHOICE } else { 0 };
            flags |= if element.get("min").and_then(Value::as_u64) > Some(0) { E_REQUIRED } else { 0 };
            for (code, profile, of) in self.types_of(draft, element) {
                let key = match choice {
                    Some(stem) => {
                        let mut letters = profile.as_deref().unwrap_or(&code).chars();
                        let first = letters.next().map(|c| c.to_ascii_uppercase()).into_iter();
                        // In the key, the type of a profile is used, not the name of the profile.
                        let named: String = match &profile {
                            Some(_) => capital(&code),
                            None => first.chain(letters).collect(),
                        };
                        format!("{stem}{named}")
                    }
                    None => last.to_owned(),
                };
                let row =
                    self.element(draft, element, &key, last, &code, of, flags | marks(draft, last, resource), bit);
                let kind = row.kind;
                let at = members.len();
                let name = choice.unwrap_or(last).to_owned();
                members.push(Member { row, name: name.clone(), watches: Vec::new(), definition: element });
                if has_twin(kind, &code) {
                    let twin = ElementRow {
                        key: self.pooled(&quoted(&format!("_{key}"))),
                        kind: ValueKind::Twin as u8,
                        arg: at as u16,
                        set: NONE,
                        targets: NONE,
                        ..row
                    };
                    members.push(Member { row: twin, name, watches: Vec::new(), definition: element });
                }
            }
            bit += 1;
        }
        if bit > 63 {
            return Err(format!("the tables cannot hold {}: it has more than 63 elements", draft.name));
        }
        Ok(members)
    }

    /// Returns the types of an element: code, profile, and the number of the type in the tables.
    fn types_of(&self, draft: &Draft<'_>, element: &Value) -> Vec<(String, Option<String>, Option<u16>)> {
        if let Some(to) = element.get("contentReference").and_then(Value::as_str) {
            let path = to.rsplit('#').next().unwrap_or_default();
            return vec![("BackboneElement".to_owned(), None, self.names.get(path).copied())];
        }
        let rest = text(element, "path").split_once('.').map_or("", |(_, rest)| rest);
        let own = self.names.get(&format!("{}.{rest}", draft.root)).copied();
        let types = list(element, "type").iter().map(|of| {
            let code = text(of, "code").to_owned();
            let profile = list(of, "profile").iter().filter_map(|url| url.as_str()?.strip_prefix(BASE)).next();
            let profiled = profile.and_then(|name| self.names.get(name).copied());
            let named = profiled.or(own).or_else(|| self.names.get(&code).copied());
            (code, profile.filter(|_| profiled.is_some()).map(str::to_owned), named)
        });
        types.collect()
    }

    #[allow(clippy::too_many_arguments)]
    fn element(
        &mut self,
        draft: &Draft<'_>,
        element: &Value,
        key: &str,
        name: &str,
        code: &str,
        of: Option<u16>,
        flags: u16,
        bit: u8,
    ) -> ElementRow {
        let kind = kind(draft, code, name);
        let mut row = ElementRow {
            key: self.pooled(&quoted(key)),
            name: self.pooled(name.as_bytes()),
            kind: kind as u8,
            flags,
            bit,
            ..blank()
        };
        let binding = element.get("binding").filter(|binding| text(binding, "strength") == "required");
        let bound = binding.map(|binding| text(binding, "valueSet")).filter(|url| !url.is_empty());
        let concept = kind == ValueKind::Complex && code == "CodeableConcept";
        if let Some(url) = bound.filter(|_| kind == ValueKind::Code || concept || matches!(code, "Coding" | "Quantity"))
        {
            let set = if kind == ValueKind::Code || concept { self.set(url, concept) } else { NONE };
            match kind {
                ValueKind::Code => row.arg = set,
                _ => row.set = set,
            }
            if set == NONE {
                let path = format!("{}.{name}", draft.name);
                self.open(&path, url.split('|').next().unwrap_or_default(), 1);
            }
        }
        if kind == ValueKind::Complex {
            row.arg = of.unwrap_or(NONE);
        }
        if code == "Reference" {
            row.targets = self.targets_of(element);
        }
        row
    }

    /// Returns the list of types that an element may refer to; [`NONE`] for any type.
    fn targets_of(&mut self, element: &Value) -> u16 {
        let types = list(element, "type").iter().filter(|of| text(of, "code") == "Reference");
        let urls: Vec<&str> = types.flat_map(|of| list(of, "targetProfile")).filter_map(Value::as_str).collect();
        let mut found = Vec::new();
        for url in &urls {
            // The target can be a profile; then its resource type counts. A target that is not in the package can be
            // any type.
            let plain = url.split('|').next().unwrap_or_default();
            let Some(definition) = self.package.structures.get(plain) else { return NONE };
            match self.tables.resource(&quoted(text(definition, "type"))) {
                Some(index) => found.push(index as u16),
                None => return NONE,
            }
        }
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            return NONE;
        }
        if let Some(known) = self.targets.get(&found) {
            return *known;
        }
        let at = self.tables.targets.len() as u16;
        self.tables.targets.extend(&found);
        self.tables.targets.push(NONE);
        self.targets.insert(found, at);
        at
    }

    /// Returns the code set of a value set; [`NONE`] if not all of its codes are known.
    fn set(&mut self, url: &str, systems: bool) -> u16 {
        let key = (url.to_owned(), systems);
        if let Some(known) = self.sets.get(&key) {
            return *known;
        }
        let codes: BTreeSet<Vec<u8>> = match codes::expand(self.package, url) {
            None => BTreeSet::new(),
            Some(codes) if systems => {
                codes.iter().map(|(system, code)| format!("{system}|{code}").into_bytes()).collect()
            }
            Some(codes) => codes.iter().filter_map(|(_, code)| serde_json::to_vec(code).ok()).collect(),
        };
        let index = if codes.is_empty() || codes.len() > 20_000 {
            NONE
        } else {
            let first = self.tables.codes.len() as u32;
            let texts: Vec<Vec<u8>> = codes.into_iter().collect();
            for text in &texts {
                let text = self.pooled(text);
                self.tables.codes.push(CodeRow { text });
            }
            let url = self.pooled(url.split('|').next().unwrap_or_default().as_bytes());
            let (slots, bits) = self.slots(&texts);
            let row = SetRow { url, slots, bits, first, count: texts.len() as u16, systems: u8::from(systems) };
            self.tables.sets.push(row);
            self.tables.sets.len() as u16 - 1
        };
        self.sets.insert(key, index);
        index
    }

    /// Adds hash slots for these texts, at most half of them used.
    fn slots(&mut self, texts: &[Vec<u8>]) -> (u32, u8) {
        let bits = (usize::BITS - (texts.len() * 2).leading_zeros()).clamp(1, 16) as u8;
        let size = 1_usize << bits;
        let mut slots = vec![NONE; size];
        for (index, text) in texts.iter().enumerate() {
            let mut at = hash(bits, text);
            while slots.get(at).is_some_and(|slot| *slot != NONE) {
                at = (at + 1) & (size - 1);
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = index as u16;
            }
        }
        let first = self.tables.slots.len() as u32;
        self.tables.slots.extend(slots);
        (first, bits)
    }

    /// Writes the rows of a type.
    fn lay_down(&mut self, draft: &Draft<'_>, members: Vec<Member<'_>>, at: usize) {
        let first = self.tables.elements.len() as u32;
        let keys: Vec<Vec<u8>> = members.iter().map(|member| self.tables.bytes(member.row.key).to_vec()).collect();
        let (mut required, mut choices) = (0, 0);
        for member in &members {
            let mask = 1_u64 << member.row.bit;
            required |= if member.row.flags & E_REQUIRED != 0 { mask } else { 0 };
            choices |= if member.row.flags & E_CHOICE != 0 { mask } else { 0 };
        }
        let count = members.len() as u16;
        for member in members {
            let watches = self.tables.watches.len() as u32;
            let watch_count = member.watches.len() as u8;
            for watched in member.watches {
                let text = self.pooled(&watched.text);
                let (kind, bit, mask) = (watched.kind as u8, watched.bit, watched.mask);
                self.tables.watches.push(WatchRow { kind, bit, text, mask });
            }
            let mut row = ElementRow { watches, watch_count, ..member.row };
            if row.kind == ValueKind::Twin as u8 {
                (row.watches, row.watch_count) = (0, 0);
            }
            self.tables.elements.push(row);
        }
        let (slots, bits) = self.slots(&keys);
        let name = self.pooled(draft.name.as_bytes());
        let flags = type_flags(draft);
        let page = page(&draft.root, &draft.kind);
        if let Some(row) = self.tables.types.get_mut(at) {
            *row = TypeRow { name, first, count, slots, bits, flags, required, choices, page, ..*row };
        }
    }
}

fn blank() -> ElementRow {
    ElementRow { arg: NONE, set: NONE, targets: NONE, ..ElementRow::default() }
}
