//! The built-in checks of tokens, scopes, TLS and of who may see what, one row each.
//! [`crate::suite::check_rows::all`] explains rows.

macro_rules! auth_checks {
    ({ $($earlier:tt)* } $next:path $(, $rest:path)*) => { $next! { {
        $($earlier)*
        /// The flow's kick-off without a token was refused.
        AnonymousRefused = "anonymous-refused" {
            run auth::access::anonymous_refused, on Any, needs [Probe("no-token")],
            says "the same kick-off without a token is refused"
        }
        /// The manifest says that its files need a token.
        FilesNeedToken = "files-need-token" {
            run auth::access::files_need_token, on Any, needs [],
            says "the manifest says that its files need a token"
        }
        /// The manifest sends no token to a foreign origin.
        TokenStaysHome = "token-stays-home" {
            run auth::access::token_stays_home, on Manifests, needs [],
            says "no file that needs a token lies on an origin which may not see it"
        }
        /// The answer does not repeat the token.
        NoTokenEchoed = "no-token-echoed" {
            run auth::access::no_token_echoed, on Any, needs [],
            says "the answer does not repeat the token that was sent"
        }
        /// A foreign job is answered as one that does not exist.
        AsIfUnknown = "as-if-unknown" {
            run auth::access::as_if_unknown, on Probes, needs [Probe("second-unknown")],
            says "the answer is that of a job which does not exist"
        }
        /// The manifest asks for a token, and the request for the file showed it.
        TokenSent = "token-sent" {
            run auth::access::token_sent, on Files, needs [],
            says "the manifest says that files need a token, and the request showed it", judges refusals
        }
        /// The manifest says that files need no token.
        OpenToAll = "open-to-all" {
            run auth::access::open_to_all, on Any, needs [],
            says "the manifest says that files need no token", judges refusals
        }
        /// The same, and no extension says how else to be let in.
        CapabilityUrl = "capability-url" {
            run auth::access::capability_url, on Files, needs [],
            says "the manifest says that files need no token, and no extension says how else to be let in", judges refusals
        }
        /// The answer does not ask for a bearer token.
        NoBearerChallenge = "no-bearer-challenge" {
            run auth::access::no_bearer_challenge, on Files, needs [],
            says "the answer is no 401 that asks for a bearer token"
        }
        /// The attachment was delivered, or it is a question of credentials.
        AttachmentAnswers = "attachment-answers" {
            run auth::attachments::attachment_answers, on Probes, needs [],
            says "the attachment comes, or is refused for want of credentials"
        }
        /// The attachment was delivered to the run's own token.
        AttachmentTakesToken = "attachment-takes-token" {
            run auth::attachments::attachment_takes_token, on Probes, needs [],
            says "the attachment is not refused to the token that files are fetched with"
        }
        /// The attachment was delivered without a token.
        AttachmentOpen = "attachment-open" {
            run auth::attachments::attachment_open, on Probes, needs [],
            says "the attachment is not refused for want of a token, where files need none"
        }
        /// The token does not cover the scope that was asked for.
        ScopeWithheld = "scope-withheld" {
            run auth::scopes::scope_withheld, on Probes, needs [],
            says "the token does not cover the scope that was asked for"
        }
        /// The scope that was granted is no more than was asked for.
        ScopeNotBroader = "scope-not-broader" {
            run auth::scopes::scope_not_broader, on Probes, needs [],
            says "the granted scope is no more than was asked for"
        }
        /// No resource of another type than the narrower token covers was exported.
        WithinScope = "within-scope" {
            run auth::scopes::within_scope, on Files, needs [Files],
            says "no resource is exported that the token's scope does not cover"
        }
        /// What differs between polling URLs holds enough chance.
        JobUrlsHardToGuess = "job-urls-hard-to-guess" {
            run auth::secrecy::job_urls_hard_to_guess, on Any, needs [],
            says "what differs between polling URLs holds 64 bits of chance or more"
        }
        /// The same of the URLs of files that need no token.
        FileUrlsHardToGuess = "file-urls-hard-to-guess" {
            run auth::secrecy::file_urls_hard_to_guess, on Any, needs [],
            says "what differs between file URLs holds 64 bits of chance or more"
        }
        /// Neither the polling URL nor the manifest shows a secret.
        NoSecretShown = "no-secret-shown" {
            run auth::secrecy::no_secret_shown, on Any, needs [],
            says "neither the polling URL nor the body shows a token, or a name or password before a host"
        }
        /// Nothing came that was named as kept from the run's client.
        KeptResourcesStay = "kept-resources-stay" {
            run auth::secrecy::kept_resources_stay, on Files, needs [Files],
            says "no resource comes that was named as kept from this client"
        }
        /// TLS 1.2 or 1.3 is taken up.
        ModernTls = "modern-tls" {
            run auth::tls::modern_tls, on Probes, needs [],
            says "TLS 1.2 or 1.3 is taken up"
        }
        /// TLS 1.3 is taken up.
        NewestTls = "newest-tls" {
            run auth::tls::newest_tls, on Probes, needs [],
            says "TLS 1.3 is taken up"
        }
        /// TLS 1.0 and 1.1 are not taken up.
        OldTlsRefused = "old-tls-refused" {
            run auth::tls::old_tls_refused, on Probes, needs [],
            says "TLS 1.1 and older are not taken up"
        }
        /// The handshake is with the origin of the token endpoint.
        TokenOrigin = "token-origin" {
            run auth::tls::token_origin, on Probes, needs [],
            says "the handshake is with the token endpoint's origin"
        }
        /// The target was seen to read the key set that the run serves.
        KeySetRead = "key-set-read" {
            run auth::tokens::key_set_read, on Any, needs [],
            says "the server reads the client's key set by its address"
        }
        /// The key set was not read anew for each token request.
        KeySetKept = "key-set-kept" {
            run auth::tokens::key_set_kept, on Any, needs [Probe("again")],
            says "the key set is not read anew for each token request"
        }
        /// The flow's plain token request brought a token.
        GivesTokens = "gives-tokens" {
            run auth::tokens::gives_tokens, on Any, needs [Probe("token")],
            says "the run's client gets tokens for valid requests"
        }
        /// A valid token request brought a token.
        TokenGranted = "token-granted" {
            run auth::tokens::token_granted, on Probes, needs [Probe("with-client-id")],
            says "a valid request brings a token"
        }
        /// A token response has all its members.
        TokenResponse = "token-response" {
            run auth::tokens::token_response, on Probes, needs [],
            says "the response is JSON with access_token, token_type bearer, expires_in as a number of seconds, and scope"
        }
        /// A token lasts five minutes at most.
        ShortToken = "short-token" {
            run auth::tokens::short_token, on Probes, needs [],
            says "expires_in is no more than 300"
        }
        /// The answer may not be kept by caches.
        NoStore = "no-store" {
            run auth::tokens::no_store, on Any, needs [],
            says "Cache-Control forbids to store the answer"
        }
        /// The error is one that OAuth knows.
        OauthError = "oauth-error" {
            run auth::tokens::oauth_error, on Probes, needs [],
            says "error is a code that OAuth 2.0 defines"
        }
        /// Every endpoint of the SMART configuration is an absolute URL.
        EndpointsAbsolute = "endpoints-absolute" {
            run auth::tokens::endpoints_absolute, on Probes, needs [],
            says "every endpoint, and jwks_uri, is an absolute URL"
        }
        /// The run's client is one of SMART Backend Services.
        SmartUsed = "smart-used" {
            run auth::tokens::smart_used, on Any, needs [],
            says "the run's client is one of SMART Backend Services"
        }
    } $($rest),* } };
}
pub(crate) use auth_checks;
