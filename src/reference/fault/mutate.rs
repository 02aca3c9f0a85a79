//! Applies faults to the responses of the conformant server.

use http::StatusCode;
use http::header::HeaderName;
use serde_json::Value;

use crate::reference::fault::definition::{FaultStep, When};
use crate::reference::fault::line_edit::LineEdit;
use crate::reference::fault::placeholders::PlaceholderValues;
use crate::reference::fault::{json_edits, line_changes};
use crate::reference::reply::{FHIR_JSON, Payload, Point, ServerReply, outcome, set};
use crate::reference::request::{ServerRequest, query_parameters};
use crate::reference::state::ServerState;
use crate::reference::urls;

/// Changes a response as the faults of the server define.
pub(crate) fn apply(server: &ServerState, request: &ServerRequest, mut reply: ServerReply) -> ServerReply {
    for (number, fault) in server.options.faults.iter().enumerate() {
        // The conditions of all steps use the response before this fault, so that one step cannot affect the next ones.
        let unchanged = ServerReply { payload: Payload::Empty, ..reply.clone() };
        let partial = is_partial_manifest(&reply);
        let covers = |step: &FaultStep| step.covers(unchanged.point) || (partial && step.edits_manifests());
        for (place, step) in fault.does.iter().enumerate().filter(|(_, step)| covers(step)) {
            if fits(&step.when, request, &unchanged) && is_due(server, (number, place), &step.when, request, &unchanged)
            {
                reply = change(server, step, reply);
            }
        }
    }
    reply
}

/// Whether the response is a partial manifest: the manifest of a running job, or a further page. A fault in the JSON of
/// complete manifests changes partial ones too.
fn is_partial_manifest(reply: &ServerReply) -> bool {
    matches!(reply.point, Point::Page | Point::PollInProgress) && matches!(reply.payload, Payload::Json(_))
}

fn fits(when: &When, request: &ServerRequest, reply: &ServerReply) -> bool {
    let context = &reply.context;
    let has = |name: &String| context.params.iter().any(|(key, _)| key == name);
    let is = |(name, value): (&String, &String)| {
        context.params.iter().any(|(key, own)| key == name && own.replace(' ', "+") == *value)
    };
    let contains = |(name, text): (&String, &String)| {
        let lines = request.headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
        lines.into_iter().any(|line| line.contains(text.as_str()))
    };
    (when.level.is_empty() || context.level.is_some_and(|level| when.level.contains(&level)))
        && when.posted.is_none_or(|posted| context.posted == posted)
        && when.deleted.is_none_or(|deleted| context.deleted == deleted)
        && when.method.as_ref().is_none_or(|method| request.method == method.as_str())
        && when.param.as_ref().is_none_or(has)
        && !when.no_param.as_ref().is_some_and(has)
        && when.param_is.iter().all(is)
        && when.marked.as_ref().is_none_or(|name| reply.headers.contains_key(name.as_str()))
        && when.no_header.as_ref().is_none_or(|name| !request.headers.contains_key(name))
        && when.header_has.iter().all(contains)
        && when.group.as_ref().is_none_or(|group| context.group.as_ref() == Some(group))
        && when.file.as_ref().is_none_or(|files| context.file.as_ref().is_some_and(|file| files.0.contains(file)))
}

/// Counts this response, and returns whether the step applies to it by its number.
fn is_due(
    server: &ServerState,
    step: (usize, usize),
    when: &When,
    request: &ServerRequest,
    reply: &ServerReply,
) -> bool {
    if when.from.is_none() && when.to.is_none() && when.every.is_none() {
        return true;
    }
    let context = &reply.context;
    let counted_by = match (&context.job, &context.file) {
        // Each kick-off has its own job, so it is counted by its method and parameters.
        _ if matches!(reply.point, Point::KickoffAccepted | Point::KickoffRefused) => {
            format!("{} {:?}", request.method, query_parameters(&request.query))
        }
        (job, file) => format!("{job:?} {file:?}"),
    };
    let mut notes = server.notes();
    let count = notes.counts.entry((step.0, step.1, counted_by)).or_default();
    *count += 1;
    let every = when.every.is_none_or(|every| count.is_multiple_of(every.max(1)));
    when.from.is_none_or(|from| *count >= from) && when.to.is_none_or(|to| *count <= to) && every
}

fn change(server: &ServerState, step: &FaultStep, mut reply: ServerReply) -> ServerReply {
    let values = placeholder_values(server, &reply);
    let fill = |text: &str| values.fill(text);
    if let Some(status) = step.status.and_then(|status| StatusCode::from_u16(status).ok()) {
        reply.status = status;
    }
    if let Some(text) = &step.outcome {
        set(&mut reply.headers, "content-type", FHIR_JSON);
        reply.payload = Payload::Json(outcome("error", "processing", text));
    }
    if let Some(body) = step.body.as_deref().map(fill) {
        reply.payload = Payload::Raw(body.into());
    }
    for (name, value) in &step.set_header {
        set(&mut reply.headers, name, &fill(value));
    }
    for (name, value) in &step.add_header {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), fill(value).parse()) {
            reply.headers.append(name, value);
        }
    }
    for name in &step.remove_header {
        reply.headers.remove(name.as_str());
    }
    if let Payload::Json(value) = &mut reply.payload {
        change_json(step, &values, value);
    }
    if !step.lines.is_empty() {
        let fill_edit = |edit: &LineEdit| LineEdit { text: edit.text.as_deref().map(fill), ..edit.clone() };
        let edits: Vec<LineEdit> = step.lines.iter().map(fill_edit).collect();
        let whole = std::mem::replace(&mut reply.payload, Payload::Empty).into_bytes();
        reply.payload = Payload::Raw(line_changes::edit(&edits, &whole).into());
    }
    reply
}

fn change_json(step: &FaultStep, values: &PlaceholderValues, value: &mut Value) {
    for (pointer, text) in &step.set_json {
        if let Ok(new) = serde_json::from_str(&values.fill(text)) {
            json_edits::set_at(value, pointer, &new);
        }
    }
    for (to, from) in &step.copy_json {
        if let Some(copy) = value.pointer(from).cloned() {
            json_edits::set_at(value, to, &copy);
        }
    }
    for pointer in &step.remove_json {
        json_edits::remove_at(value, pointer);
    }
    let wrap = step.wrap_json.as_deref().map(|wrap| serde_json::from_str::<Value>(&values.fill(wrap)));
    if let Some(Ok(mut outer)) = wrap {
        json_edits::insert_body(&mut outer, value);
        *value = outer;
    }
    if step.reverse_keys {
        json_edits::reverse_keys(value);
    }
}

fn placeholder_values(server: &ServerState, reply: &ServerReply) -> PlaceholderValues {
    let job = reply.context.job.clone().unwrap_or_default();
    let status_url = urls::poll_url(server, &job);
    PlaceholderValues {
        base: server.base().to_owned(),
        path: server.options.base.path().trim_end_matches('/').to_owned(),
        status_path: status_url.strip_prefix(&server.origin()).map(str::to_owned),
        status_url,
        job,
        now: server.now(),
    }
}
