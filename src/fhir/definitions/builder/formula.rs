//! Compiles a small part of FHIRPath to programs over the bits of one object.

use crate::fhir::definitions::builder::draft::{Draft, Member, Watched};
use crate::fhir::definitions::builder::lex::{Token, TokenStream};
use crate::fhir::definitions::layout::{E_ARRAY, E_CHOICE, NONE, ValueKind, WatchKind, op};

/// Compiles one invariant of one type.
pub(crate) struct InvariantCompiler<'b, 'p, 'm> {
    members: &'m mut [Vec<Member<'p>>],
    at: usize,
    draft: &'b Draft<'p>,
    tokens: TokenStream,
    program: Vec<u8>,
}

impl<'b, 'p, 'm> InvariantCompiler<'b, 'p, 'm> {
    /// Creates a compiler of `expression` for the type number `at`.
    pub(crate) fn new(members: &'m mut [Vec<Member<'p>>], at: usize, draft: &'b Draft<'p>, expression: &str) -> Self {
        Self { members, at, draft, tokens: TokenStream::new(expression), program: Vec::new() }
    }

    /// Compiles the whole expression, about the object itself or about the named element. Returns `None` if it uses an
    /// unsupported part of FHIRPath.
    pub(crate) fn compile(mut self, element: Option<&str>) -> Option<Vec<u8>> {
        let saved = self.watches();
        let done = match element {
            None => self.implies().filter(|()| self.tokens.is_at_end()),
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

    /// Tries a rule of the grammar, and goes back if it does not match.
    fn attempt(&mut self, rule: fn(&mut Self) -> Option<()>) -> Option<()> {
        let (position, length) = (self.tokens.position(), self.program.len());
        let done = rule(self);
        if done.is_none() {
            self.tokens.go_back(position);
            self.program.truncate(length);
        }
        done
    }

    fn implies(&mut self) -> Option<()> {
        self.or()?;
        while self.tokens.word("implies").is_some() {
            self.or()?;
            self.program.push(op::IMPLIES);
        }
        Some(())
    }

    fn or(&mut self) -> Option<()> {
        self.and()?;
        loop {
            if self.tokens.word("or").is_some() {
                self.and()?;
                self.program.push(op::OR);
            } else if self.tokens.word("xor").is_some() {
                self.and()?;
                self.program.push(op::XOR);
            } else {
                return Some(());
            }
        }
    }

    fn and(&mut self) -> Option<()> {
        self.equality()?;
        while self.tokens.word("and").is_some() {
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
        let same = self.tokens.sign("=").is_some();
        if same || self.tokens.sign("!=").is_some() {
            self.term()?;
            self.program.push(op::XOR);
            if same {
                self.program.push(op::NOT);
            }
        }
        Some(())
    }

    fn term(&mut self) -> Option<()> {
        if self.tokens.sign("(").is_some() {
            self.implies()?;
            self.tokens.sign(")")?;
        } else {
            self.chain()?;
        }
        while self.attempt(Self::not).is_some() {}
        Some(())
    }

    fn not(&mut self) -> Option<()> {
        self.tokens.sign(".")?;
        self.tokens.word("not")?;
        self.tokens.no_arguments()?;
        self.program.push(op::NOT);
        Some(())
    }

    /// Reads names with dots between them, and the name of the function at their end.
    fn path(&mut self) -> Option<(Vec<String>, Option<String>)> {
        let mut names = Vec::new();
        loop {
            let Some(Token::Name(name)) = self.tokens.take() else { return None };
            if matches!(self.tokens.peek(), Some(Token::Sign("("))) {
                if name == "trace" {
                    self.tokens.sign("(")?;
                    self.tokens.take()?;
                    self.tokens.sign(")")?;
                } else {
                    return Some((self.own(names), Some(name)));
                }
            } else {
                names.push(name);
            }
            if self.tokens.sign(".").is_none() {
                return Some((self.own(names), None));
            }
        }
    }

    /// Removes a first name that refers to the object itself.
    fn own(&self, mut names: Vec<String>) -> Vec<String> {
        let itself =
            |name: &String| *name == self.draft.name || (name == "%resource" && !self.draft.name.contains('.'));
        if names.first().is_some_and(itself) {
            names.remove(0);
        }
        names
    }

    /// Compiles a path and the function on it.
    fn chain(&mut self) -> Option<()> {
        let (names, function) = self.path()?;
        match function?.as_str() {
            "exists" => {
                self.tokens.no_arguments()?;
                self.there(&names)
            }
            "empty" => {
                self.tokens.no_arguments()?;
                self.there(&names)?;
                self.program.push(op::NOT);
                Some(())
            }
            "hasValue" => {
                self.tokens.no_arguments()?;
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

    /// Returns the bit and the flags of the element with this name, and the type of its children.
    fn element(&self, name: &str) -> Option<(u8, u16, u16)> {
        let mut found = self.members.get(self.at)?.iter().filter(|member| member.name == name);
        let row = found.find(|member| member.row.kind != ValueKind::Twin as u8)?.row;
        let child = if row.kind == ValueKind::Complex as u8 { row.arg } else { NONE };
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
                self.fact(name, WatchKind::AnyHas, Vec::new(), mask)
            }
            _ => None,
        }
    }

    /// Returns the presence mask of an element of a child object.
    fn inner(&self, name: &str, inner: &str) -> Option<u64> {
        let (_, flags, child) = self.element(name)?;
        let of = self.members.get(usize::from(child)).filter(|_| flags & E_CHOICE == 0)?;
        Some(1 << of.iter().find(|member| member.name == inner)?.row.bit)
    }

    fn present(&mut self, mask: u64) {
        self.program.push(op::PRESENT);
        self.program.extend(mask.to_le_bytes());
    }

    /// Pushes a fact about the element `name`, and adds the watch for it to the element.
    fn fact(&mut self, name: &str, kind: WatchKind, text: Vec<u8>, mask: u64) -> Option<()> {
        let members = self.members.get_mut(self.at)?;
        let gate = match kind {
            WatchKind::Equals | WatchKind::Negative | WatchKind::NotPositive => {
                members.iter().find(|member| member.name == name)?.row.bit
            }
            _ => u8::MAX,
        };
        let bit = note(members, name, kind, text, mask)?;
        self.program.extend([op::FACT, bit, gate]);
        Some(())
    }

    /// Compiles `x.coding.where(system = '...' and code = '...')` with `exists()` or `empty()`.
    fn coded(&mut self, names: &[String]) -> Option<()> {
        let [name, coding] = names else { return None };
        self.tokens.sign("(")?;
        self.tokens.word("system")?;
        self.tokens.sign("=")?;
        let Some(Token::Literal(system)) = self.tokens.take() else { return None };
        self.tokens.word("and")?;
        let bracket = self.tokens.sign("(").is_some();
        let mut codes = Vec::new();
        loop {
            self.tokens.word("code")?;
            self.tokens.sign("=")?;
            let Some(Token::Literal(code)) = self.tokens.take() else { return None };
            codes.push(code);
            if !bracket || self.tokens.word("or").is_none() {
                break;
            }
        }
        if bracket {
            self.tokens.sign(")")?;
        }
        self.tokens.sign(")")?;
        self.tokens.sign(".")?;
        let empty = self.tokens.word("empty").is_some();
        if !empty {
            self.tokens.word("exists")?;
        }
        self.tokens.no_arguments()?;
        if coding != "coding" {
            return None;
        }
        let plain = |text: &[u8]| String::from_utf8_lossy(text).trim_matches('"').to_owned();
        for (index, code) in codes.iter().enumerate() {
            let text = format!("{}|{}", plain(&system), plain(code)).into_bytes();
            self.fact(name, WatchKind::Coding, text, 0)?;
            if index > 0 {
                self.program.push(op::OR);
            }
        }
        if empty {
            self.program.push(op::NOT);
        }
        Some(())
    }

    /// Compiles `x.all(y.exists() = (...))`, where the brackets are about this object.
    fn all_of(&mut self, names: &[String]) -> Option<()> {
        let [name] = names else { return None };
        self.tokens.sign("(")?;
        let (inner, function) = self.path()?;
        let ([inner], Some("exists")) = (inner.as_slice(), function.as_deref()) else { return None };
        self.tokens.no_arguments()?;
        self.tokens.sign("=")?;
        let mask = self.inner(name, inner)?;
        let begin = self.tokens.position();
        for kind in [WatchKind::AnyLacks, WatchKind::AnyHas] {
            self.tokens.go_back(begin);
            self.term()?;
            if kind == WatchKind::AnyHas {
                self.program.push(op::NOT);
            }
            self.fact(name, kind, Vec::new(), mask)?;
            self.program.extend([op::NOT, op::IMPLIES]);
        }
        self.program.push(op::AND);
        self.tokens.sign(")")
    }

    /// Compiles a comparison of a value with literals.
    fn comparison(&mut self) -> Option<()> {
        let (names, None) = self.path()? else { return None };
        let [name] = names.as_slice() else { return None };
        let (_, flags, child) = self.element(name)?;
        if flags & (E_ARRAY | E_CHOICE) != 0 || child != NONE {
            return None;
        }
        if self.tokens.word("in").is_some() {
            self.tokens.sign("(")?;
            let mut count = 0;
            loop {
                let Some(Token::Literal(text)) = self.tokens.take() else { return None };
                self.fact(name, WatchKind::Equals, text, 0)?;
                if count > 0 {
                    self.program.push(op::OR);
                }
                count += 1;
                if self.tokens.sign("|").is_none() {
                    return self.tokens.sign(")");
                }
            }
        }
        let (Some(Token::Sign(sign)), Some(Token::Literal(text))) = (self.tokens.take(), self.tokens.take()) else {
            return None;
        };
        match (sign, text.as_slice()) {
            ("=", _) => self.fact(name, WatchKind::Equals, text, 0),
            ("!=", _) => {
                self.fact(name, WatchKind::Equals, text, 0)?;
                self.program.push(op::NOT);
                Some(())
            }
            (">=" | ">", b"0") => {
                let kind = if sign == ">" { WatchKind::NotPositive } else { WatchKind::Negative };
                self.fact(name, kind, Vec::new(), 0)?;
                self.program.push(op::NOT);
                Some(())
            }
            _ => None,
        }
    }

    /// Compiles `(a.count() + b.count()) > 0`.
    fn sum(&mut self) -> Option<()> {
        let bracket = self.tokens.sign("(").is_some();
        let (mut mask, mut single) = (0, true);
        loop {
            let (names, Some(function)) = self.path()? else { return None };
            let ([name], "count") = (names.as_slice(), function.as_str()) else { return None };
            self.tokens.no_arguments()?;
            let (bit, flags, _) = self.element(name)?;
            mask |= 1_u64 << bit;
            single &= flags & E_ARRAY == 0;
            if self.tokens.sign("+").is_none() {
                break;
            }
        }
        if bracket && self.attempt(|this| this.tokens.sign(")")).is_none() {
            return None;
        }
        let (Some(Token::Sign(sign)), Some(Token::Literal(number))) = (self.tokens.take(), self.tokens.take()) else {
            return None;
        };
        let number: u8 = std::str::from_utf8(&number).ok()?.parse().ok()?;
        let (sign, number) = match sign {
            "<=" => (b'<', number + 1),
            ">" => (b'>', number),
            "=" => (b'=', number),
            _ => return None,
        };
        // The number of items of an array is not known, only whether there are any.
        if !single && (sign, number) != (b'>', 0) {
            return None;
        }
        self.program.push(op::COUNT);
        self.program.extend(mask.to_le_bytes());
        self.program.extend([sign, number]);
        Some(())
    }

    /// Compiles `where(use = 'home').empty()` on the element `name`: no child object has that value.
    fn none_where(&mut self, name: &str) -> Option<()> {
        self.tokens.word("where")?;
        self.tokens.sign("(")?;
        let Some(Token::Name(inner)) = self.tokens.take() else { return None };
        self.tokens.sign("=")?;
        let Some(Token::Literal(text)) = self.tokens.take() else { return None };
        self.tokens.sign(")")?;
        self.tokens.sign(".")?;
        self.tokens.word("empty")?;
        self.tokens.no_arguments()?;
        let (_, _, child) = self.element(name)?;
        let bit = note(self.members.get_mut(usize::from(child))?, &inner, WatchKind::Equals, text, 0)?;
        self.fact(name, WatchKind::AnyFact, Vec::new(), 1 << bit)?;
        self.program.push(op::NOT);
        (self.tokens.is_at_end()).then_some(())
    }
}

/// Returns the fact bit of a watch on the element `name`, and adds the watch if it is new.
fn note(members: &mut [Member<'_>], name: &str, kind: WatchKind, text: Vec<u8>, mask: u64) -> Option<u8> {
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
