//! Handmade recordings.

use std::collections::BTreeMap;

use plimsoll::base::vocabulary::ExportLevel;
use plimsoll::recording::comparison::UnrequestedResources;
use plimsoll::recording::facts::{FileFacts, LineFacts};
use plimsoll::recording::model::{
    Body, BodyKind, End, Exchange, FileRef, FlowRecord, Outcome, Phase, Recording, Request, Response, Role, Start,
    Stop, StopKind, Trouble, TroubleKind,
};
use plimsoll::suite::model::FileList;
use serde_json::{Value, json};

/// A manifest with one file.
pub fn manifest() -> Value {
    json!({
        "transactionTime": "2026-11-22T10:00:00Z",
        "request": "https://t.example/fhir/$export",
        "requiresAccessToken": false,
        "output": [{"type": "Patient", "url": "https://t.example/files/[u2]", "count": 2}],
        "error": []
    })
}

/// Builds a recording with one flow.
pub struct Builder {
    flow: String,
    recording: Recording,
    stop: Option<Stop>,
}

impl Builder {
    pub fn flow(name: &str) -> Self {
        let start = Start { base: "https://t.example/fhir".to_owned(), ..Start::default() };
        Self { flow: name.to_owned(), recording: Recording { start, ..Recording::default() }, stop: None }
    }

    fn push(mut self, role: Role, file: Option<FileRef>, outcome: Outcome) -> Self {
        let id = self.recording.exchanges.len() as u32 + 1;
        self.recording.exchanges.push(Exchange {
            id,
            flow: Some(self.flow.clone()),
            role,
            probe: None,
            file,
            phase: None,
            superseded: false,
            at: u64::from(id) * 1000,
            took: 5,
            request: Request {
                method: "GET".to_owned(),
                url: "https://t.example/fhir/$export".to_owned(),
                headers: Vec::new(),
                body: None,
            },
            outcome,
        });
        self
    }

    fn respond(self, role: Role, file: Option<FileRef>, status: u16, headers: &[(&str, &str)], body: Body) -> Self {
        let mut all = vec![("date".to_owned(), "Sun, 22 Nov 2026 10:00:05 GMT".to_owned())];
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.push(role, file, Outcome::Response(Response { status, headers: all, body, broken: None }))
    }

    pub fn answer(self, role: Role, status: u16, headers: &[(&str, &str)]) -> Self {
        self.respond(role, None, status, headers, Body::default())
    }

    pub fn json(self, role: Role, status: u16, media: &str, json: Value) -> Self {
        let resource_type = json.get("resourceType").and_then(Value::as_str).map(str::to_owned);
        let body = Body { bytes: 1, kind: BodyKind::Json, json: Some(json), resource_type, ..Body::default() };
        self.respond(role, None, status, &[("content-type", media)], body)
    }

    pub fn trouble(self, role: Role, kind: TroubleKind, message: &str) -> Self {
        self.push(role, None, Outcome::NoResponse(Trouble { kind, message: message.to_owned() }))
    }

    pub fn file(self, index: usize, lines: u64) -> Self {
        let place = FileRef { list: FileList::Output, index };
        let body = Body { bytes: 100, kind: BodyKind::Streamed, ..Body::default() };
        let mut next = self.respond(Role::File, Some(place), 200, &[("content-type", "application/fhir+ndjson")], body);
        next.recording.files.push(FileFacts {
            exchange: next.recording.exchanges.len() as u32,
            whole: true,
            lines: LineFacts {
                bytes: 100,
                lines,
                resources: lines,
                types: BTreeMap::from([("Patient".to_owned(), lines)]),
                final_newline: true,
                ..LineFacts::default()
            },
            ..FileFacts::default()
        });
        next
    }

    fn last(&mut self) -> &mut Exchange {
        self.recording.exchanges.last_mut().unwrap()
    }

    pub fn phase(mut self, phase: Phase) -> Self {
        self.last().phase = Some(phase);
        self
    }

    pub fn superseded(mut self) -> Self {
        self.last().superseded = true;
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Outcome::Response(response) = &mut self.last().outcome {
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub fn stop(mut self, kind: StopKind, because: &str) -> Self {
        let exchange = self.recording.exchanges.last().map(|exchange| exchange.id);
        self.stop = Some(Stop { kind, exchange, because: because.to_owned() });
        self
    }

    pub fn done(mut self) -> Recording {
        self.recording.flows.push(FlowRecord {
            name: self.flow.clone(),
            title: "everything, by GET".to_owned(),
            level_chosen: false,
            dropped_params: Vec::new(),
            export: ExportLevel::System,
            params: Vec::new(),
            posted: false,
            comparison: None,
            unrequested_resources: Some(UnrequestedResources { whole: true, ..UnrequestedResources::default() }),
            key_reads: Default::default(),
            hooked: None,
            organized: None,
            named: None,
            accepted: 1,
            stop: self.stop,
            waits: Vec::new(),
        });
        self.recording.end = Some(End {
            finished: "2026-11-22T10:00:10.000Z".to_owned(),
            early: None,
            leftovers: Vec::new(),
            bytes: 100,
            guessing: None,
        });
        self.recording
    }
}
