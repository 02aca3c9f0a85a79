//! Behavior common to servers built on HAPI FHIR: URLs of polls and files, ids, and the message of an empty export.

use crate::reference::export::job::{ExportJob, JobFile};

/// The characters of a file's id that identify its job. The other characters count the files of the job.
pub(crate) const FOLDER: usize = 24;

/// The digits that count the files of a job.
pub(crate) const COUNTER: usize = 8;

/// The polling URL of a job of a server at `base`.
pub(crate) fn poll_url(base: &str, id: &str) -> String {
    format!("{base}/$export-poll-status?_jobId={id}")
}

/// The URL of a job's file: a Binary with an id of 32 letters and digits.
pub(crate) fn file_url(base: &str, job: &ExportJob, file: &JobFile) -> String {
    let at = job.files.iter().position(|own| own.name == file.name).unwrap_or_default();
    format!("{base}/Binary/{}{at:0COUNTER$}", job.folder)
}

/// A job's id: a UUID of version 4 from random bytes.
pub(crate) fn job_id(mut random: [u8; 16]) -> String {
    // Version 4, variant 1.
    if let Some(byte) = random.get_mut(6) {
        *byte = *byte & 0x0f | 0x40;
    }
    if let Some(byte) = random.get_mut(8) {
        *byte = *byte & 0x3f | 0x80;
    }
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// The start of the ids of a job's files: letters and digits from random bytes.
pub(crate) fn folder(random: [u8; FOLDER]) -> String {
    const PLAIN: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    random.iter().filter_map(|byte| PLAIN.get(usize::from(byte % 32)).copied().map(char::from)).collect()
}

/// The message of a manifest without output.
pub(crate) fn empty_message(job: &str) -> String {
    format!("Export complete, but no data to generate report for job instance: {job}")
}
