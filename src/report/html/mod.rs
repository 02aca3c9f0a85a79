//! `index.html`.

mod cards;
mod compare_specs;
mod configuration;
mod context;
mod drawing;
mod evidence;
mod exchanges;
mod files;
mod finding;
pub mod page;
mod part;
mod requirements;
mod table;
mod tally;
mod tests;
mod timeline;
mod undecided;
mod verdict;
