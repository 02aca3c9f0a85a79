//! The tokens of FHIRPath that the compiler supports.

use crate::fhir::definitions::builder::draft::quoted;

/// A token of FHIRPath.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A name or a keyword.
    Name(String),
    /// A literal, as in JSON.
    Literal(Vec<u8>),
    /// A sign; `?` for an unknown one.
    Sign(&'static str),
}

/// Splits an expression into tokens.
fn lex(text: &str) -> Vec<Token> {
    const SIGNS: &[&str] = &["!=", ">=", "<=", "(", ")", ".", "=", ">", "<", "|", "+", ",", "&"];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end;
        if first == '\'' {
            let close = rest.get(1..).and_then(|inner| inner.find('\'')).map_or(rest.len(), |at| at + 2);
            tokens.push(Token::Literal(quoted(rest.get(1..close - 1).unwrap_or_default())));
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
            // The compiler stops at an unknown sign.
            tokens.push(Token::Sign(sign.unwrap_or("?")));
        }
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    tokens
}

/// The tokens of an expression, read from the front.
pub(crate) struct TokenStream {
    tokens: Vec<Token>,
    next: usize,
}

impl TokenStream {
    /// Splits an expression into tokens.
    pub(crate) fn new(expression: &str) -> Self {
        Self { tokens: lex(expression), next: 0 }
    }

    /// Returns whether no token is left.
    pub(crate) fn is_at_end(&self) -> bool {
        self.next == self.tokens.len()
    }

    /// Returns the index of the next token, for [`TokenStream::go_back`].
    pub(crate) fn position(&self) -> usize {
        self.next
    }

    /// Goes back to a [`TokenStream::position`].
    pub(crate) fn go_back(&mut self, position: usize) {
        self.next = position;
    }

    /// Returns the next token without taking it.
    pub(crate) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    /// Takes the next token.
    pub(crate) fn take(&mut self) -> Option<Token> {
        self.next += 1;
        self.tokens.get(self.next - 1).cloned()
    }

    /// Takes the sign if it is the next token.
    pub(crate) fn sign(&mut self, sign: &str) -> Option<()> {
        let there = matches!(self.peek(), Some(Token::Sign(known)) if *known == sign);
        there.then(|| self.next += 1)
    }

    /// Takes the name if it is the next token.
    pub(crate) fn word(&mut self, word: &str) -> Option<()> {
        let there = matches!(self.peek(), Some(Token::Name(known)) if known == word);
        there.then(|| self.next += 1)
    }

    /// Takes `()`.
    pub(crate) fn no_arguments(&mut self) -> Option<()> {
        self.sign("(")?;
        self.sign(")")
    }
}
