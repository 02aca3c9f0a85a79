//! Changes of the lines of a file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::reference::fault::json_edits::{remove_at, set_at};
use crate::reference::fault::line_edit::{LineAction, LineEdit};

/// A file as lines, each with its line end.
struct FileLines {
    lines: Vec<(String, &'static str)>,
}

/// The bytes of a file after all changes, made in order. If the file has no lines, only changes of the whole file have
/// an effect.
pub(crate) fn edit(edits: &[LineEdit], whole: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for edit in edits {
        bytes = match edit.edit {
            LineAction::Latin1 => latin1(&bytes),
            LineAction::CutEnd => {
                let keep = bytes.len().saturating_sub(edit.bytes.unwrap_or(0));
                bytes.truncate(keep);
                bytes
            }
            LineAction::Start => [edit.text.as_deref().unwrap_or_default().as_bytes(), &bytes].concat(),
            LineAction::End => [&bytes, edit.text.as_deref().unwrap_or_default().as_bytes()].concat(),
            LineAction::Binary => {
                let binary = json!({ "resourceType": "Binary", "contentType": "application/fhir+ndjson", "data": STANDARD.encode(&bytes) });
                binary.to_string().into_bytes()
            }
            LineAction::Bundle => bundle(&bytes),
            _ => edit_lines(edit, &bytes),
        };
    }
    bytes
}

fn latin1(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

fn bundle(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let entries = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let entries: Vec<Value> = entries.map(|resource| json!({ "resource": resource })).collect();
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries }).to_string().into_bytes()
}

fn edit_lines(edit: &LineEdit, bytes: &[u8]) -> Vec<u8> {
    let whole = String::from_utf8_lossy(bytes);
    let mut text = FileLines { lines: whole.split_inclusive('\n').map(split_end).collect() };
    let count = text.lines.len();
    match edit.edit {
        LineAction::Crlf => text.lines.iter_mut().for_each(|(_, end)| *end = "\r\n"),
        LineAction::NoFinalNewline => {
            text.lines.iter_mut().skip(count.saturating_sub(1)).for_each(|(_, end)| *end = "")
        }
        LineAction::Array => {
            let body = text.lines.iter().map(|(line, _)| line.as_str()).collect::<Vec<_>>().join(",\n");
            return format!("[{body}]\n").into_bytes();
        }
        _ => {
            let chosen = |at: usize| match edit.line {
                None => true,
                Some(line) if line > 0 => usize::try_from(line).is_ok_and(|line| at + 1 == line),
                Some(line) => usize::try_from(line.unsigned_abs()).is_ok_and(|back| at + back == count),
            };
            let lines = std::mem::take(&mut text.lines);
            for (at, line) in lines.into_iter().enumerate() {
                if chosen(at) { one(edit, line, &mut text.lines) } else { text.lines.push(line) }
            }
        }
    }
    text.lines.iter().flat_map(|(line, end)| [line.as_bytes(), end.as_bytes()]).collect::<Vec<_>>().concat()
}

fn split_end(line: &str) -> (String, &'static str) {
    if let Some(line) = line.strip_suffix("\r\n") {
        return (line.to_owned(), "\r\n");
    }
    line.strip_suffix('\n').map_or_else(|| (line.to_owned(), ""), |line| (line.to_owned(), "\n"))
}

fn one(edit: &LineEdit, (line, end): (String, &'static str), out: &mut Vec<(String, &'static str)>) {
    let text = edit.text.clone().unwrap_or_default();
    let pointer = edit.pointer.as_deref().unwrap_or_default();
    match edit.edit {
        LineAction::InsertBefore => out.extend([(text, "\n"), (line, end)]),
        LineAction::Replace => out.push((text, end)),
        LineAction::Drop => {}
        LineAction::Repeat => out.extend([(line.clone(), "\n"), (line, end)]),
        LineAction::Prefix => out.push((text + &line, end)),
        LineAction::Suffix => out.push((line + &text, end)),
        LineAction::ReplaceText => out.push((line.replace(edit.find.as_deref().unwrap_or("\n"), &text), end)),
        LineAction::SetJson => {
            let new = serde_json::from_str(&text).unwrap_or_default();
            out.push((with_json(&line, |value| set_at(value, pointer, &new)), end));
        }
        LineAction::RemoveJson => out.push((with_json(&line, |value| remove_at(value, pointer)), end)),
        LineAction::Break => {
            let middle = (line.len() / 2..line.len()).find(|at| line.is_char_boundary(*at)).unwrap_or(line.len());
            let (left, right) = line.split_at(middle);
            out.extend([(left.to_owned(), "\n"), (right.to_owned(), end)]);
        }
        LineAction::Pretty => {
            let pretty = serde_json::from_str::<Value>(&line).ok();
            let pretty = pretty.and_then(|value| serde_json::to_string_pretty(&value).ok());
            out.push((pretty.unwrap_or(line), end));
        }
        LineAction::Join => out.push((line, "")),
        _ => out.push((line, end)),
    }
}

fn with_json(line: &str, change: impl FnOnce(&mut Value)) -> String {
    match serde_json::from_str::<Value>(line) {
        Ok(mut value) => {
            change(&mut value);
            value.to_string()
        }
        Err(_) => line.to_owned(),
    }
}
