//! `organizeOutputBy`: files that consist of blocks, one block for each resource of a type.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::reference::data::population::FoundResources;
use crate::reference::data::rows::Rows;
use crate::reference::export::job::JobFile;
use crate::reference::fault::behavior::Behavior;
use crate::reference::reply::Point;
use crate::reference::state::ServerState;

/// The number of lines in a file if blocks are split.
const SPLIT_SIZE: usize = 25;
/// The types that a fault repeats in every block.
const SHARED: [&str; 2] = ["Practitioner", "Organization"];

/// A block: its header, and its other lines.
struct OrganizedBlock {
    header: Bytes,
    lines: Vec<Bytes>,
}

/// A file: its lines, and whether its last block continues in the next file.
type BlockFile = (Vec<Bytes>, bool);

/// The files of an export organized by `kind`.
pub(crate) fn files(server: &ServerState, kind: &'static str, found: &FoundResources) -> Vec<JobFile> {
    let files = cut(server, &blocks(server, kind, found)).into_iter().filter(|(lines, _)| !lines.is_empty());
    let file = |(at, (lines, continues)): (usize, BlockFile)| {
        let name = format!("{kind}-blocks-{}.ndjson", at + 1);
        JobFile { point: Point::FileOutput, kind, name, rows: Rows::held(lines), continues }
    };
    files.enumerate().map(file).collect()
}

/// Cuts blocks into files.
fn cut(server: &ServerState, blocks: &[OrganizedBlock]) -> Vec<BlockFile> {
    let mut files: Vec<BlockFile> = vec![(Vec::new(), false)];
    let split = server.does(Behavior::SplitBlocks);
    let size = match split {
        true => SPLIT_SIZE,
        false => usize::try_from(server.lines_per_file()).unwrap_or(usize::MAX),
    };
    for block in blocks {
        let Some((lines, _)) = files.last_mut() else { return files };
        let alone = server.does(Behavior::BlockPerFile);
        let fits = !alone && (split || lines.len() + block.lines.len() < size);
        if !lines.is_empty() && (!fits || lines.len() + 2 > size) {
            files.push((Vec::new(), false));
        }
        let mut rest = block.lines.as_slice();
        loop {
            let Some((lines, continues)) = files.last_mut() else { return files };
            lines.push(block.header.clone());
            let room = if split { size.saturating_sub(lines.len()).max(1) } else { rest.len() };
            let (here, next) = rest.split_at(room.min(rest.len()));
            lines.extend(here.iter().cloned());
            if next.is_empty() {
                break;
            }
            *continues = true;
            files.push((Vec::new(), false));
            rest = next;
        }
    }
    files
}

fn blocks(server: &ServerState, kind: &str, found: &FoundResources) -> Vec<OrganizedBlock> {
    let all: Vec<(&str, Bytes)> =
        found.iter().flat_map(|(name, rows)| rows.iter().map(|line| (*name, line)).collect::<Vec<_>>()).collect();
    let lines = all.iter().filter(|(name, _)| *name == kind);
    let mut owners: Vec<(String, &Bytes)> = lines.filter_map(|(_, line)| Some((id_of(line)?, line))).collect();
    if server.does(Behavior::LosesBlock) {
        owners.pop();
    }
    let references: Vec<BTreeSet<String>> = all.iter().map(|(_, line)| references(line)).collect();
    let shares = server.does(Behavior::SharedInBlocks);
    let block = |(id, owner): (String, &Bytes)| {
        let reference = format!("{kind}/{id}");
        let others = all.iter().zip(&references).filter(|((name, line), references)| {
            line != owner && (references.contains(&reference) || (shares && SHARED.contains(name)))
        });
        let header = json!({
            "resourceType": "Parameters",
            "parameter": [{ "name": "header", "valueReference": { "reference": reference } }]
        });
        let mut lines: Vec<Bytes> = others.map(|((_, line), _)| line.clone()).collect();
        // The spec does not say that a block starts with the resource itself.
        let place = if server.does(Behavior::OwnerLast) { lines.len() } else { 0 };
        lines.insert(place, owner.clone());
        OrganizedBlock { header: Bytes::from(header.to_string()), lines }
    };
    owners.into_iter().map(block).collect()
}

fn id_of(line: &Bytes) -> Option<String> {
    serde_json::from_slice::<Value>(line).ok()?.get("id")?.as_str().map(str::to_owned)
}

/// The references in a resource.
fn references(line: &Bytes) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(line);
    text.split("\"reference\":\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}
