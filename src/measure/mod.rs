//! Pure functions that measure resources, manifests and URLs during a run.

pub(crate) mod compare_exports;
pub(crate) mod elements;
pub(crate) mod group_response;
pub(crate) mod job_state;
pub(crate) mod manifest_files;
pub(crate) mod measurements;
pub(crate) mod missing_resource;
pub(crate) mod organized_files;
pub(crate) mod ownership;
pub(crate) mod plain_words;
pub(crate) mod references;
pub(crate) mod resource_store;
pub(crate) mod retry_after;
pub(crate) mod sample_values;
pub(crate) mod type_filters;
pub(crate) mod unknown_job;
pub(crate) mod unrequested_resources;
pub(crate) mod url_entropy;
pub(crate) mod withheld_resources;
