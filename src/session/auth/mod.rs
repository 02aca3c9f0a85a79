//! Access tokens: assertions, token requests, deliberately invalid requests, key rotation.

pub(crate) mod assertion;
pub(crate) mod credentials;
pub(crate) mod invalid_token_requests;
pub(crate) mod key_rotation;
pub(crate) mod token_request;
