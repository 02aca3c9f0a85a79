#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::ndjson::facts::TextState;

fn scan(line: &[u8]) -> LineNotes {
    let mut notes = LineNotes::default();
    notes.clear();
    Scanner::new(512).scan(line, &mut notes);
    notes
}

/// Whether serde_json accepts the line as an object, without its limits on numbers and surrogates, which are not part
/// of the grammar.
fn serde_accepts(line: &[u8]) -> bool {
    let object = line.iter().find(|b| !b" \t\r\n".contains(b)) == Some(&b'{');
    object && std::str::from_utf8(line).is_ok() && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}

fn we_accept(line: &[u8]) -> bool {
    let notes = scan(line);
    notes.shape == LineShape::Object && notes.faults.iter().all(|fault| fault.rule == LineRule::DuplicateKey)
}

#[track_caller]
fn agree(line: &[u8]) -> bool {
    let accepted = we_accept(line);
    let shown = String::from_utf8_lossy(line);
    assert_eq!(accepted, serde_accepts(line), "{shown:?} {:?}", scan(line).faults);
    if serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|value| value.is_object()) {
        assert!(accepted, "{shown:?}");
    }
    accepted
}

#[test]
fn values_are_accepted_as_the_grammar_defines() {
    let good = [
        "0",
        "-0",
        "1e5",
        "1E+5",
        "1e-5",
        "0.5",
        "-1.25e10",
        "10",
        "1e999",
        "null",
        "true",
        "false",
        "[]",
        "{}",
        "[1,2]",
        r#""\u0041""#,
        r#""\ud800""#,
        r#""\udc00x""#,
        r#""\/\b\f\n\r\t\"\\""#,
        "\"\u{7f}\u{2028}\"",
        " 1 ",
        "\t1\r",
    ];
    let bad = [
        "01",
        "1.",
        ".5",
        "1e",
        "+1",
        "-",
        "--1",
        "1.e5",
        "1e+",
        "0x1",
        "-01",
        "00",
        "1_0",
        "nul",
        "True",
        "NaN",
        "-Infinity",
        "Infinity",
        "nan",
        "inf",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{,}",
        r#"{"b"}"#,
        r#"{"b":}"#,
        r#"{"b":1,}"#,
        r#"{"b" 1}"#,
        "{1:1}",
        "'x'",
        r#""\x""#,
        r#""\u12g4""#,
        r#""\u12""#,
        "\"\t\"",
        "\"\u{1}\"",
        "",
        ",",
        "]",
        "}",
        "[}",
        "{]",
        "//",
        "1 1",
        "truefalse",
        "\u{a0}1",
    ];
    for value in good {
        assert!(agree(format!("{{\"a\":{value}}}").as_bytes()), "{value}");
    }
    for value in bad {
        assert!(!agree(format!("{{\"a\":{value}}}").as_bytes()), "{value}");
        assert!(!agree(value.as_bytes()), "{value}");
    }
    for line in [
        "{}",
        "  {}  ",
        "\t{ }\r",
        "{\"a\":1}{}",
        "{},",
        "{}}",
        "{} x",
        "[]",
        "1",
        "\"a\"",
        "null",
        "{",
        "{\"",
        "{\"a\":\"",
        "\u{feff}{}",
    ] {
        agree(line.as_bytes());
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % n
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn value(&mut self, depth: usize, out: &mut String) {
        match if depth > 4 { 4 + self.below(3) } else { self.below(7) } {
            0 | 1 => {
                out.push('{');
                for n in 0..self.below(4) {
                    out.push_str(if n > 0 { ", " } else { "" });
                    out.push_str(self.pick(&[
                        "\"id\"",
                        "\"a\"",
                        "\"\\u0061\"",
                        "\"é\"",
                        "\"resourceType\"",
                        "\"meta\"",
                    ]));
                    out.push_str(self.pick(&[":", " : "]));
                    self.value(depth + 1, out);
                }
                out.push('}');
            }
            2 | 3 => {
                out.push('[');
                for n in 0..self.below(4) {
                    out.push_str(if n > 0 { "," } else { "" });
                    self.value(depth + 1, out);
                }
                out.push_str(self.pick(&["]", " ]"]));
            }
            4 => out.push_str(self.pick(&["0", "-0", "12", "-1.5", "1e5", "2.0E-3", "98765432109876543210"])),
            5 => out.push_str(self.pick(&[
                "\"\"",
                "\"x y\"",
                "\"\\n\\u00e9\"",
                "\"\\ud83d\\ude00\"",
                "\"é漢😀\"",
                "\"\\\\\"",
            ])),
            _ => out.push_str(self.pick(&["true", "false", "null"])),
        }
    }
}

#[test]
fn we_agree_with_serde_json_on_valid_and_malformed_lines() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let alphabet = b"{}[]\",:\\ 0123.eE+-tfnu\x00\x1f\x7f\x80\xc3\xe9\xff\r\tNI";
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..6000 {
        let mut text = String::from("{\"a\":");
        random.value(0, &mut text);
        text.push('}');
        assert!(agree(text.as_bytes()));
        for _ in 0..4 {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..=random.below(2) {
                let at = random.below(bytes.len());
                let byte = alphabet[random.below(alphabet.len())];
                match random.below(4) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, byte),
                    2 => bytes[at] = byte,
                    _ => bytes.truncate(at + 1),
                }
                if bytes.is_empty() {
                    bytes.push(byte);
                }
            }
            if agree(&bytes) { accepted += 1 } else { refused += 1 }
        }
    }
    assert!(accepted > 1000 && refused > 10_000, "the generator is one-sided: {accepted} accepted, {refused} refused");
}

