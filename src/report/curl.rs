//! A command that sends a request again, safe to paste into a shell.

use crate::recording::handshake::HelloOffer;
use crate::recording::model::{Exchange, Phase, Request, Role};
use crate::report::escape::{shell, visible};
use crate::verdicts::judged_run::Run;

/// Longer URLs become a variable.
const MAX_LEN_URL: usize = 1000;

/// Longer bodies become a variable, in bytes.
const MAX_LEN_BODY: usize = 2000;

/// Returns the arguments of a `curl` command that repeats the exchange, each quoted for a shell. Secrets become
/// variables in double quotes, such as `$TOKEN` and `$STATUS_URL`, that the reader sets; the shell does not interpret
/// anything else.
pub fn arguments(exchange: &Exchange) -> Vec<String> {
    let request = &exchange.request;
    if request.method == "TLS" {
        return handshake(request);
    }
    let mut out = vec!["curl -i".to_owned()];
    if request.method != "GET" {
        out.push(format!("-X {}", shell(&request.method)));
    }
    for (name, value) in &request.headers {
        let lower = name.to_ascii_lowercase();
        if matches!(lower.as_str(), "host" | "content-length" | "connection" | "user-agent") {
            continue;
        }
        out.push(header(name, value));
    }
    if let Some(body) = &request.body {
        if is_redacted(body) || body.len() > MAX_LEN_BODY {
            out.push("--data-binary \"$BODY\"".to_owned());
        } else {
            out.push(format!("--data-binary {}", raw_shell(body)));
        }
    }
    if exchange.file.is_some() {
        // The response may be compressed; the next command searches the decompressed lines.
        out.push("--compressed -o response.ndjson -D -".to_owned());
    }
    out.push(url(exchange));
    out
}

/// The arguments of an `openssl s_client` that makes the handshake of a probe.
fn handshake(request: &Request) -> Vec<String> {
    let offered = request.headers.iter().find(|(name, _)| name == "offered");
    let most = match offered.and_then(|(_, offer)| HelloOffer::from_word(offer)) {
        Some(HelloOffer::Tls11) => " -max_protocol TLSv1.1 -cipher DEFAULT:@SECLEVEL=0",
        Some(HelloOffer::Tls10) => " -max_protocol TLSv1 -cipher DEFAULT:@SECLEVEL=0",
        Some(HelloOffer::Modern) | None => "",
    };
    let place = request.url.split_once("://").map_or(request.url.as_str(), |(_, rest)| rest).trim_end_matches('/');
    let place = if place.rsplit(']').next().is_some_and(|end| end.contains(':')) {
        place.to_owned()
    } else {
        format!("{place}:443")
    };
    vec![format!("openssl s_client{most} -connect"), shell(&place), "</dev/null".to_owned()]
}

/// Returns [`arguments`] on one line.
pub fn line(exchange: &Exchange) -> String {
    arguments(exchange).join(" ")
}

/// Returns a sentence about the values of the variables of [`arguments`], if there are any. For a polling URL it names
/// the kick-off.
pub fn variables(run: &Run, exchange: &Exchange) -> Option<String> {
    match UrlVariable::of(exchange)? {
        UrlVariable::File => {
            let place = exchange.file.map_or_else(String::new, |f| format!(" of {}/{}", f.list, f.index));
            Some(format!("FILE_URL: the url{place} in the manifest"))
        }
        UrlVariable::Status => {
            let words = "STATUS_URL: the Content-Location of a kick-off";
            Some(match kickoff(run, exchange) {
                Some(kickoff) => format!("{words}, for example of exchange {}", kickoff.id),
                None => words.to_owned(),
            })
        }
        UrlVariable::Kickoff | UrlVariable::Other => None,
    }
}

