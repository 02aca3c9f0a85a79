//! Single requests: redirects, tokens, bodies, and their recording.

mod bodies;
mod common;
mod recording;
mod redirects;
mod tokens;
