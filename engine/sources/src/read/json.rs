//! One JSON object of one line, without ever turning a number into a double: values come out as the text that they are.

use std::borrow::Cow;

/// A value of an object's member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    /// A string without its quotes and escapes, or a number or truth value as it stands there.
    Text(Cow<'a, str>),
    /// An object or array, which no column can hold.
    Nested,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// What was expected.
    pub(crate) expected: &'static str,
    /// At which byte, from 0.
    pub(crate) at: usize,
}

/// As deep as arrays and objects may nest; nobody's data is deeper, and a hostile line must not exhaust the stack.
const DEPTH: usize = 64;

/// Gives every member of the object in `line` to `member`.
pub(crate) fn members<'a>(line: &'a str, mut member: impl FnMut(Cow<'a, str>, Value<'a>)) -> Result<(), Malformed> {
    let mut scanner = Scanner { text: line, at: 0 };
    scanner.spaces();
    scanner.expect(b'{', "an object")?;
    scanner.spaces();
    if !scanner.eat(b'}') {
        loop {
            scanner.spaces();
            let name = scanner.string()?;
            scanner.spaces();
            scanner.expect(b':', "`:`")?;
            scanner.spaces();
            let value = scanner.value(0)?;
            member(name, value);
            scanner.spaces();
            if scanner.eat(b'}') {
                break;
            }
            scanner.expect(b',', "`,` or `}`")?;
        }
    }
    scanner.spaces();
    if scanner.peek().is_some() { Err(scanner.malformed("the end of the line")) } else { Ok(()) }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Malformed> {
        if self.eat(byte) { Ok(()) } else { Err(self.malformed(expected)) }
    }

    const fn malformed(&self, expected: &'static str) -> Malformed {
        Malformed { expected, at: self.at }
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Malformed> {
        match self.peek() {
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'n') => self.word("null").map(|_| Value::Null),
            Some(b't') => self.word("true").map(|word| Value::Text(Cow::Borrowed(word))),
            Some(b'f') => self.word("false").map(|word| Value::Text(Cow::Borrowed(word))),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Text(Cow::Borrowed(self.number()?))),
            Some(b'{' | b'[') if depth < DEPTH => self.nested(depth).map(|()| Value::Nested),
            _ => Err(self.malformed("a value")),
        }
    }

    fn word(&mut self, word: &'static str) -> Result<&'static str, Malformed> {
        let found = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        if !found {
            return Err(self.malformed("a value"));
        }
        self.at += word.len();
        Ok(word)
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.malformed("a digit")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<&'a str, Malformed> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn nested(&mut self, depth: usize) -> Result<(), Malformed> {
        let (close, object) = if self.eat(b'{') { (b'}', true) } else { (b']', !self.eat(b'[')) };
        self.spaces();
        if self.eat(close) {
            return Ok(());
        }
        loop {
            self.spaces();
            if object {
                self.string()?;
                self.spaces();
                self.expect(b':', "`:`")?;
                self.spaces();
            }
            self.value(depth + 1)?;
            self.spaces();
            if self.eat(close) {
                return Ok(());
            }
            self.expect(b',', "`,`")?;
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        let mut unescaped: Option<String> = None;
        let mut plain = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(self.text.get(plain..self.at).unwrap_or_default());
                    self.at += 1;
                    text.push(self.escape()?);
                    plain = self.at;
                }
                Some(byte) if byte >= b' ' => self.at += 1,
                _ => return Err(self.malformed("the end of the string")),
            }
        }
        let end = self.at;
        self.at += 1;
        Ok(match unescaped {
            None => Cow::Borrowed(self.text.get(start..end).unwrap_or_default()),
            Some(mut text) => {
                text.push_str(self.text.get(plain..end).unwrap_or_default());
                Cow::Owned(text)
            }
        })
    }

    fn escape(&mut self) -> Result<char, Malformed> {
        let byte = self.peek().ok_or_else(|| self.malformed("an escape"))?;
        let character = match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.malformed("an escape")),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode(&mut self) -> Result<char, Malformed> {
        let high = self.hexadecimal()?;
        let code = if (0xD800..0xDC00).contains(&high) {
            self.expect(b'\\', "the second half of a character")?;
            self.expect(b'u', "the second half of a character")?;
            let low = self.hexadecimal()?;
            if !(0xDC00..0xE000).contains(&low) {
                return Err(self.malformed("the second half of a character"));
            }
            0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| self.malformed("a character"))
    }

    fn hexadecimal(&mut self) -> Result<u32, Malformed> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.malformed("four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn parse(line: &str) -> Result<Vec<(String, Value<'_>)>, Malformed> {
        let mut found = Vec::new();
        members(line, |name, value| found.push((name.into_owned(), value)))?;
        Ok(found)
    }

    #[test]
    fn values_keep_their_text() {
        let line = r#" {"a": 123.40, "b":"123.40","c":null,"d":true,"e":"\u5929\ud83d\ude00\n\"","f":[1,{"x":[]}],"天":"氣", "g": -1.5e+3} "#;
        let text = |text: &'static str| Value::Text(Cow::Borrowed(text));
        let expected = [
            ("a", text("123.40")),
            ("b", text("123.40")),
            ("c", Value::Null),
            ("d", text("true")),
            ("e", text("天😀\n\"")),
            ("f", Value::Nested),
            ("天", text("氣")),
            ("g", text("-1.5e+3")),
        ];
        assert_eq!(parse(line).unwrap(), expected.map(|(name, value)| (name.to_owned(), value)));
    }

    proptest! {
        /// Whatever is JSON for serde_json is JSON for us, and what is not is not.
        #[test]
        fn agrees_with_serde_json(line in r#"[{\[]?("[a-z\\u0-9"]{0,6}"?|[-0-9.eE+]{1,6}|null|true|fals|[\]}\[{,: ]){0,10}[}\]]?"#) {
            let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&line);
            let out_of_range = theirs.as_ref().is_err_and(|error| error.to_string().contains("number out of range"));
            prop_assert!(out_of_range || theirs.is_ok() == parse(&line).is_ok(), "{line:?}: {theirs:?} {:?}", parse(&line));
        }
    }
}
