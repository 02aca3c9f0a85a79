//! The tokens of FHIRPath, as far as the compiler knows them.

/// A token of FHIRPath.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A name, or a word of the language.
    Name(String),
    /// A literal as it stands in JSON.
    Literal(Vec<u8>),
    /// A sign; `?` for one that is not known.
    Sign(&'static str),
}

/// The tokens of an expression.
pub(crate) fn lex(text: &str) -> Vec<Token> {
    const SIGNS: &[&str] = &["!=", ">=", "<=", "(", ")", ".", "=", ">", "<", "|", "+", ",", "&"];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end;
        if first == '\'' {
            let close = rest.get(1..).and_then(|inner| inner.find('\'')).map_or(rest.len(), |at| at + 2);
            tokens.push(Token::Literal(crate::fhir::definitions::builder::types::quoted(
                rest.get(1..close - 1).unwrap_or_default(),
            )));
            end = close;
        } else if first.is_ascii_digit() {
            end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            tokens.push(Token::Literal(rest.get(..end).unwrap_or_default().as_bytes().to_vec()));
        } else if first.is_ascii_alphabetic() || matches!(first, '%' | '_' | '$' | '`') {
            let more = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '%' | '_' | '$' | '`');
            end = rest.find(more).unwrap_or(rest.len());
            let word = rest.get(..end).unwrap_or_default();
            tokens.push(match word {
                "true" | "false" => Token::Literal(word.as_bytes().to_vec()),
                "%ucum" => Token::Literal(b"\"http://unitsofmeasure.org\"".to_vec()),
                _ => Token::Name(word.trim_matches('`').to_owned()),
            });
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).copied();
            end = sign.map_or(first.len_utf8(), str::len);
            // An unknown sign makes the compiler give up.
            tokens.push(Token::Sign(sign.unwrap_or("?")));
        }
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    tokens
}
