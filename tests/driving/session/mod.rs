//! Single requests: redirects, tokens, bodies, and what is recorded of them.

mod bodies;
mod common;
mod recording;
mod redirects;
mod tokens;
