//! Measures how hard it is to guess the URLs of a target: where they differ, and about how many random bits the
//! differences have. It uses the raw URLs; the result has only numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use url::Url;

use crate::measure::manifest_files;
use crate::measure::plain_words::{is_plain, split_extension};
use crate::recording::secrecy::{UrlGuessing, UrlVariety};
use crate::suite::flow::Download;
use crate::suite::model::FileList;

/// The most URLs that are compared.
const MAX_URLS: usize = 400;

/// A shared part with at least so many bits may be a key.
const KEY_BITS: f64 = 64.0;

/// The most bits that are counted. More make no difference, and equal runs should have equal recordings.
const MAX_BITS: f64 = 100.0;

/// The raw URLs seen so far. Never written to a recording.
#[derive(Default)]
pub(crate) struct UrlEntropy {
    jobs: Mutex<Vec<Url>>,
    /// URLs of files that need no token, by announced type. Only the first of each manifest is kept.
    files: Mutex<BTreeMap<String, Vec<Url>>>,
}

fn locked<T>(cell: &Mutex<T>) -> MutexGuard<'_, T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

fn add(list: &mut Vec<Url>, url: &Url) {
    if list.len() < MAX_URLS && !list.contains(url) {
        list.push(url.clone());
    }
}

impl UrlEntropy {
    /// Adds the URL of a job.
    pub fn job(&self, url: &Url) {
        add(&mut locked(&self.jobs), url);
    }

    /// Adds the files in the manifest of a job. Only files that need no token count, because only their URLs protect
    /// them.
    pub fn manifest(&self, job: &Url, manifest: &Value) {
        if !manifest_files::is_open(manifest) {
            return;
        }
        let (items, _) = manifest_files::files(manifest, Download::All);
        let mut seen = BTreeSet::new();
        let mut files = locked(&self.files);
        for item in items.into_iter().filter(|item| item.place.list == FileList::Output) {
            let kind = item.announced.unwrap_or_default();
            let room = files.contains_key(&kind) || files.len() < MAX_URLS;
            if let (true, Ok(url)) = (seen.insert(kind.clone()) && room, job.join(&item.url)) {
                add(files.entry(kind).or_default(), &url);
            }
        }
    }

    /// Returns the result so far, for a target at `base`.
    pub fn facts(&self, base: &Url, now: SystemTime) -> UrlGuessing {
        let jobs = compare(&locked(&self.jobs), base, now);
        // Compare one type only, because the names of types differ, but not at random.
        let files = locked(&self.files);
        let most = files.values().max_by_key(|urls| urls.len());
        UrlGuessing { jobs, files: most.map(|urls| compare(urls, base, now)).unwrap_or_default() }
    }
}

/// Returns the form of a URL, and its parts in order: the host, the segments of the path, the values of the query. URLs
/// of the same form can be compared part by part.
fn parts(url: &Url) -> (Vec<String>, Vec<String>) {
    let mut form = vec![url.path_segments().into_iter().flatten().count().to_string()];
    let mut parts = vec![url.host_str().unwrap_or_default().to_owned()];
    parts.extend(url.path_segments().into_iter().flatten().map(str::to_owned));
    for (name, value) in url.query_pairs() {
        form.push(name.into_owned());
        parts.push(value.into_owned());
    }
    (form, parts)
}

/// Measures where the URLs differ. Only those of the most common form are compared.
fn compare(urls: &[Url], base: &Url, now: SystemTime) -> UrlVariety {
    let mut forms: BTreeMap<Vec<String>, Vec<Vec<String>>> = BTreeMap::new();
    for url in urls {
        let (form, parts) = parts(url);
        forms.entry(form).or_default().push(parts);
    }
    let Some(rows) = forms.into_values().max_by_key(Vec::len) else { return UrlVariety::default() };
    let (_, own) = parts(base);
    let width = rows.first().map(Vec::len).unwrap_or_default();
    let mut columns: Vec<Vec<&str>> = Vec::new();
    let mut keyed = false;
    for at in 0..width {
        let column: Vec<&str> = rows.iter().filter_map(|row| row.get(at)).map(String::as_str).collect();
        let Some(first) = column.first() else { continue };
        if column.iter().all(|value| value == first) {
            // The name of a host is not secret.
            keyed |= at > 0 && own.get(at).is_none_or(|own| own != first) && key_bits(first) >= KEY_BITS;
        } else if !columns.contains(&column) {
            // An id that a URL contains twice is not harder to guess.
            columns.push(column);
        }
    }
    let bits: f64 = columns.iter().map(|column| bits_of(column)).sum();
    let number = match columns.as_slice() {
        [one] => numbers(one),
        _ => None,
    };
    let span = number.as_deref().map(spread);
    UrlVariety {
        seen: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        bits: bits.min(MAX_BITS).round() as u32,
        span: span.and_then(|span| u64::try_from(span).ok()),
        clock: number.is_some_and(|numbers| is_clock(&numbers, now)),
        keyed,
    }
}

