//! `plimsoll serve`: the reference server on its own, for people who write bulk clients.

use tokio::net::TcpListener;

use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::cli::args::ServeArgs;
use crate::cli::interrupt;
use crate::cli::main::{CliError, print, say};
use crate::config::values;
use crate::config::values::AuthKind;
use crate::reference::options::{ServerAuth, ServerOptions, SmartClient};
use crate::reference::personality::spec::Personality;
use crate::reference::serve;
use crate::verdicts::exit;

/// Carries out `plimsoll serve`: prints the base URL on standard output and stays until Ctrl-C or SIGTERM.
pub fn serve(args: &ServeArgs) -> Result<u8, CliError> {
    let spec = Personality::from_word(&args.spec).ok_or_else(|| {
        let known: Vec<&str> = Personality::ALL.iter().map(|spec| spec.as_str()).collect();
        CliError::usage(format!("the reference server does not speak {:?}; it speaks {}", args.spec, known.join(", ")))
    })?;
    let faults = args
        .fault
        .iter()
        .map(|id| crate::reference::fault::embedded::fault(id).map_err(|e| CliError::usage(e.to_string())));
    let faults = faults.collect::<Result<Vec<_>, _>>()?;
    if spec == Personality::Hcpd && args.patients.is_some() {
        let text =
            format!("the server of {spec} holds a provider directory, which has no patients; leave --patients off");
        return Err(CliError::usage(text));
    }
    let auth = auth(args)?;
    crate::cli::main::runtime()?.block_on(async {
        let listener = TcpListener::bind(args.addr).await.map_err(|e| {
            CliError::usage(format!("{} cannot be listened on: {e}; give another by --addr", args.addr))
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
        // Whoever reads the base may end the server at once.
        let mut signals = interrupt::Signals::listen();
        print(&format!("{base}\n"));
        say(&format!("the reference server speaks {spec}; Ctrl-C ends it"));
        if spec == Personality::Hcpd && matches!(args.auth, AuthKind::None) {
            say("its spec asks for a token on every interaction; --auth token or --auth smart does");
        }
        serve::serve(listener, options, async move { signals.next().await })
            .await
            .map_err(|e| CliError::undetermined(format!("the server ended: {e}")))?;
        Ok(exit::CONFORMANT)
    })
}

fn auth(args: &ServeArgs) -> Result<ServerAuth, CliError> {
    match args.auth {
        AuthKind::None => Ok(ServerAuth::None),
        AuthKind::Token => match std::env::var("PLIMSOLL_TOKEN") {
            Ok(token) if !token.is_empty() => Ok(ServerAuth::Token(Secret::new(token))),
            _ => Err(CliError::usage("--auth token needs the token to ask for; set PLIMSOLL_TOKEN")),
        },
        AuthKind::Smart => {
            let path = args.key_file.as_ref().ok_or_else(|| {
                CliError::usage("--auth smart needs the client's public key; give --key-file FILE, PEM or JWK")
            })?;
            let public_key = std::fs::read_to_string(path)
                .map_err(|e| CliError::usage(format!("the key file {} cannot be read: {e}", path.display())))?;
            Ok(ServerAuth::Smart(vec![SmartClient { client_id: args.client_id.clone(), public_key }]))
        }
    }
}
