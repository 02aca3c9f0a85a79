//! Healthcare identifiers: digits, prefixes and the check digit. AU Base 6.0.0 requires no check digit for ABN and ACN,
//! and the guide's own examples have none, so only the length of these two is checked.

/// The form of a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    /// The number of digits.
    pub digits: usize,
    /// The first digits.
    pub prefix: &'static str,
    /// Whether the last digit is a Luhn check digit.
    pub luhn: bool,
}

/// HPI-I (AU Base, `au-hpii`).
pub(crate) const HPI_I: Number = Number { digits: 16, prefix: "800361", luhn: true };
/// HPI-O (AU Base, `au-hpio`).
pub(crate) const HPI_O: Number = Number { digits: 16, prefix: "800362", luhn: true };
/// HSP-O (`hc-hspo`).
pub(crate) const HSP_O: Number = Number { digits: 16, prefix: "800364", luhn: true };
/// ABN.
pub(crate) const ABN: Number = Number { digits: 11, prefix: "", luhn: false };
/// ACN.
pub(crate) const ACN: Number = Number { digits: 9, prefix: "", luhn: false };
/// An Australian postcode.
pub(crate) const POSTCODE: Number = Number { digits: 4, prefix: "", luhn: false };

/// Returns what is wrong with `text` as such a number, without its content.
pub(crate) fn wrong(number: &Number, text: &str) -> Option<String> {
    let length = text.chars().count();
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(format!("{length} characters, not only digits"));
    }
    if length != number.digits {
        return Some(format!("{length} digits"));
    }
    if !text.starts_with(number.prefix) {
        return Some(format!("{length} digits with another prefix"));
    }
    (number.luhn && !luhn(text)).then(|| format!("{length} digits with a wrong check digit"))
}

/// Returns whether the last of `digits` is their Luhn check digit (ISO/IEC 7812-1, annex B).
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit.wrapping_sub(b'0'));
            match (at % 2, digit) {
                (0, digit) => digit,
                (_, 0..=4) => digit * 2,
                (_, digit) => digit * 2 - 9,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first three numbers are examples of AU Base and of the guide.
    #[test]
    fn check_digits() {
        for (number, text) in [
            (HPI_I, "8003619900015717"),
            (HPI_O, "8003621566684455"),
            (HSP_O, "8003640000000003"),
            (ABN, "98765432109"),
            (ACN, "123456789"),
            (POSTCODE, "0800"),
        ] {
            assert_eq!(wrong(&number, text), None, "{text}");
        }
        for (text, expected) in [
            ("8003621566684456", "16 digits with a wrong check digit"),
            ("8003619900015717", "16 digits with another prefix"),
            ("800362156668445", "15 digits"),
            ("8003 6215 6668 4455", "19 characters, not only digits"),
            ("８００３６２１５６６６８４４５５", "16 characters, not only digits"),
        ] {
            assert_eq!(wrong(&HPI_O, text).as_deref(), Some(expected), "{text}");
        }
    }

    /// A Luhn check digit detects every single wrong digit, and every swap of neighbors except 09 and 90.
    #[test]
    fn one_wrong_digit_is_always_found() {
        let good = "8003621566684455";
        for at in 0..good.len() {
            for digit in '0'..='9' {
                let changed: String = good.chars().enumerate().map(|(i, c)| if i == at { digit } else { c }).collect();
                assert_eq!(luhn(&changed), changed == good, "{changed}");
            }
        }
    }
}