/// Returns the random bits in a part that all URLs share, without its plain words.
fn key_bits(text: &str) -> f64 {
    let (stem, _) = split_extension(text);
    stem.split(['-', '_', '.', '~']).filter(|piece| !is_plain(piece)).map(|piece| random_bits(&[piece], |_| true)).sum()
}

/// Returns the values as integers, if all are integers.
fn numbers(column: &[&str]) -> Option<Vec<u128>> {
    let read = |text: &&str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    column.iter().map(read).collect()
}

fn spread(numbers: &[u128]) -> u128 {
    let (least, most) = (numbers.iter().min(), numbers.iter().max());
    most.copied().unwrap_or_default().saturating_sub(least.copied().unwrap_or_default())
}

/// Returns whether all numbers are times within a day of `now`, in seconds, milliseconds, microseconds or nanoseconds.
fn is_clock(numbers: &[u128], now: SystemTime) -> bool {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let day = Duration::from_secs(86_400);
    let of_day = |at: u128| {
        let nanos = now.as_nanos();
        nanos.abs_diff(at) <= day.as_nanos()
    };
    [1_000_000_000_u128, 1_000_000, 1_000, 1]
        .into_iter()
        .any(|unit| numbers.iter().all(|number| number.checked_mul(unit).is_some_and(of_day)))
}

/// Returns about how many random bits the differences between the values of one part have.
fn bits_of(column: &[&str]) -> f64 {
    let different: BTreeSet<&&str> = column.iter().collect();
    let few = (different.len() as f64).log2();
    if different.len() * 2 <= column.len() {
        return few;
    }
    if let Some(numbers) = numbers(column) {
        let longest = column.iter().map(|text| text.len()).max().unwrap_or_default();
        let padded: Vec<String> = numbers.iter().map(|number| format!("{number:0>longest$}")).collect();
        let padded: Vec<&str> = padded.iter().map(String::as_str).collect();
        return differing(&padded).min((spread(&numbers) as f64 + 1.0).log2());
    }
    differing(column)
}

/// Returns the bits of the positions where values differ, without the time in a UUID of version 7.
fn differing(column: &[&str]) -> f64 {
    let dated = column.iter().all(|text| is_uuid_of_time(text));
    let at = |index: usize| column.iter().map(move |text| text.as_bytes().get(index).copied());
    random_bits(column, |index| {
        let mut all = at(index);
        let first = all.next();
        !(dated && index < UUID_TIME) && all.any(|byte| Some(byte) != first)
    })
}

/// The characters of a UUID of version 7 that hold the time.
const UUID_TIME: usize = 13;

fn is_uuid_of_time(text: &str) -> bool {
    let dashed = [8, 13, 18, 23].into_iter().all(|at| text.as_bytes().get(at) == Some(&b'-'));
    text.len() == 36 && dashed && text.as_bytes().get(14) == Some(&b'7')
}