/// Returns the commands that set `$STATUS_URL` or `$FILE_URL` for [`line`] and bring the job to the same state, if
/// [`line`] needs them.
pub fn prelude(run: &Run, exchange: &Exchange) -> Option<String> {
    let variable = UrlVariable::of(exchange).filter(|v| matches!(v, UrlVariable::Status | UrlVariable::File))?;
    let kickoff = kickoff(run, exchange)?;
    let command = line(kickoff).replacen("curl -i", "curl -si", 1);
    let mut out =
        format!("STATUS_URL=$({command} | tr -d '\\r' | awk 'tolower($1) == \"content-location:\" {{print $2}}')");
    if variable == UrlVariable::File {
        let (file, poll) = (exchange.file?, completed_poll(run, exchange, kickoff)?);
        let poll = line(poll).replacen("curl -i", "curl -s -o manifest.json -w '%{http_code}'", 1);
        let (list, index) = (file.list, file.index);
        out.push_str(&format!("\nuntil [ \"$({poll})\" = 200 ]; do sleep 1; done"));
        out.push_str(&format!("\nFILE_URL=$(jq -r '.{list}[{index}].url' manifest.json)"));
    }
    // If the exchange was after a DELETE, the commands send the DELETE too.
    let deleted = |e: &&Exchange| e.role == Role::Delete && e.flow == exchange.flow && e.id > kickoff.id;
    for deletion in run.exchanges.iter().take_while(|e| e.id < exchange.id).filter(deleted).take(2) {
        out.push('\n');
        out.push_str(&line(deletion));
    }
    Some(out)
}

/// Returns the poll that returned the manifest before an exchange, if its command uses `$STATUS_URL`.
fn completed_poll<'a>(run: &'a Run, exchange: &Exchange, kickoff: &Exchange) -> Option<&'a Exchange> {
    let done = |e: &&Exchange| {
        e.role == Role::Poll && e.flow == exchange.flow && e.id > kickoff.id && e.phase == Some(Phase::Complete)
    };
    let poll = run.exchanges.iter().take_while(|e| e.id < exchange.id).find(done)?;
    (UrlVariable::of(poll) == Some(UrlVariable::Status)).then_some(poll)
}

/// Returns what the reader must do in addition to running the command, for example poll until the job is finished.
pub fn hint(run: &Run, exchange: &Exchange) -> Option<String> {
    let done = exchange.role == Role::Poll && exchange.phase == Some(Phase::Complete);
    match prelude(run, exchange) {
        Some(_) => done.then(|| "Repeat the last command until the job is finished".to_owned()),
        None => variables(run, exchange),
    }
}

/// Returns the last kick-off that the flow of an exchange sent before it.
pub(crate) fn kickoff<'a>(run: &'a Run, exchange: &Exchange) -> Option<&'a Exchange> {
    let same = |e: &&Exchange| e.role == Role::Kickoff && e.flow == exchange.flow && e.probe.is_none();
    run.exchanges.iter().take_while(|e| e.id < exchange.id).filter(same).last()
}

fn header(name: &str, value: &str) -> String {
    let name = crate::report::exchange::header_name(name);
    match value.split_once(' ') {
        Some(("Bearer", rest)) if is_redacted(rest) => format!("-H \"{}: Bearer $TOKEN\"", word(&name)),
        Some(("Basic", rest)) if is_redacted(rest) => format!("-H \"{}: Basic $CREDENTIALS\"", word(&name)),
        _ if is_redacted(value) => format!("-H \"{}: $SECRET\"", word(&name)),
        _ => format!("-H {}", shell(&format!("{name}: {value}"))),
    }
}

/// Returns a header name for use in double quotes: only the characters that a header name may contain.
fn word(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

/// Returns a body in single quotes, in which the shell keeps line feeds.
fn raw_shell(body: &str) -> String {
    let lines: Vec<String> = body.split('\n').map(|l| visible(l).replace('\'', r"'\''")).collect();
    format!("'{}'", lines.join("\n"))
}

fn url(exchange: &Exchange) -> String {
    match UrlVariable::of(exchange) {
        None => shell(&exchange.request.url),
        Some(variable) => format!("\"${}\"", variable.name()),
    }
}

/// A variable instead of a URL that is redacted, unusable or very long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UrlVariable {
    File,
    Status,
    Kickoff,
    Other,
}

