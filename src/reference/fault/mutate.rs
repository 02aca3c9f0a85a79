//! Faults at work: changes of answers that were made honestly.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::HeaderName;
use serde_json::Value;

use crate::base::instant::rfc3339;
use crate::reference::fault::definition::{FaultStep, LineEdit, When};
use crate::reference::fault::line_changes;
use crate::reference::params;
use crate::reference::reply::{FHIR_JSON, Payload, Point, ServerReply, outcome, set};
use crate::reference::server::{Server, ServerRequest, bytes_of};

/// Changes an answer in all ways that the server's faults ask for.
pub(crate) fn apply(server: &Server, ask: &ServerRequest, mut reply: ServerReply) -> ServerReply {
    for (number, fault) in server.options.faults.iter().enumerate() {
        // All steps of a fault choose by the answer as it was, so that one may not hide it from the next.
        let honest = ServerReply { payload: Payload::Empty, ..reply.clone() };
        let part = is_part(&reply);
        let covers = |step: &FaultStep| step.covers(honest.point) || (part && step.edits_manifests());
        for (place, step) in fault.does.iter().enumerate().filter(|(_, step)| covers(step)) {
            if fits(&step.when, ask, &honest) && counts(server, (number, place), &step.when, ask, &honest) {
                reply = change(server, step, reply);
            }
        }
    }
    reply
}

/// Whether the answer is a manifest other than the one of a finished job's poll: what is wrong with that one's JSON is
/// wrong with the others, too.
fn is_part(reply: &ServerReply) -> bool {
    matches!(reply.point, Point::Page | Point::PollInProgress) && matches!(reply.payload, Payload::Json(_))
}

fn fits(when: &When, ask: &ServerRequest, reply: &ServerReply) -> bool {
    let context = &reply.context;
    let has = |name: &String| context.params.iter().any(|(key, _)| key == name);
    let is = |(name, value): (&String, &String)| {
        context.params.iter().any(|(key, own)| key == name && own.replace(' ', "+") == *value)
    };
    let contains = |(name, text): (&String, &String)| {
        let lines = ask.headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
        lines.into_iter().any(|line| line.contains(text.as_str()))
    };
    (when.level.is_empty() || context.level.is_some_and(|level| when.level.contains(&level)))
        && when.posted.is_none_or(|posted| context.posted == posted)
        && when.deleted.is_none_or(|deleted| context.deleted == deleted)
        && when.method.as_ref().is_none_or(|method| ask.method == method.as_str())
        && when.param.as_ref().is_none_or(has)
        && !when.no_param.as_ref().is_some_and(has)
        && when.param_is.iter().all(is)
        && when.marked.as_ref().is_none_or(|name| reply.headers.contains_key(name.as_str()))
        && when.no_header.as_ref().is_none_or(|name| !ask.headers.contains_key(name))
        && when.header_has.iter().all(contains)
        && when.group.as_ref().is_none_or(|group| context.group.as_ref() == Some(group))
        && when.file.as_ref().is_none_or(|files| context.file.as_ref().is_some_and(|file| files.0.contains(file)))
}

/// Counts this answer, and tells whether its turn has come.
fn counts(server: &Server, step: (usize, usize), when: &When, ask: &ServerRequest, reply: &ServerReply) -> bool {
    if when.from.is_none() && when.to.is_none() && when.every.is_none() {
        return true;
    }
    let context = &reply.context;
    let of = match (&context.job, &context.file) {
        // Each kick-off has a job of its own, so it is counted by what it asks for.
        _ if matches!(
            reply.point,
            crate::reference::reply::Point::KickoffAccepted | crate::reference::reply::Point::KickoffRefused
        ) =>
        {
            format!("{} {:?}", ask.method, params::of_query(&ask.query))
        }
        (job, file) => format!("{job:?} {file:?}"),
    };
    let mut notes = server.notes();
    let count = notes.counts.entry((step.0, step.1, of)).or_default();
    *count += 1;
    let every = when.every.is_none_or(|every| count.is_multiple_of(every.max(1)));
    when.from.is_none_or(|from| *count >= from) && when.to.is_none_or(|to| *count <= to) && every
}

