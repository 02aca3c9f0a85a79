//! `organizeOutputBy` at work: files of blocks, one for each resource of a type.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::reference::data::rows::Rows;
use crate::reference::fault::behavior::Behavior;
use crate::reference::jobs::JobFile;
use crate::reference::options::Personality;
use crate::reference::params::{ExportRequest, Reader};
use crate::reference::reply::{Point, ServerReply};
use crate::reference::server::Server;

/// The types by which output is organised.
const ORGANIZERS: [&str; 1] = ["Patient"];
/// Lines of a file where blocks are split.
const SPLIT: usize = 25;
/// The types that are repeated in every block, where they are.
const SHARED: [&str; 2] = ["Practitioner", "Organization"];

impl Reader<'_> {
    /// Takes in `organizeOutputBy`.
    pub(crate) fn organizer(&self, wanted: &mut ExportRequest, value: &str) -> Result<(), Box<ServerReply>> {
        // Blocks are put together in memory, which a population that is made while it is sent does not fit.
        let known = ORGANIZERS.iter().find(|kind| **kind == value).filter(|_| !self.population.is_made());
        match known.filter(|_| !(self.does)(Behavior::NeverOrganizes)) {
            Some(kind) => {
                wanted.organizer = Some(*kind).filter(|_| !(self.does)(Behavior::IgnoreOrganizer));
                Ok(())
            }
            None => {
                let shown: String = value.chars().take(80).collect();
                self.unsupported(wanted, &format!("organizeOutputBy={shown} is not supported; Patient is"))
            }
        }
    }

    /// Whether the server knows the parameter.
    pub(crate) fn organizes(&self) -> bool {
        matches!(self.spec, Personality::Stu3 | Personality::Lesson)
    }
}

/// One block: whose it is, and its lines without the header.
struct OrganizedBlock {
    header: Bytes,
    lines: Vec<Bytes>,
}

impl Server {
    /// Cuts what was found into files of blocks.
    pub(crate) fn cut_blocks(&self, files: &mut Vec<JobFile>, kind: &'static str, found: &[(&'static str, Rows)]) {
        let mut packs: Vec<(Vec<Bytes>, bool)> = vec![(Vec::new(), false)];
        let split = self.does(Behavior::SplitBlocks);
        let size = match split {
            true => SPLIT,
            false => usize::try_from(self.lines_per_file()).unwrap_or(usize::MAX),
        };
        for block in self.blocks(kind, found) {
            let Some((pack, _)) = packs.last_mut() else { return };
            let alone = self.does(Behavior::BlockPerFile);
            let fits = !alone && (split || pack.len() + block.lines.len() < size);
            if !pack.is_empty() && (!fits || pack.len() + 2 > size) {
                packs.push((Vec::new(), false));
            }
            let mut rest = block.lines.as_slice();
            loop {
                let Some((pack, continues)) = packs.last_mut() else { return };
                pack.push(block.header.clone());
                let room = if split { size.saturating_sub(pack.len()).max(1) } else { rest.len() };
                let (now, later) = rest.split_at(room.min(rest.len()));
                pack.extend(now.iter().cloned());
                if later.is_empty() {
                    break;
                }
                *continues = true;
                packs.push((Vec::new(), false));
                rest = later;
            }
        }
        for (at, (lines, continues)) in packs.into_iter().filter(|(lines, _)| !lines.is_empty()).enumerate() {
            let name = format!("{kind}-blocks-{}.ndjson", at + 1);
            files.push(JobFile { point: Point::FileOutput, kind, name, rows: Rows::held(lines), continues });
        }
    }

    fn blocks(&self, kind: &str, found: &[(&'static str, Rows)]) -> Vec<OrganizedBlock> {
        let all: Vec<(&str, Bytes)> =
            found.iter().flat_map(|(name, rows)| rows.iter().map(|line| (*name, line)).collect::<Vec<_>>()).collect();
        let lines = all.iter().filter(|(name, _)| *name == kind);
        let mut ids: Vec<(String, &Bytes)> = lines.filter_map(|(_, line)| Some((id_of(line)?, line))).collect();
        if self.does(Behavior::LosesBlock) {
            ids.pop();
        }
        let refers: Vec<BTreeSet<String>> = all.iter().map(|(_, line)| references(line)).collect();
        let shares = self.does(Behavior::SharedInBlocks);
        ids.into_iter()
            .map(|(id, own)| {
                let reference = format!("{kind}/{id}");
                let others = all.iter().zip(&refers).filter(|((name, line), refers)| {
                    line != own && (refers.contains(&reference) || (shares && SHARED.contains(name)))
                });
                let reference = json!({ "reference": reference });
                let header = json!({ "resourceType": "Parameters", "parameter": [{ "name": "header", "valueReference": reference }] });
                let mut lines: Vec<Bytes> = others.map(|((_, line), _)| line.clone()).collect();
                // What stands first in a block is not said to be the resource itself.
                let place = if self.does(Behavior::OwnerLast) { lines.len() } else { 0 };
                lines.insert(place, own.clone());
                OrganizedBlock { header: Bytes::from(header.to_string()), lines }
            })
            .collect()
    }
}

fn id_of(line: &Bytes) -> Option<String> {
    serde_json::from_slice::<Value>(line).ok()?.get("id")?.as_str().map(str::to_owned)
}

/// What a resource refers to.
fn references(line: &Bytes) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(line);
    text.split("\"reference\":\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}
