//! Reads a FHIR package: a published gzipped tar file, or a folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use flate2::read::MultiGzDecoder;
use serde_json::Value;

/// The maximum number of unpacked bytes that are read from one package.
const MAX_BYTES: u64 = 2 << 30;

/// The definitions of a package, by canonical URL.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// `package.json`: name, version, FHIR version, license.
    pub about: Value,
    /// StructureDefinitions.
    pub structures: BTreeMap<String, Value>,
    /// ValueSets.
    pub value_sets: BTreeMap<String, Value>,
    /// CodeSystems.
    pub code_systems: BTreeMap<String, Value>,
    /// SHA-256 of the names and contents of the definition files, in the order of their names, in hex.
    pub digest: String,
}

impl Package {
    /// Reads the package at `path`.
    ///
    /// # Errors
    /// A lower-case fragment with the way out, if it cannot be read or has no StructureDefinition.
    pub fn read(path: &Path) -> Result<Self, String> {
        let cannot = |error: std::io::Error| {
            format!("cannot read {}: {error}; give a FHIR package (.tgz) or its folder", path.display())
        };
        let files = if fs::metadata(path).map_err(cannot)?.is_dir() {
            folder(path).map_err(cannot)?
        } else {
            let file = fs::File::open(path).map_err(cannot)?;
            let mut tar = Vec::new();
            MultiGzDecoder::new(file).take(MAX_BYTES).read_to_end(&mut tar).map_err(cannot)?;
            untar(&tar)
        };
        let package = Self::of(files);
        if package.structures.is_empty() {
            let path = path.display();
            return Err(format!("{path} contains no StructureDefinition; give a FHIR package (.tgz) or its folder"));
        }
        Ok(package)
    }

    /// Creates a package from these files. Files that are not definitions are skipped.
    pub fn of(files: BTreeMap<String, Vec<u8>>) -> Self {
        let mut package = Self::default();
        let mut digest = Context::new(&SHA256);
        for (name, bytes) in files {
            let base = name.rsplit('/').next().unwrap_or_default();
            // Older packages also contain pages and examples.
            if !base.ends_with(".json") || base.starts_with('.') {
                continue;
            }
            let Ok(value) = serde_json::from_slice::<Value>(&bytes) else { continue };
            if base == "package.json" {
                package.about = value;
                continue;
            }
            let into = match value.get("resourceType").and_then(Value::as_str) {
                Some("StructureDefinition") => &mut package.structures,
                Some("ValueSet") => &mut package.value_sets,
                Some("CodeSystem") => &mut package.code_systems,
                _ => continue,
            };
            if let Some(url) = value.get("url").and_then(Value::as_str).map(str::to_owned) {
                digest.update(base.as_bytes());
                digest.update(&[0]);
                digest.update(&bytes);
                into.insert(url, value);
            }
        }
        package.digest = digest.finish().as_ref().iter().map(|b| format!("{b:02x}")).collect();
        package
    }

    /// Returns a string of `package.json`, or an empty string.
    pub fn says(&self, key: &str) -> &str {
        self.about.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the FHIR version of its definitions.
    pub fn fhir(&self) -> &str {
        let of = |key: &str| self.about.get(key)?.get(0)?.as_str();
        of("fhirVersions").or_else(|| of("fhir-version-list")).unwrap_or_else(|| {
            let mut versions = self.structures.values().filter_map(|value| value.get("fhirVersion")?.as_str());
            versions.next().unwrap_or_default()
        })
    }
}

fn folder(path: &Path) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    // An unpacked package has its files in a folder of this name.
    let inner = path.join("package");
    let path = if inner.is_dir() { inner.as_path() } else { path };
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.path().is_file() {
            files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
        }
    }
    Ok(files)
}

/// Returns the files of a tar archive (POSIX ustar with pax headers). A file that is cut off is left out.
fn untar(tar: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut rest = tar;
    let mut long_name = None;
    while let Some((header, after)) = rest.split_first_chunk::<512>() {
        if header.iter().all(|b| *b == 0) {
            break;
        }
        let text = |range: std::ops::Range<usize>| {
            let field = header.get(range).unwrap_or_default();
            let field = field.split(|b| *b == 0).next().unwrap_or_default();
            String::from_utf8_lossy(field).trim().to_owned()
        };
        let Ok(size) = usize::from_str_radix(&text(124..136), 8) else { break };
        let Some(body) = after.get(..size) else { break };
        let prefix = text(345..500);
        let name = if prefix.is_empty() { text(0..100) } else { format!("{prefix}/{}", text(0..100)) };
        match header.get(156) {
            Some(b'0' | 0) => {
                let name = long_name.take().unwrap_or(name);
                // The definitions are in the top folder of the package, not in those below it.
                if name.matches('/').count() <= 1 {
                    files.insert(name.rsplit('/').next().unwrap_or_default().to_owned(), body.to_vec());
                }
            }
            Some(b'x') => long_name = pax_path(body),
            Some(b'L') => long_name = Some(String::from_utf8_lossy(body).trim_end_matches('\0').to_owned()),
            _ => {}
        }
        rest = after.get(size.div_ceil(512) * 512..).unwrap_or_default();
    }
    files
}

/// Returns the path in a pax header, which has records such as `30 path=package/x.json`.
fn pax_path(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let mut records = text.lines().filter_map(|line| line.split_once(' ')?.1.strip_prefix("path="));
    records.next_back().map(str::to_owned)
}
