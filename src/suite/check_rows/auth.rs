//! The built-in checks of tokens, scopes, TLS and access, one row each.
//! [`crate::suite::check_rows::all`] explains rows.

macro_rules! auth_checks {
    ({ $($earlier:tt)* } $next:path $(, $rest:path)*) => { $next! { {
        $($earlier)*
        /// The flow's kick-off without a token (probe `no-token`) is refused.
        AnonymousRefused = "anonymous-refused" {
            run auth::access::anonymous_refused, on Any, needs [Probe("no-token")],
            says "the same kick-off without a token is refused"
        }
        /// The user states that the target is protected, or the target refused another request without a token.
        ProtectionKnown = "protection-known" {
            run auth::access::protection_known, on Any, needs [],
            says "--auth states that the server is protected, or the server refused another request without a token"
        }
        /// The manifest has `requiresAccessToken` true.
        FilesNeedToken = "files-need-token" {
            run auth::access::files_need_token, on Any, needs [],
            says "the manifest has requiresAccessToken true"
        }
        /// No file that needs a token is at an origin that may not receive the token.
        TokenStaysHome = "token-stays-home" {
            run auth::access::token_stays_home, on Manifests, needs [],
            says "no file that needs a token is at an origin that may not receive the token"
        }
        /// The response does not repeat a secret that was sent.
        NoTokenEchoed = "no-token-echoed" {
            run auth::access::no_token_echoed, on Any, needs [],
            says "the response does not repeat the token or another secret that was sent"
        }
        /// The response has the same status as for a job that does not exist.
        AsIfUnknown = "as-if-unknown" {
            run auth::access::as_if_unknown, on Probes, needs [Probe("second-unknown")],
            says "the response has the same status as for a job that does not exist"
        }
        /// The manifest has `requiresAccessToken` true, and the request for the file carried a token.
        TokenSent = "token-sent" {
            run auth::access::token_sent, on Files, needs [],
            says "the manifest has requiresAccessToken true and the request carried a token", judges refusals
        }
        /// The manifest has `requiresAccessToken` false.
        OpenToAll = "open-to-all" {
            run auth::access::open_to_all, on Any, needs [],
            says "the manifest has requiresAccessToken false", judges refusals
        }
        /// The manifest has `requiresAccessToken` false and no extension that could describe another way of access.
        CapabilityUrl = "capability-url" {
            run auth::access::capability_url, on Files, needs [],
            says "the manifest has requiresAccessToken false and no extension about access", judges refusals
        }
        /// The response is not a 401 with a Bearer challenge, nor a 401 that the token avoids.
        NoBearerChallenge = "no-bearer-challenge" {
            run auth::access::no_bearer_challenge, on Files, needs [],
            says "the response is not a 401 with a Bearer challenge, nor a 401 that the token avoids"
        }
        /// The attachment is returned, or refused because of credentials.
        AttachmentAnswers = "attachment-answers" {
            run auth::attachments::attachment_answers, on Probes, needs [],
            says "the attachment is returned, or refused because of credentials"
        }
        /// The attachment is not refused with the run's token.
        AttachmentTakesToken = "attachment-takes-token" {
            run auth::attachments::attachment_takes_token, on Probes, needs [],
            says "the attachment is not refused with the token that files are fetched with"
        }
        /// The attachment is not refused without a token, if files need none.
        AttachmentOpen = "attachment-open" {
            run auth::attachments::attachment_open, on Probes, needs [],
            says "the attachment is not refused without a token if files need none"
        }
        /// The token does not cover the requested scope.
        ScopeWithheld = "scope-withheld" {
            run auth::scopes::scope_withheld, on Probes, needs [],
            says "the token does not cover the requested scope"
        }
        /// The granted scope is not broader than the requested scope.
        ScopeNotBroader = "scope-not-broader" {
            run auth::scopes::scope_not_broader, on Probes, needs [],
            says "the granted scope is not broader than the requested scope"
        }
        /// No resource is exported that the narrower token does not cover.
        WithinScope = "within-scope" {
            run auth::scopes::within_scope, on Files, needs [Files],
            says "no resource is exported that the token's scope does not cover"
        }
        /// The differing part of polling URLs has at least 64 random bits.
        JobUrlsHardToGuess = "job-urls-hard-to-guess" {
            run auth::secrecy::job_urls_hard_to_guess, on Any, needs [],
            says "the differing part of polling URLs has at least 64 random bits"
        }
        /// The differing part of the URLs of files that need no token has at least 64 random bits.
        FileUrlsHardToGuess = "file-urls-hard-to-guess" {
            run auth::secrecy::file_urls_hard_to_guess, on Any, needs [],
            says "the differing part of file URLs has at least 64 random bits"
        }
        /// Neither the polling URL nor the body shows a secret.
        NoSecretShown = "no-secret-shown" {
            run auth::secrecy::no_secret_shown, on Any, needs [],
            says "neither the polling URL nor the body shows a token, or a user name or password before a host"
        }
        /// No resource is exported that the user named as forbidden for the run's client.
        KeptResourcesStay = "kept-resources-stay" {
            run auth::secrecy::kept_resources_stay, on Files, needs [Files],
            says "no resource is exported that the client must not receive"
        }
        /// The server accepts TLS 1.2 or 1.3.
        ModernTls = "modern-tls" {
            run auth::tls::modern_tls, on Probes, needs [],
            says "the server accepts TLS 1.2 or 1.3"
        }
        /// The server accepts TLS 1.3.
        NewestTls = "newest-tls" {
            run auth::tls::newest_tls, on Probes, needs [],
            says "the server accepts TLS 1.3"
        }
        /// The server refuses TLS 1.0 and 1.1.
        OldTlsRefused = "old-tls-refused" {
            run auth::tls::old_tls_refused, on Probes, needs [],
            says "the server refuses TLS 1.1 and older"
        }
        /// The handshake is with the origin of the token endpoint.
        TokenOrigin = "token-origin" {
            run auth::tls::token_origin, on Probes, needs [],
            says "the handshake is with the token endpoint's origin"
        }
        /// The server reads the key set that the run serves.
        KeySetRead = "key-set-read" {
            run auth::tokens::key_set_read, on Any, needs [],
            says "the server reads the client's key set from its URL"
        }
        /// The server does not read the key set again for each token request.
        KeySetKept = "key-set-kept" {
            run auth::tokens::key_set_kept, on Any, needs [Probe("again")],
            says "the server does not read the key set again for each token request"
        }
        /// The flow's valid token request (probe `token`) returns a token.
        GivesTokens = "gives-tokens" {
            run auth::tokens::gives_tokens, on Any, needs [Probe("token")],
            says "the run's client gets tokens for valid requests"
        }
        /// A valid token request returns a token.
        TokenGranted = "token-granted" {
            run auth::tokens::token_granted, on Probes, needs [Probe("with-client-id")],
            says "a valid token request returns a token"
        }
        /// The token response has all its members.
        TokenResponse = "token-response" {
            run auth::tokens::token_response, on Probes, needs [],
            says "the response is JSON with access_token, token_type bearer, expires_in in seconds, and scope"
        }
        /// The token is valid for at most five minutes.
        ShortToken = "short-token" {
            run auth::tokens::short_token, on Probes, needs [],
            says "expires_in is at most 300"
        }
        /// `Cache-Control` contains `no-store`.
        NoStore = "no-store" {
            run auth::tokens::no_store, on Any, needs [],
            says "Cache-Control contains no-store"
        }
        /// The error code is one that OAuth 2.0 defines.
        OauthError = "oauth-error" {
            run auth::tokens::oauth_error, on Probes, needs [],
            says "error is a code that OAuth 2.0 defines"
        }
        /// Every endpoint of the SMART configuration is an absolute URL.
        EndpointsAbsolute = "endpoints-absolute" {
            run auth::tokens::endpoints_absolute, on Probes, needs [],
            says "every endpoint, and jwks_uri, is an absolute URL"
        }
        /// The run's client uses SMART Backend Services.
        SmartUsed = "smart-used" {
            run auth::tokens::smart_used, on Any, needs [],
            says "the run's client uses SMART Backend Services"
        }
    } $($rest),* } };
}
pub(crate) use auth_checks;
