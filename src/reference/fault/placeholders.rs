//! Placeholders in the texts of fault files, such as `%{base}` or `%{instant-60}`.

use std::time::{Duration, SystemTime};

use crate::base::instant::rfc3339;

/// The placeholders that a fault file may use.
const KNOWN: [&str; 8] = ["base", "path", "job", "status-url", "status-path", "http-date", "instant", "body"];

/// The values of the placeholders for one response.
#[derive(Debug)]
pub(crate) struct PlaceholderValues {
    /// The base URL.
    pub base: String,
    /// The path of the base URL.
    pub path: String,
    /// The job's id, empty if the response belongs to no job.
    pub job: String,
    /// The polling URL of that job.
    pub status_url: String,
    /// The path of that URL.
    pub status_path: Option<String>,
    /// The current time.
    pub now: SystemTime,
}

impl PlaceholderValues {
    /// Replaces the placeholders in `text`, except `%{body}`, which `wrap-json` uses.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("%{") {
            filled.push_str(before);
            let Some((name, after)) = after.split_once('}') else { break };
            filled.push_str(&self.value(name).unwrap_or_default());
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    fn value(&self, name: &str) -> Option<String> {
        let (word, seconds) = split(name)?;
        Some(match word {
            "base" => self.base.clone(),
            "path" => self.path.clone(),
            "job" => self.job.clone(),
            "status-url" => self.status_url.clone(),
            "status-path" => self.status_path.clone()?,
            "http-date" => httpdate::fmt_http_date(shift(self.now, seconds)),
            "instant" => rfc3339(shift(self.now, seconds)),
            "body" => "%{body}".to_owned(),
            _ => return None,
        })
    }
}

/// Checks that all placeholders of a text are known.
///
/// # Errors
/// The first unknown placeholder.
pub(crate) fn check(text: &str) -> Result<(), String> {
    for part in text.split("%{").skip(1) {
        let name = part.split('}').next().unwrap_or_default();
        if !split(name).is_some_and(|(word, _)| KNOWN.contains(&word)) {
            return Err(format!("unknown placeholder %{{{name}}}; the placeholders are {}", KNOWN.join(", ")));
        }
    }
    Ok(())
}

/// Moves `now` by `seconds`.
fn shift(now: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 { now.checked_sub(by) } else { now.checked_add(by) };
    moved.unwrap_or(now)
}

/// Splits a placeholder into its word and the signed seconds that may follow.
fn split(name: &str) -> Option<(&str, i64)> {
    let sign = name.rfind(['+', '-']).filter(|at| {
        name.get(at + 1..).is_some_and(|seconds| seconds.starts_with(|first: char| first.is_ascii_digit()))
    });
    match sign {
        Some(at) => Some((name.get(..at)?, name.get(at..)?.parse().ok()?)),
        None => Some((name, 0)),
    }
}