/// Returns the random bits of the positions that `counts` accepts, by the alphabet of their characters.
fn random_bits(column: &[&str], counts: impl Fn(usize) -> bool) -> f64 {
    let longest = column.iter().map(|text| text.len()).max().unwrap_or_default();
    let places: Vec<usize> = (0..longest).filter(|index| counts(*index)).collect();
    let bytes = column.iter().flat_map(|text| places.iter().filter_map(|index| text.as_bytes().get(*index)));
    let (mut digits, mut hex, mut lower, mut upper, mut other) = (true, true, false, false, false);
    for byte in bytes {
        digits &= byte.is_ascii_digit();
        hex &= byte.is_ascii_hexdigit();
        lower |= byte.is_ascii_lowercase();
        upper |= byte.is_ascii_uppercase();
        other |= !byte.is_ascii_alphanumeric();
    }
    let alphabet: f64 = match (digits, hex && !(lower && upper), lower && upper || other) {
        (true, ..) => 10.0,
        (_, true, _) => 16.0,
        (.., false) => 32.0,
        (.., true) => 64.0,
    };
    places.len() as f64 * alphabet.log2()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn of(urls: impl IntoIterator<Item = String>) -> UrlVariety {
        let urls: Vec<Url> = urls.into_iter().map(|url| url.parse().unwrap()).collect();
        compare(&urls, &"https://h.example.org/t/7f3a9b2c4d5e6f70/fhir".parse().unwrap(), now())
    }

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_795_340_000)
    }

    fn jobs(ids: impl IntoIterator<Item = String>) -> UrlVariety {
        of(ids.into_iter().map(|id| format!("https://h.example.org/t/7f3a9b2c4d5e6f70/fhir/jobs/{id}")))
    }

    /// Returns random-looking numbers that are equal in each run of the test.
    fn random(seed: u64) -> u128 {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &seed.to_be_bytes());
        u128::from_be_bytes(digest.as_ref()[..16].try_into().unwrap())
    }

    #[test]
    fn counters_and_clocks_have_few_random_bits() {
        let counter = jobs((995..1005).map(|n| n.to_string()));
        assert_eq!((counter.seen, counter.bits, counter.span, counter.clock), (10, 3, Some(9), false));
        let named = jobs((7..20).map(|n| format!("job-{n:04}")));
        assert!((1..=8).contains(&named.bits) && named.span.is_none(), "{named:?}");
        let clock = jobs((0..30_u64).map(|n| (1_795_340_000_123 + 37 * n).to_string()));
        assert!(clock.clock && clock.bits <= 11, "{clock:?}");
        let moments = jobs((0..30_u64).map(|n| format!("20261122T0915{:02}{:03}", n / 2, n * 31)));
        assert!(moments.bits < 32, "{moments:?}");
        // An ObjectId has a time in seconds, a process, and a counter.
        let object = jobs((0..30_u64).map(|n| format!("{:08x}d5a1b2c3e4{:06x}", 1_795_340_000 + n / 4, 0x3fa0 + n)));
        assert!(object.bits < 32, "{object:?}");
        // A UUID of version 1 has a time in units of 100 ns, and a machine.
        let first = jobs((0..30_u64).map(|n| {
            let ticks = 0x1f0_c75b_1d2e_4a10_u64 + n * 912_345;
            format!("{:08x}-{:04x}-1{:03x}-9c3f-0242ac120002", ticks & 0xffff_ffff, ticks >> 32 & 0xffff, ticks >> 48)
        }));
        assert!(first.bits < 48, "{first:?}");
    }

    #[test]
    fn random_bits_are_counted() {
        let uuid = |n: u64, version: &str| {
            let hex = format!("{:032x}", random(n));
            format!("{}-{}-{version}{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
        };
        let fourth = jobs((0..3).map(|n| uuid(n, "4")));
        assert!(fourth.bits >= 100, "{fourth:?}");
        let seventh = jobs((0..12).map(|n| format!("019ab{:03x}-{:04x}{}", n / 4, n * 777, &uuid(n, "7")[13..])));
        assert!((64..=80).contains(&seventh.bits), "{seventh:?}");
        let ulid = jobs((0..12_u64).map(|n| {
            let letters = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
            let tail: String = (0..16).map(|at| letters[(random(n) >> (5 * at) & 31) as usize] as char).collect();
            format!("01JD8R7Q{:02}{tail}", n)
        }));
        assert!(ulid.bits >= 70, "{ulid:?}");
        let short = jobs((0..12).map(|n| format!("{:08x}", random(n) as u32)));
        assert!((28..=32).contains(&short.bits), "{short:?}");
        let sixteen = jobs((0..12).map(|n| format!("{:016x}", random(n) as u64)));
        assert_eq!(sixteen.bits, 64);
        let digits = jobs((0..12).map(|n| format!("{:010}", random(n) % 10_000_000_000)));
        assert!((30..=34).contains(&digits.bits) && !digits.clock, "{digits:?}");
    }

    #[test]
    fn signatures_count_but_words_and_copies_do_not() {
        let signed =
            of((0..5).map(|n| format!("https://b.example.org/x/Patient.ndjson?exp=17&sig={:032x}", random(n))));
        assert!(signed.bits >= 100, "{signed:?}");
        let copies =
            of((0..9)
                .map(|n| format!("https://b.example.org/jobs/{:08x}?job={:08x}", random(n) as u32, random(n) as u32)));
        assert!(copies.bits <= 32, "{copies:?}");
        let levels = of((0..12).map(|n| {
            let level = ["observations-of-the-system", "Patient", "Group"][n % 3];
            format!("https://b.example.org/{level}/jobs/{n}")
        }));
        assert!(levels.bits <= 6, "{levels:?}");
        let shared =
            of((0..5).map(|n| format!("https://b.example.org/c/{n}.ndjson?sig=9f86d081884c7d659a2feaa0c55ad015")));
        assert!(shared.keyed && shared.bits < 4, "{shared:?}");
        let named =
            of((0..5).map(|n| format!("https://b7f3a9b2c4d5e6f708192.example.org/f/{n}/VerificationResult-1.ndjson")));
        assert!(!named.keyed && named.bits < 4, "{named:?}");
        assert!(!jobs((0..5).map(|n| n.to_string())).keyed, "the base is not a secret");
        assert_eq!(of([]), UrlVariety::default());
        assert_eq!(jobs(["17".to_owned()]).seen, 1);
    }
}
