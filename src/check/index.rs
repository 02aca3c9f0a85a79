//! A recording with its exchanges indexed by flow and its facts by exchange.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::check::exchange::manifest_of;
use crate::recording::facts::FileFacts;
use crate::recording::model::{Exchange, FlowRecord, Recording, Role};
use crate::suite::model::FileList;

/// A recording with its exchanges indexed by flow and its facts by exchange.
#[derive(Debug)]
pub struct Index<'a> {
    /// The recording of the index.
    pub recording: &'a Recording,
    by_flow: BTreeMap<&'a str, Vec<&'a Exchange>>,
    facts: BTreeMap<u32, &'a FileFacts>,
    flows: BTreeMap<&'a str, &'a FlowRecord>,
}

impl<'a> Index<'a> {
    /// Indexes `recording`.
    pub fn new(recording: &'a Recording) -> Self {
        let mut by_flow: BTreeMap<&str, Vec<&Exchange>> = BTreeMap::new();
        for exchange in &recording.exchanges {
            if let Some(flow) = &exchange.flow {
                by_flow.entry(flow).or_default().push(exchange);
            }
        }
        Self {
            recording,
            by_flow,
            facts: recording.files.iter().map(|file| (file.exchange, file)).collect(),
            flows: recording.flows.iter().map(|flow| (flow.name.as_str(), flow)).collect(),
        }
    }

    /// Returns the exchanges of a flow, in the order of sending.
    pub fn exchanges(&self, flow: &str) -> &[&'a Exchange] {
        self.by_flow.get(flow).map_or(&[], Vec::as_slice)
    }

    /// The exchange of this number.
    pub fn exchange(&self, id: u32) -> Option<&'a Exchange> {
        self.recording.exchanges.iter().find(|exchange| exchange.id == id)
    }

    /// Returns the record of a flow; none if the flow did not finish.
    pub fn flow(&self, flow: &str) -> Option<&'a FlowRecord> {
        self.flows.get(flow).copied()
    }

    /// Returns the facts about the file that `exchange` fetched.
    pub fn facts(&self, exchange: &Exchange) -> Option<&'a FileFacts> {
        self.facts.get(&exchange.id).copied()
    }

    /// Returns the flow's kick-off: the last one, after retries and redirects.
    pub fn kickoff(&self, flow: &str) -> Option<&'a Exchange> {
        self.exchanges(flow).iter().rev().copied().find(|e| e.role == Role::Kickoff && !e.superseded)
    }

    /// Returns the flow's first manifest and its exchange.
    pub fn manifest(&self, flow: &str) -> Option<(&'a Exchange, &'a Value)> {
        self.exchanges(flow).iter().copied().find_map(|exchange| {
            (exchange.role == Role::Poll && exchange.phase == Some(crate::recording::model::Phase::Complete))
                .then(|| manifest_of(exchange).map(|manifest| (exchange, manifest)))
                .flatten()
        })
    }

    /// Returns the files of a list that a flow fetched, with their facts if there are any.
    pub fn files(&self, flow: &str, list: FileList) -> Vec<(&'a Exchange, Option<&'a FileFacts>)> {
        self.exchanges(flow)
            .iter()
            .copied()
            .filter(|e| e.role == Role::File && !e.superseded && e.file.is_some_and(|file| file.list == list))
            .map(|e| (e, self.facts(e)))
            .collect()
    }
}
