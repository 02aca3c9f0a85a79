//! `plimsoll serve`: runs the reference server alone, for people who write bulk data clients.

use tokio::net::TcpListener;

use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::cli::args::ServeArgs;
use crate::cli::error::CliError;
use crate::cli::interrupt;
use crate::cli::output::{print, say};
use crate::cli::runtime::runtime;
use crate::config::values;
use crate::config::values::AuthKind;
use crate::reference::options::{ServerAuth, ServerOptions, SmartClient};
use crate::reference::personality::spec::Personality;
use crate::reference::serve;
use crate::verdicts::exit;

/// Runs `plimsoll serve`: prints the base URL on standard output and serves until Ctrl-C or SIGTERM.
pub fn serve(args: &ServeArgs) -> Result<u8, CliError> {
    let spec = Personality::from_word(&args.spec).ok_or_else(|| {
        let known: Vec<&str> = Personality::ALL.iter().map(|spec| spec.as_str()).collect();
        CliError::usage(format!(
            "the reference server does not support spec {:?}; it supports {}",
            args.spec,
            known.join(", ")
        ))
    })?;
    let faults = args
        .fault
        .iter()
        .map(|id| crate::reference::fault::embedded::fault(id).map_err(|e| CliError::usage(e.to_string())));
    let faults = faults.collect::<Result<Vec<_>, _>>()?;
    if spec == Personality::Hcpd && args.patients.is_some() {
        let text = format!("the {spec} server is a provider directory without patients; remove --patients");
        return Err(CliError::usage(text));
    }
    let auth = auth(args)?;
    runtime()?.block_on(async {
        let listener = TcpListener::bind(args.addr).await.map_err(|e| {
            CliError::usage(format!("cannot listen on {}: {e}; give another address with --addr", args.addr))
        })?;
        let addr = listener.local_addr().map_err(|e| CliError::undetermined(e.to_string()))?;
        let base = format!("http://{addr}/fhir");
        let mut options =
            ServerOptions::new(spec, values::base_url(&base).map_err(CliError::undetermined)?, Clock::system());
        options.faults = faults;
        options.patients = args.patients;
        options.writable = args.writable;
        options.lines_per_file = args.lines_per_file;
        options.auth = auth;
        // Listen for signals first: a reader of the base URL may stop the server at once.
        let mut signals = interrupt::Signals::listen();
        print(&format!("{base}\n"));
        say(&format!("the reference server behaves as {spec} requires; Ctrl-C stops it"));
        if spec == Personality::Hcpd && matches!(args.auth, AuthKind::None) {
            say("note: this spec requires a token on every interaction; give --auth token or --auth smart");
        }
        serve::serve(listener, options, async move { signals.next().await })
            .await
            .map_err(|e| CliError::undetermined(format!("the server stopped: {e}")))?;
        Ok(exit::CONFORMANT)
    })
}

fn auth(args: &ServeArgs) -> Result<ServerAuth, CliError> {
    match args.auth {
        AuthKind::None => Ok(ServerAuth::None),
        AuthKind::Token => match std::env::var("PLIMSOLL_TOKEN") {
            Ok(token) if !token.is_empty() => Ok(ServerAuth::Token(Secret::new(token))),
            _ => Err(CliError::usage("--auth token needs a token; set PLIMSOLL_TOKEN")),
        },
        AuthKind::Smart => {
            let path = args.key_file.as_ref().ok_or_else(|| {
                CliError::usage("--auth smart needs the client's public key; give --key-file FILE, PEM or JWK")
            })?;
            let public_key = std::fs::read_to_string(path)
                .map_err(|e| CliError::usage(format!("cannot read the key file {}: {e}", path.display())))?;
            Ok(ServerAuth::Smart(vec![SmartClient { client_id: args.client_id.clone(), public_key }]))
        }
    }
}