fn change(server: &Server, step: &FaultStep, mut reply: ServerReply) -> ServerReply {
    let fill = |text: &str| fill(server, &reply, text);
    let headers: Vec<_> = step.set_header.iter().map(|(name, value)| (name, fill(value))).collect();
    let added: Vec<_> = step.add_header.iter().map(|(name, value)| (name, fill(value))).collect();
    let sets: Vec<_> = step.set_json.iter().map(|(pointer, value)| (pointer, fill(value))).collect();
    let body = step.body.as_deref().map(fill);
    let wrap = step.wrap_json.as_deref().map(fill);
    let edits: Vec<LineEdit> =
        step.lines.iter().map(|edit| LineEdit { text: edit.text.as_deref().map(fill), ..edit.clone() }).collect();
    if let Some(status) = step.status.and_then(|status| StatusCode::from_u16(status).ok()) {
        reply.status = status;
    }
    if let Some(text) = &step.outcome {
        set(&mut reply.headers, "content-type", FHIR_JSON);
        reply.payload = Payload::Json(outcome("error", "processing", text));
    }
    if let Some(body) = body {
        reply.payload = Payload::Raw(body.into());
    }
    for (name, value) in headers {
        set(&mut reply.headers, name, &value);
    }
    for (name, value) in added {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), value.parse()) {
            reply.headers.append(name, value);
        }
    }
    for name in &step.remove_header {
        reply.headers.remove(name.as_str());
    }
    if let Payload::Json(value) = &mut reply.payload {
        for (pointer, text) in &sets {
            if let Ok(new) = serde_json::from_str(text) {
                set_at(value, pointer, &new);
            }
        }
        for (to, from) in &step.copy_json {
            if let Some(copy) = value.pointer(from).cloned() {
                set_at(value, to, &copy);
            }
        }
        for pointer in &step.remove_json {
            remove_at(value, pointer);
        }
        if let Some(Ok(mut outer)) = wrap.map(|wrap| serde_json::from_str::<Value>(&wrap)) {
            put_into(&mut outer, value);
            *value = outer;
        }
        if step.reverse_keys {
            reverse(value);
        }
    }
    if !edits.is_empty() {
        let whole = bytes_of(std::mem::replace(&mut reply.payload, Payload::Empty));
        reply.payload = Payload::Raw(line_changes::edit(&edits, &whole).into());
    }
    reply
}

/// The text with its placeholders filled in.
fn fill(server: &Server, reply: &ServerReply, text: &str) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("%{") {
        done.push_str(before);
        let Some((name, after)) = after.split_once('}') else { break };
        done.push_str(&placeholder(server, reply, name).unwrap_or_default());
        rest = after;
    }
    done.push_str(rest);
    done
}

fn placeholder(server: &Server, reply: &ServerReply, name: &str) -> Option<String> {
    let now = server.options.clock.now();
    let job = reply.context.job.as_deref().unwrap_or_default();
    let (word, seconds) = split(name)?;
    Some(match word {
        "base" => server.base().to_owned(),
        "path" => server.options.base.path().trim_end_matches('/').to_owned(),
        "job" => job.to_owned(),
        "status-url" => server.poll_url(job),
        "status-path" => server.poll_url(job).strip_prefix(&server.origin())?.to_owned(),
        "http-date" => httpdate::fmt_http_date(shift(now, seconds)),
        "instant" => rfc3339(shift(now, seconds)),
        "body" => "%{body}".to_owned(),
        _ => return None,
    })
}

/// `now`, moved by `seconds`.
fn shift(now: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 { now.checked_sub(by) } else { now.checked_add(by) };
    moved.unwrap_or(now)
}