#[test]
fn every_beginning_of_a_line_is_unfinished() {
    let line = r#"{"resourceType":"Patient","a":[1.5e-3,true,null,"\u00e9 x\\",{"b":[]}],"id":"1"}"#.as_bytes();
    for end in 1..line.len() {
        let notes = scan(&line[..end]);
        assert!(matches!(notes.shape, LineShape::Unfinished { .. }), "{}", String::from_utf8_lossy(&line[..end]));
        assert_eq!(notes.faults, []);
    }
}

#[test]
fn facts_are_taken_only_from_their_own_elements() {
    let notes = scan(
        br#" {"contained":[{"resourceType":"X","id":"no"}],"resourceType":"Patient","id":"a\u002db","meta":{"x":{"versionId":"no"},
        "versionId":"3","lastUpdated":"2024-01-01T00:00:00Z"},"name":[{"id":"no"}]}"#,
    );
    assert_eq!(notes.resource_type.get(), Some("Patient"));
    assert_eq!(notes.id.get(), Some("a-b"));
    assert_eq!(notes.version_id.get(), Some("3"));
    assert_eq!(notes.last_updated.get(), Some("2024-01-01T00:00:00Z"));
    assert_eq!(notes.at, 1);
    assert_eq!(notes.faults, []);

    let notes = scan(br#"{"resourceType":7,"id":{"id":"x"},"meta":[{"versionId":"1"}]}"#);
    assert_eq!(notes.resource_type.state, TextState::Other("a number"));
    assert_eq!(notes.id.state, TextState::Other("an object"));
    assert_eq!(notes.version_id.state, TextState::Absent);
    assert!(scan(br#"{"resource":{"resourceType":"Patient"}}"#).wrapped);

    let issues = br#"{"issue":[{"severity":"error","code":"x"},{"severity":"error"},{"code":"x"},{"severity":"","code":"x"},{"severity":1,"code":"x"}]}"#;
    assert_eq!(scan(issues).issues, 1);
    let entries =
        br#"{"entry":[{"request":{"method":"DELETE","url":"Patient/1"}},{"request":{"url":"Patient/2","method":"PUT"}},
        {"request":{"url":"Patient/3"}},{"url":"Patient/4"},{"request":{"url":"Patient/5","method":"DELETE"}}]}"#;
    let notes = scan(entries);
    assert_eq!(notes.removed, ["Patient/1", "Patient/3", "Patient/5"]);
    assert_eq!((notes.entries, notes.entries_unsaid, notes.entries_kept), (5, 2, 1));
    let notes = scan(br#"{"type":"batch","entry":[{"request":{"method":"","url":"Patient/1"}},{"request":{"method":"DELETE","url":""}}]}"#);
    assert_eq!(
        (notes.bundle_type.get(), notes.entries, notes.entries_unsaid, notes.entries_kept),
        (Some("batch"), 2, 2, 0)
    );
}

fn duplicate(line: &str) -> Option<String> {
    scan(line.as_bytes())
        .faults
        .into_iter()
        .find(|f| f.rule == LineRule::DuplicateKey)
        .map(|f| format!("{} {}", f.at, f.path))
}

#[test]
fn duplicate_keys_are_found_at_any_depth_and_among_many_keys() {
    assert_eq!(duplicate(r#"{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}"#), None);
    assert_eq!(duplicate(r#"{"a":1,"a":2}"#).as_deref(), Some("7 a"));
    assert_eq!(duplicate(r#"{"name":[{},{"family":"x","\u0066amily":"y"}]}"#).as_deref(), Some("26 name[1].family"));
    assert_eq!(duplicate(r#"{"no name":{"k":1,"k":2}}"#).as_deref(), Some("18 ?.k"));
    let many = |last: &str| {
        let keys: String = (0..50_000).map(|n| format!("\"k{n}\":{{\"x\":1}},")).collect();
        format!("{{{keys}\"{last}\":1}}")
    };
    assert_eq!(duplicate(&many("other")), None);
    let line = many("k\\u0037");
    assert_eq!(duplicate(&line), Some(format!("{} k7", line.rfind("\"k\\").unwrap())));
}

#[test]
fn nesting_is_bounded_without_recursion() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let line = format!("{{\"a\":{}1{}}}", open.repeat(100_000), close.repeat(100_000));
        let notes = scan(line.as_bytes());
        assert_eq!(notes.shape, LineShape::Broken);
        assert_eq!(notes.faults.iter().map(|f| f.rule).collect::<Vec<_>>(), [LineRule::TooDeep]);
        assert!(notes.faults[0].path.len() < MAX_PATH + 60);
    }
    let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(scan(deep(511).as_bytes()).faults, []);
    assert_eq!(scan(deep(512).as_bytes()).faults.len(), 1);
}
