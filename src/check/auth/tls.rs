//! Checks of handshakes: the versions of TLS that an origin accepts. If Plimsoll could not offer a version or not
//! understand the response, the check is undecided, unless requests of the run decide it: they use only TLS 1.2 or 1.3.

use crate::check::context::CheckContext;
use crate::check::exchange::{origin, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::recording::handshake::{Handshake, TlsAlert, TlsVersion};
use crate::recording::model::{Exchange, Outcome, Role};
use crate::verdicts::finding_place::FindingPlace;

/// Returns the handshake of an exchange.
///
/// # Errors
/// The outcome of a check, if there is no handshake.
fn handshake(exchange: &Exchange) -> Result<&Handshake, CheckOutcome> {
    match &exchange.outcome {
        Outcome::Handshake(handshake) => Ok(handshake),
        Outcome::NoResponse(trouble) => Err(CheckOutcome::Undecided(trouble.message.clone())),
        Outcome::Response(_) => Err(CheckOutcome::NotApplicable("the exchange is not a TLS handshake".to_owned())),
    }
}

/// Returns whether a request to the origin of `exchange` got a response, which shows TLS 1.2 or 1.3.
fn answers(exchange: &Exchange, context: &CheckContext<'_>) -> bool {
    let own = origin(&exchange.request.url);
    let mut all = context.index.recording.exchanges.iter();
    own.is_some() && all.any(|e| response(e).is_some() && origin(&e.request.url) == own)
}

fn broken(expected: &str, found: &Handshake) -> CheckOutcome {
    CheckOutcome::Violated(vec![Violation::new(FindingPlace::Handshake, expected, found.words())])
}

/// `modern-tls`: the origin accepts 1.2 or 1.3. An alert about the version, an older version and plain HTTP violate it.
pub(crate) fn modern_tls(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let expected = "TLS 1.2 or TLS 1.3";
    let found = match handshake(exchange) {
        Ok(found) => found,
        // The origin did not understand this handshake, but it understood those of requests.
        Err(_) if answers(exchange, context) => return CheckOutcome::Holds,
        Err(outcome) => return outcome,
    };
    match found {
        Handshake::Agreed(TlsVersion::Tls12 | TlsVersion::Tls13) => CheckOutcome::Holds,
        Handshake::Agreed(_) | Handshake::Plain => broken(expected, found),
        Handshake::Refused(_) | Handshake::Closed if answers(exchange, context) => CheckOutcome::Holds,
        Handshake::Refused(TlsAlert::PROTOCOL_VERSION) => broken(expected, found),
        Handshake::Refused(_) | Handshake::Closed => {
            CheckOutcome::Undecided(format!("the response to a handshake of TLS 1.3 and 1.2 was: {}", found.words()))
        }
    }
}

/// `newest-tls`: the origin accepts 1.3.
pub(crate) fn newest_tls(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let found = match handshake(exchange) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    match found {
        Handshake::Agreed(TlsVersion::Tls13) => CheckOutcome::Holds,
        Handshake::Agreed(_) => broken("TLS 1.3", found),
        Handshake::Plain => CheckOutcome::NotApplicable("the origin does not use TLS".to_owned()),
        Handshake::Refused(_) | Handshake::Closed => {
            CheckOutcome::Undecided(format!("the response to a handshake of TLS 1.3 and 1.2 was: {}", found.words()))
        }
    }
}

/// `old-tls-refused`: the origin refuses a handshake of 1.0, or of at most 1.1, and accepts newer versions. If it
/// accepts none, the version may not be the reason of the refusal.
pub(crate) fn old_tls_refused(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let found = match handshake(exchange) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    match found {
        Handshake::Agreed(version) if version.is_old() => broken("an alert or a closed connection", found),
        Handshake::Plain => CheckOutcome::NotApplicable("the origin does not use TLS".to_owned()),
        _ if answers(exchange, context) || takes_up_newer(exchange, context) => CheckOutcome::Holds,
        _ => CheckOutcome::Undecided(
            "no handshake with this origin succeeded, so this refusal proves nothing".to_owned(),
        ),
    }
}

/// Returns whether the same origin accepted the flow's handshake of 1.3 and 1.2.
fn takes_up_newer(exchange: &Exchange, context: &CheckContext<'_>) -> bool {
    let own = origin(&exchange.request.url);
    context.index.exchanges(&context.flow.name).iter().any(|other| {
        let Outcome::Handshake(Handshake::Agreed(version)) = &other.outcome else { return false };
        !version.is_old() && origin(&other.request.url) == own
    })
}

/// `token-origin`: the handshake is with the origin of the token endpoint.
pub(crate) fn token_origin(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let own = origin(&exchange.request.url);
    let is_token = |e: &Exchange| e.role == Role::Token && origin(&e.request.url) == own;
    let named = |e: &Exchange| {
        let body = response(e).filter(|_| e.role == Role::SmartConfiguration)?.body.json.as_ref()?;
        origin(body.get("token_endpoint")?.as_str()?)
    };
    let exchanges = &context.index.recording.exchanges;
    let is = own.is_some() && exchanges.iter().any(|e| is_token(e) || named(e) == own);
    if is {
        CheckOutcome::Holds
    } else {
        CheckOutcome::NotApplicable("the origin is not that of the token endpoint".to_owned())
    }
}
