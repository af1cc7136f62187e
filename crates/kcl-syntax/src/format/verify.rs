//! The last check: a formatted text has the same words and the same comments as before.

use super::literal::double_quoted;
use crate::lexer;
use crate::token::{Kw, Op, Tok, Token};
use std::borrow::Cow;

/// Returns whether two texts differ in layout only.
pub(super) fn is_same(before: &str, after: &str) -> bool {
    let (before_words, after_words) = (lexer::lex(before).tokens, lexer::lex(after).tokens);
    comments(before) == comments(after)
        && words(before, &before_words).eq(words(after, &after_words))
}

/// Returns the comments of a text, sorted: a few may change places with others.
fn comments(text: &str) -> Vec<&str> {
    let found = lexer::lex(text).comments;
    let mut comments: Vec<_> =
        found.iter().map(|(start, end)| slice(text, *start, *end).trim_end()).collect();
    comments.sort_unstable();
    comments
}

/// Returns the tokens of a text that the formatter leaves in place, each in one spelling.
fn words<'t>(text: &'t str, tokens: &'t [Token]) -> impl Iterator<Item = Cow<'t, str>> {
    let mut rest = tokens;
    let tokens = std::iter::from_fn(move || {
        while let [a, b, c, behind @ ..] = rest
            && is_empty_mixin([a, b, c])
        {
            rest = behind;
        }
        let (token, behind) = rest.split_first()?;
        rest = behind;
        Some(*token)
    });
    tokens.flat_map(|token| word(text, token)).flatten()
}

/// Returns whether these tokens are `mixin []`, which says nothing.
fn is_empty_mixin(tokens: [&Token; 3]) -> bool {
    let empty = [Tok::Keyword(Kw::Mixin), Tok::Op(Op::LBracket), Tok::Op(Op::RBracket)];
    tokens.map(|token| token.kind) == empty
}

/// Returns the words that a token stands for: none, one or two.
fn word(text: &str, token: Token) -> [Option<Cow<'_, str>>; 2] {
    let found = slice(text, token.start, token.end);
    let word: Cow<'_, str> = match token.kind {
        // Commas and parentheses may go, colons come (`a[1:2]` is `a[1:2:]`).
        Tok::Op(Op::Comma | Op::LParen | Op::RParen | Op::Colon) | Tok::Eof => return [None, None],
        Tok::Keyword(Kw::Elif) => return [Some("else".into()), Some("if".into())],
        Tok::Keyword(Kw::Schema | Kw::Mixin | Kw::Protocol) => "schema".into(),
        Tok::Number if is_integer(found) => "0".into(),
        Tok::Str => match double_quoted(found) {
            Some(quoted) => quoted.into(),
            None if found.contains("\r\n") => found.replace("\r\n", "\n").into(),
            None => found.into(),
        },
        _ => found.into(),
    };
    [Some(word), None]
}

/// Returns whether a number is none with a fraction or an exponent.
fn is_integer(number: &str) -> bool {
    let radix = ["0x", "0X"].iter().any(|prefix| number.starts_with(prefix));
    radix || !number.contains(['.', 'e', 'E'])
}

fn slice(text: &str, start: u32, end: u32) -> &str {
    text.get(super::source::index(start)..super::source::index(end)).unwrap_or("")
}
