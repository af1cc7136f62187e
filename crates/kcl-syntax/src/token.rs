//! Tokens: what the lexer makes and the parser reads.

/// One token with its place and layout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    /// Which token.
    pub kind: Tok,
    /// It is the first of its line (and no `\` joins that line to the one before).
    pub first: bool,
    /// Width of its line's indentation in bytes; only meaningful where it is the first.
    pub column: u16,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// The kinds of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tok {
    /// An identifier, with `$` or without.
    Name,
    /// A keyword; most of them may also be names.
    Keyword(Kw),
    /// A number of any shape.
    Number,
    /// A string with its prefix and quotes.
    Str,
    /// A string without its closing quotes.
    OpenStr,
    /// Punctuation.
    Op(Op),
    /// The end of the text.
    Eof,
}

/// Keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kw {
    As,
    Import,
    Rule,
    Schema,
    Mixin,
    Protocol,
    Check,
    For,
    Assert,
    If,
    Elif,
    Else,
    Or,
    And,
    Not,
    In,
    Is,
    Lambda,
    All,
    Any,
    Filter,
    Map,
    Type,
    True,
    False,
    None,
    Undefined,
}

impl Kw {
    /// Returns the keyword that is written so.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        Some(match text {
            "as" => Self::As,
            "import" => Self::Import,
            "rule" => Self::Rule,
            "schema" => Self::Schema,
            "mixin" => Self::Mixin,
            "protocol" => Self::Protocol,
            "check" => Self::Check,
            "for" => Self::For,
            "assert" => Self::Assert,
            "if" => Self::If,
            "elif" => Self::Elif,
            "else" => Self::Else,
            "or" => Self::Or,
            "and" => Self::And,
            "not" => Self::Not,
            "in" => Self::In,
            "is" => Self::Is,
            "lambda" => Self::Lambda,
            "all" => Self::All,
            "any" => Self::Any,
            "filter" => Self::Filter,
            "map" => Self::Map,
            "type" => Self::Type,
            "True" => Self::True,
            "False" => Self::False,
            "None" => Self::None,
            "Undefined" => Self::Undefined,
            _ => return None,
        })
    }

    /// Returns whether it may stand for a name where an expression is expected.
    pub(crate) fn is_soft(self) -> bool {
        matches!(
            self,
            Self::Import
                | Self::Rule
                | Self::Schema
                | Self::Mixin
                | Self::Protocol
                | Self::Check
                | Self::Assert
                | Self::All
                | Self::Any
                | Self::Filter
                | Self::Map
                | Self::Type
        )
    }
}

/// Punctuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    LParen,
    RParen,
    LBracket,
    RBracket,
    LBrace,
    RBrace,
    Comma,
    Colon,
    Semicolon,
    Dot,
    Ellipsis,
    Question,
    At,
    Arrow,
    Eq,
    EqEq,
    NotEq,
    Lt,
    LtE,
    Gt,
    GtE,
    Plus,
    Minus,
    Star,
    Slash,
    SlashSlash,
    Percent,
    StarStar,
    Shl,
    Shr,
    Amp,
    Bar,
    Caret,
    Tilde,
    PlusEq,
    MinusEq,
    StarEq,
    SlashEq,
    SlashSlashEq,
    PercentEq,
    StarStarEq,
    ShlEq,
    ShrEq,
    AmpEq,
    BarEq,
    CaretEq,
    /// A `$` or `!` by itself, or another mark that no rule takes.
    Stray,
}

/// Every punctuation mark, longer ones before their prefixes.
pub(crate) const OPS: &[(&str, Op)] = &[
    ("...", Op::Ellipsis),
    ("**=", Op::StarStarEq),
    ("//=", Op::SlashSlashEq),
    ("<<=", Op::ShlEq),
    (">>=", Op::ShrEq),
    ("->", Op::Arrow),
    ("==", Op::EqEq),
    ("!=", Op::NotEq),
    ("<=", Op::LtE),
    (">=", Op::GtE),
    ("+=", Op::PlusEq),
    ("-=", Op::MinusEq),
    ("*=", Op::StarEq),
    ("/=", Op::SlashEq),
    ("%=", Op::PercentEq),
    ("&=", Op::AmpEq),
    ("|=", Op::BarEq),
    ("^=", Op::CaretEq),
    ("**", Op::StarStar),
    ("//", Op::SlashSlash),
    ("<<", Op::Shl),
    (">>", Op::Shr),
    ("(", Op::LParen),
    (")", Op::RParen),
    ("[", Op::LBracket),
    ("]", Op::RBracket),
    ("{", Op::LBrace),
    ("}", Op::RBrace),
    (",", Op::Comma),
    (":", Op::Colon),
    (";", Op::Semicolon),
    (".", Op::Dot),
    ("?", Op::Question),
    ("@", Op::At),
    ("=", Op::Eq),
    ("<", Op::Lt),
    (">", Op::Gt),
    ("+", Op::Plus),
    ("-", Op::Minus),
    ("*", Op::Star),
    ("/", Op::Slash),
    ("%", Op::Percent),
    ("&", Op::Amp),
    ("|", Op::Bar),
    ("^", Op::Caret),
    ("~", Op::Tilde),
    ("$", Op::Stray),
    ("!", Op::Stray),
];