/// A placeholder's word, and the seconds that may follow it with a sign.
fn split(name: &str) -> Option<(&str, i64)> {
    match name
        .rfind(['+', '-'])
        .filter(|at| name.get(at + 1..).is_some_and(|s| s.starts_with(|c: char| c.is_ascii_digit())))
    {
        Some(at) => Some((name.get(..at)?, name.get(at..)?.parse().ok()?)),
        None => Some((name, 0)),
    }
}

/// Whether all placeholders of a text are known.
///
/// # Errors
/// The first that is not.
pub(crate) fn placeholders_of(text: &str) -> Result<(), String> {
    for part in text.split("%{").skip(1) {
        let name = part.split('}').next().unwrap_or_default();
        let known = ["base", "path", "job", "status-url", "status-path", "http-date", "instant", "body"];
        if !split(name).is_some_and(|(word, _)| known.contains(&word)) {
            return Err(format!("unknown placeholder %{{{name}}}; there are {}", known.join(", ")));
        }
    }
    Ok(())
}

/// The place of an item in an array: by its number, or, as in `type=Group`, by a field that has this text.
fn index(items: &[Value], key: &str) -> Option<usize> {
    match key.split_once('=') {
        Some((name, text)) => items.iter().position(|item| item.get(name).and_then(Value::as_str) == Some(text)),
        None => key.parse().ok(),
    }
}

/// Sets the value at a pointer; `*` stands for every item of an array, `name=text` for the one whose field has that text;
/// a missing key is made.
pub(crate) fn set_at(value: &mut Value, pointer: &str, new: &Value) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    for place in places(value, parent) {
        match place {
            Value::Object(fields) => {
                fields.insert(key.to_owned(), new.clone());
            }
            Value::Array(items) if key == "*" => items.iter_mut().for_each(|item| *item = new.clone()),
            Value::Array(items) if key == "-" => items.push(new.clone()),
            Value::Array(items) => {
                if let Some(item) = index(items, key).and_then(|at| items.get_mut(at)) {
                    *item = new.clone();
                }
            }
            _ => {}
        }
    }
}

/// Takes the value at a pointer out.
pub(crate) fn remove_at(value: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    for place in places(value, parent) {
        match place {
            Value::Object(fields) => {
                fields.shift_remove(key);
            }
            Value::Array(items) if key == "*" => items.clear(),
            Value::Array(items) => {
                if let Some(at) = index(items, key).filter(|at| *at < items.len()) {
                    items.remove(at);
                }
            }
            _ => {}
        }
    }
}

/// The values that a pointer leads to.
fn places<'a>(value: &'a mut Value, pointer: &str) -> Vec<&'a mut Value> {
    let mut found = vec![value];
    for key in pointer.split('/').skip(1) {
        found = found
            .into_iter()
            .flat_map(|place| -> Vec<&mut Value> {
                match (key, place) {
                    ("*", Value::Array(items)) => items.iter_mut().collect(),
                    (key, Value::Array(items)) => match index(items, key) {
                        Some(at) => items.get_mut(at).into_iter().collect(),
                        None => Vec::new(),
                    },
                    (key, Value::Object(fields)) => fields.get_mut(key).into_iter().collect(),
                    _ => Vec::new(),
                }
            })
            .collect();
    }
    found
}

/// Turns the order of all keys round.
fn reverse(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(reverse),
        Value::Object(fields) => {
            fields.values_mut().for_each(reverse);
            *fields = std::mem::take(fields).into_iter().rev().collect();
        }
        _ => {}
    }
}

/// Puts `inner` in the place of every string `%{body}`.
fn put_into(outer: &mut Value, inner: &Value) {
    match outer {
        Value::String(text) if text == "%{body}" => *outer = inner.clone(),
        Value::Array(items) => items.iter_mut().for_each(|item| put_into(item, inner)),
        Value::Object(fields) => fields.values_mut().for_each(|field| put_into(field, inner)),
        _ => {}
    }
}
