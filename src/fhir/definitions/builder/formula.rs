//! The compiler: a small part of FHIRPath to programs over the bits of one object.

use crate::fhir::definitions::builder::invariants::Watched;
use crate::fhir::definitions::builder::lex::{Token, lex};
use crate::fhir::definitions::builder::types::{Draft, Member};
use crate::fhir::definitions::layout::E_ARRAY;
use crate::fhir::definitions::layout::E_CHOICE;
use crate::fhir::definitions::layout::Kind;
use crate::fhir::definitions::layout::NONE;
use crate::fhir::definitions::layout::Watch;
use crate::fhir::definitions::layout::op;

/// Compiles one invariant of one type.
pub(crate) struct Compiler<'b, 'p, 'm> {
    members: &'m mut [Vec<Member<'p>>],
    at: usize,
    draft: &'b Draft<'p>,
    tokens: Vec<Token>,
    next: usize,
    program: Vec<u8>,
}

impl<'b, 'p, 'm> Compiler<'b, 'p, 'm> {
    pub(crate) fn new(members: &'m mut [Vec<Member<'p>>], at: usize, draft: &'b Draft<'p>, expression: &str) -> Self {
        Self { members, at, draft, tokens: lex(expression), next: 0, program: Vec::new() }
    }

    /// The whole expression, about the object itself or about the element of the name; none where it is not understood.
    pub(crate) fn compile(mut self, element: Option<&str>) -> Option<Vec<u8>> {
        let saved = self.watches();
        let done = match element {
            None => self.implies().filter(|()| self.next == self.tokens.len()),
            Some(name) => self.none_where(name),
        };
        if done.is_none() {
            self.restore(saved);
        }
        done.map(|()| self.program)
    }

    fn watches(&self) -> Vec<Vec<Watched>> {
        self.members.get(self.at).into_iter().flatten().map(|member| member.watches.clone()).collect()
    }

    fn restore(&mut self, saved: Vec<Vec<Watched>>) {
        for (member, watches) in self.members.get_mut(self.at).into_iter().flatten().zip(saved) {
            member.watches = watches;
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        self.next += 1;
        self.tokens.get(self.next - 1).cloned()
    }

    fn sign(&mut self, sign: &str) -> Option<()> {
        let there = matches!(self.peek(), Some(Token::Sign(known)) if *known == sign);
        there.then(|| self.next += 1)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let there = matches!(self.peek(), Some(Token::Name(known)) if known == word);
        there.then(|| self.next += 1)
    }

    /// Tries a rule, and goes back where it does not fit.
    fn attempt(&mut self, rule: fn(&mut Self) -> Option<()>) -> Option<()> {
        let (next, length) = (self.next, self.program.len());
        let done = rule(self);
        if done.is_none() {
            self.next = next;
            self.program.truncate(length);
        }
        done
    }

    fn implies(&mut self) -> Option<()> {
        self.or()?;
        while self.word("implies").is_some() {
            self.or()?;
            self.program.push(op::IMPLIES);
        }
        Some(())
    }

    fn or(&mut self) -> Option<()> {
        self.and()?;
        loop {
            if self.word("or").is_some() {
                self.and()?;
                self.program.push(op::OR);
            } else if self.word("xor").is_some() {
                self.and()?;
                self.program.push(op::XOR);
            } else {
                return Some(());
            }
        }
    }

    fn and(&mut self) -> Option<()> {
        self.equality()?;
        while self.word("and").is_some() {
            self.equality()?;
            self.program.push(op::AND);
        }
        Some(())
    }

    fn equality(&mut self) -> Option<()> {
        if self.attempt(Self::sum).or_else(|| self.attempt(Self::comparison)).is_some() {
            return Some(());
        }
        self.term()?;
        let same = self.sign("=").is_some();
        if same || self.sign("!=").is_some() {
            self.term()?;
            self.program.push(op::XOR);
            if same {
                self.program.push(op::NOT);
            }
        }
        Some(())
    }

    fn term(&mut self) -> Option<()> {
        if self.sign("(").is_some() {
            self.implies()?;
            self.sign(")")?;
        } else {
            self.chain()?;
        }
        while self.attempt(Self::not).is_some() {}
        Some(())
    }

    fn not(&mut self) -> Option<()> {
        self.sign(".")?;
        self.word("not")?;
        self.no_arguments()?;
        self.program.push(op::NOT);
        Some(())
    }

    fn no_arguments(&mut self) -> Option<()> {
        self.sign("(")?;
        self.sign(")")
    }

    /// Names joined by dots; what stands before a function's parenthesis is given apart.
    fn path(&mut self) -> Option<(Vec<String>, Option<String>)> {
        let mut names = Vec::new();
        loop {
            let Some(Token::Name(name)) = self.take() else { return None };
            if matches!(self.peek(), Some(Token::Sign("("))) {
                if name == "trace" {
                    self.sign("(")?;
                    self.take()?;
                    self.sign(")")?;
                } else {
                    return Some((self.own(names), Some(name)));
                }
            } else {
                names.push(name);
            }
            if self.sign(".").is_none() {
                return Some((self.own(names), None));
            }
        }
    }

    /// The path without what merely names the object itself.
    fn own(&self, mut names: Vec<String>) -> Vec<String> {
        let itself =
            |name: &String| *name == self.draft.name || (name == "%resource" && !self.draft.name.contains('.'));
        if names.first().is_some_and(itself) {
            names.remove(0);
        }
        names
    }

    /// A path and what is asked of it.
    fn chain(&mut self) -> Option<()> {
        let (names, function) = self.path()?;
        match function?.as_str() {
            "exists" => {
                self.no_arguments()?;
                self.there(&names)
            }
            "empty" => {
                self.no_arguments()?;
                self.there(&names)?;
                self.program.push(op::NOT);
                Some(())
            }
            "hasValue" => {
                self.no_arguments()?;
                let [name] = names.as_slice() else { return None };
                let (bit, _, _) = self.element(name)?;
                self.program.extend([op::VALUE, bit]);
                Some(())
            }
            "where" => self.coded(&names),
            "all" => self.all_of(&names),
            _ => None,
        }
    }

    /// The element of this name: its bit, its flags, and the type of its children.
    fn element(&self, name: &str) -> Option<(u8, u16, u16)> {
        let mut found = self.members.get(self.at)?.iter().filter(|member| member.name == name);
        let row = found.find(|member| member.row.kind != Kind::Twin as u8)?.row;
        let child = if row.kind == Kind::Complex as u8 { row.arg } else { NONE };
        Some((row.bit, row.flags, child))
    }

    fn there(&mut self, names: &[String]) -> Option<()> {
        match names {
            [name] => {
                let (bit, _, _) = self.element(name)?;
                self.present(1 << bit);
                Some(())
            }
            [name, inner] => {
                let mask = self.inner(name, inner)?;
                self.fact(name, Watch::AnyHas, Vec::new(), mask)
            }
            _ => None,
        }
    }

    /// The presence mask of an element of a child object.
    fn inner(&self, name: &str, inner: &str) -> Option<u64> {
        let (_, flags, child) = self.element(name)?;
        let of = self.members.get(usize::from(child)).filter(|_| flags & E_CHOICE == 0)?;
        Some(1 << of.iter().find(|member| member.name == inner)?.row.bit)
    }

    fn present(&mut self, mask: u64) {
        self.program.push(op::PRESENT);
        self.program.extend(mask.to_le_bytes());
    }

    /// Asks for a fact about the element `name`: watches it, where it is not yet watched for that.
    fn fact(&mut self, name: &str, kind: Watch, text: Vec<u8>, mask: u64) -> Option<()> {
        let members = self.members.get_mut(self.at)?;
        let gate = match kind {
            Watch::Equals | Watch::Negative | Watch::NotPositive => {
                members.iter().find(|member| member.name == name)?.row.bit
            }
            _ => u8::MAX,
        };
        let bit = note(members, name, kind, text, mask)?;
        self.program.extend([op::FACT, bit, gate]);
        Some(())
    }

    /// `x.coding.where(system = '...' and code = '...')`, existing or empty.
    fn coded(&mut self, names: &[String]) -> Option<()> {
        let [name, coding] = names else { return None };
        self.sign("(")?;
        self.word("system")?;
        self.sign("=")?;
        let Some(Token::Literal(system)) = self.take() else { return None };
        self.word("and")?;
        let bracket = self.sign("(").is_some();
        let mut codes = Vec::new();
        loop {
            self.word("code")?;
            self.sign("=")?;
            let Some(Token::Literal(code)) = self.take() else { return None };
            codes.push(code);
            if !bracket || self.word("or").is_none() {
                break;
            }
        }
        if bracket {
            self.sign(")")?;
        }
        self.sign(")")?;
        self.sign(".")?;
        let empty = self.word("empty").is_some();
        if !empty {
            self.word("exists")?;
        }
        self.no_arguments()?;
        if coding != "coding" {
            return None;
        }
        let plain = |text: &[u8]| String::from_utf8_lossy(text).trim_matches('"').to_owned();
        for (index, code) in codes.iter().enumerate() {
            let text = format!("{}|{}", plain(&system), plain(code)).into_bytes();
            self.fact(name, Watch::Coding, text, 0)?;
            if index > 0 {
                self.program.push(op::OR);
            }
        }
        if empty {
            self.program.push(op::NOT);
        }
        Some(())
    }

    /// `x.all(y.exists() = (...))`, where what stands in the brackets is about this object.
    fn all_of(&mut self, names: &[String]) -> Option<()> {
        let [name] = names else { return None };
        self.sign("(")?;
        let (inner, function) = self.path()?;
        let ([inner], Some("exists")) = (inner.as_slice(), function.as_deref()) else { return None };
        self.no_arguments()?;
        self.sign("=")?;
        let mask = self.inner(name, inner)?;
        let begin = self.next;
        for kind in [Watch::AnyLacks, Watch::AnyHas] {
            self.next = begin;
            self.term()?;
            if kind == Watch::AnyHas {
                self.program.push(op::NOT);
            }
            self.fact(name, kind, Vec::new(), mask)?;
            self.program.extend([op::NOT, op::IMPLIES]);
        }
        self.program.push(op::AND);
        self.sign(")")
    }

    /// A value compared with literals.
    fn comparison(&mut self) -> Option<()> {
        let (names, None) = self.path()? else { return None };
        let [name] = names.as_slice() else { return None };
        let (_, flags, child) = self.element(name)?;
        if flags & (E_ARRAY | E_CHOICE) != 0 || child != NONE {
            return None;
        }
        if self.word("in").is_some() {
            self.sign("(")?;
            let mut count = 0;
            loop {
                let Some(Token::Literal(text)) = self.take() else { return None };
                self.fact(name, Watch::Equals, text, 0)?;
                if count > 0 {
                    self.program.push(op::OR);
                }
                count += 1;
                if self.sign("|").is_none() {
                    return self.sign(")");
                }
            }
        }
        let (Some(Token::Sign(sign)), Some(Token::Literal(text))) = (self.take(), self.take()) else { return None };
        match (sign, text.as_slice()) {
            ("=", _) => self.fact(name, Watch::Equals, text, 0),
            ("!=", _) => {
                self.fact(name, Watch::Equals, text, 0)?;
                self.program.push(op::NOT);
                Some(())
            }
            (">=" | ">", b"0") => {
                let kind = if sign == ">" { Watch::NotPositive } else { Watch::Negative };
                self.fact(name, kind, Vec::new(), 0)?;
                self.program.push(op::NOT);
                Some(())
            }
            _ => None,
        }
    }

    /// `(a.count() + b.count()) > 0`
    fn sum(&mut self) -> Option<()> {
        let bracket = self.sign("(").is_some();
        let (mut mask, mut single) = (0, true);
        loop {
            let (names, Some(function)) = self.path()? else { return None };
            let ([name], "count") = (names.as_slice(), function.as_str()) else { return None };
            self.no_arguments()?;
            let (bit, flags, _) = self.element(name)?;
            mask |= 1_u64 << bit;
            single &= flags & E_ARRAY == 0;
            if self.sign("+").is_none() {
                break;
            }
        }
        if bracket && self.attempt(|this| this.sign(")")).is_none() {
            return None;
        }
        let (Some(Token::Sign(sign)), Some(Token::Literal(number))) = (self.take(), self.take()) else { return None };
        let number: u8 = std::str::from_utf8(&number).ok()?.parse().ok()?;
        let (sign, number) = match sign {
            "<=" => (b'<', number + 1),
            ">" => (b'>', number),
            "=" => (b'=', number),
            _ => return None,
        };
        // The items of an array are not counted; whether there are any is known.
        if !single && (sign, number) != (b'>', 0) {
            return None;
        }
        self.program.push(op::COUNT);
        self.program.extend(mask.to_le_bytes());
        self.program.extend([sign, number]);
        Some(())
    }

    /// `where(use = 'home').empty()` on the element `name`: no child object has that value.
    fn none_where(&mut self, name: &str) -> Option<()> {
        self.word("where")?;
        self.sign("(")?;
        let Some(Token::Name(inner)) = self.take() else { return None };
        self.sign("=")?;
        let Some(Token::Literal(text)) = self.take() else { return None };
        self.sign(")")?;
        self.sign(".")?;
        self.word("empty")?;
        self.no_arguments()?;
        let (_, _, child) = self.element(name)?;
        let bit = note(self.members.get_mut(usize::from(child))?, &inner, Watch::Equals, text, 0)?;
        self.fact(name, Watch::AnyFact, Vec::new(), 1 << bit)?;
        self.program.push(op::NOT);
        (self.next == self.tokens.len()).then_some(())
    }
}

/// The fact bit of a watch on the element `name`; a new one, where there is none.
fn note(members: &mut [Member<'_>], name: &str, kind: Watch, text: Vec<u8>, mask: u64) -> Option<u8> {
    let same = |watched: &&Watched| watched.kind == kind && watched.text == text && watched.mask == mask;
    let own = || members.iter().filter(|member| member.name == name);
    if let Some(known) = own().flat_map(|member| &member.watches).find(same) {
        return Some(known.bit);
    }
    let taken = members.iter().flat_map(|member| &member.watches).map(|watched| watched.bit + 1).max();
    let bit = taken.unwrap_or(0);
    let member = members.iter_mut().find(|member| member.name == name)?;
    member.watches.push(Watched { kind, bit, text, mask });
    (bit < 64).then_some(bit)
}
