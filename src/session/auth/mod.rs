//! Access tokens: assertions, token requests, deliberately invalid requests, key rotation.

pub(crate) mod discovery;
pub(crate) mod invalid_token_requests;
pub(crate) mod key_rotation;
pub(crate) mod scopes;
pub(crate) mod signing_key;
pub(crate) mod token_request;
pub(crate) mod token_source;
pub(crate) mod tokens;