impl UrlVariable {
    /// Returns the variable for the URL of an exchange, or none if the command has the URL itself.
    fn of(exchange: &Exchange) -> Option<Self> {
        let url = &exchange.request.url;
        let usable = url.starts_with("http://") || url.starts_with("https://");
        if exchange.request.method == "TLS" || (usable && !is_redacted(url) && url.len() <= MAX_LEN_URL) {
            return None;
        }
        Some(match exchange.role {
            _ if exchange.file.is_some() => Self::File,
            Role::File => Self::File,
            Role::Poll | Role::Page | Role::Delete | Role::Cleanup | Role::Probe => Self::Status,
            Role::Kickoff => Self::Kickoff,
            _ => Self::Other,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::File => "FILE_URL",
            Self::Status => "STATUS_URL",
            Self::Kickoff => "KICKOFF_URL",
            Self::Other => "URL",
        }
    }
}

/// Returns whether the text has a redacted part: `[redacted]`, or `[u7f3a]` for a secret part of a URL. An IPv6 host is
/// in brackets too, but always contains a colon.
pub(crate) fn is_redacted(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('[') {
        if let Some((token, _)) = after.split_once(']') {
            let word = !token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric());
            if word && (token == "redacted" || token.starts_with('u')) {
                return true;
            }
        }
        rest = after;
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::recording::model::{Body, Outcome, Request, Response};

    fn exchange(role: Role, method: &str, url: &str, headers: &[(&str, &str)], body: Option<&str>) -> Exchange {
        Exchange {
            id: 1,
            flow: None,
            role,
            probe: None,
            file: None,
            phase: None,
            superseded: false,
            at: 0,
            took: 0,
            request: Request {
                method: method.to_owned(),
                url: url.to_owned(),
                headers: headers.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
                body: body.map(str::to_owned),
            },
            outcome: Outcome::Response(Response {
                status: 200,
                headers: Vec::new(),
                body: Body::default(),
                broken: None,
            }),
        }
    }

    #[test]
    fn handshakes_are_repeated_with_openssl() {
        let again = |url: &str, offered: &str| {
            let headers = vec![("offered".to_owned(), offered.to_owned())];
            handshake(&Request { method: "TLS".to_owned(), url: url.to_owned(), headers, body: None }).join(" ")
        };
        assert_eq!(
            again("https://a.example/", "TLS 1.3 and TLS 1.2"),
            "openssl s_client -connect a.example:443 </dev/null"
        );
        assert!(again("https://a.example:8443/", "TLS 1.0").contains("-max_protocol TLSv1 "));
        assert!(again("https://[::1]/", "TLS 1.1 at most").contains("-max_protocol TLSv1.1 "));
        assert!(again("https://[::1]/", "TLS 1.0").contains("'[::1]:443'"));
        assert!(again("https://$(id).example:1/", "TLS 1.0").contains("'$(id).example:1'"));
    }

    #[test]
    fn secrets_become_variables() {
        let e = exchange(
            Role::Poll,
            "GET",
            "https://h/status/[u7f3a]",
            &[("accept", "application/json"), ("authorization", "Bearer [redacted]")],
            None,
        );
        let expected = "curl -i -H 'Accept: application/json' -H \"Authorization: Bearer $TOKEN\" \"$STATUS_URL\"";
        assert_eq!(line(&e), expected);
    }

    #[test]
    fn the_shell_does_not_interpret_texts_of_the_server() {
        let e = exchange(Role::Kickoff, "GET", "http://[::1]:8080/fhir/$export?a='$(id)`", &[], None);
        assert_eq!(line(&e), r"curl -i 'http://[::1]:8080/fhir/$export?a='\''$(id)`'");
        let option = exchange(Role::Poll, "DELETE", "-K/etc/passwd", &[("x\"$(id)", "[redacted]")], None);
        assert_eq!(line(&option), "curl -i -X DELETE -H \"Xid: $SECRET\" \"$STATUS_URL\"");
    }

    #[test]
    fn a_body_is_sent() {
        let e = exchange(Role::Kickoff, "POST", "http://h/$export", &[], Some("{\"a\":\n \"it's\"}"));
        assert_eq!(line(&e), "curl -i -X POST --data-binary '{\"a\":\n \"it'\\''s\"}' 'http://h/$export'");
    }

    /// Runs a shell that prints the words it reads.
    #[test]
    fn a_shell_reads_quoted_values_unchanged() {
        let nasty = "a'b\"c$(touch x)`id`\\ ;|&<>*?~!{}";
        let e = exchange(Role::Kickoff, "GET", "http://h/", &[("x-nasty", nasty)], None);
        // The function replaces curl and prints its third argument.
        let script = format!("curl() {{ printf '%s\\n' \"$3\"; }}; {}", line(&e));
        let out = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
        assert_eq!(String::from_utf8(out.stdout).unwrap(), format!("X-Nasty: {nasty}\n"));
    }
}
