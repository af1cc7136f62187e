//! What a package may be given, read from its text: calls of `option()`, and the attributes of its
//! schema `Input`.
//!
//! **Invariant:** nothing is loaded or evaluated. Types and defaults are as they are written; the
//! base of a schema counts where it is in one of the files.

use crate::excerpt::mentions::{Seen, statement};
use akua_source::{Diagnostic, FileId, Severity, Span};
use kcl_syntax::ast::{Args, Expr, ExprKind, Module, Schema, StmtKind};
use std::collections::BTreeMap;

/// The schema of a package's inputs.
const INPUT: &str = "Input";
/// Schemas that inherit from each other, at most.
const BASES_LIMIT: usize = 16;

/// What a package may be given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Calls of `option()`, each name once, in the order of the files.
    pub options: Vec<OptionCall>,
    /// The schema `Input`; of several the first.
    pub input: Option<InputSchema>,
}

/// A call of `option()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionCall {
    /// The option's name.
    pub name: String,
    /// Its type: `str` and the like.
    pub ty: Option<String>,
    /// Whether it has to be given.
    pub required: bool,
    /// Its default, as it is written.
    pub default: Option<String>,
    /// What is said of it.
    pub help: Option<String>,
    /// Where it is called.
    pub span: Span,
}

/// The schema of a package's inputs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputSchema {
    /// What its doc string says, without the part on attributes.
    pub doc: Option<String>,
    /// Its attributes, those of its base first.
    pub fields: Vec<Field>,
}

/// An attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type, as it is written; `any` where none is.
    pub ty: String,
    /// Whether it has to be given: it is not optional and has no default.
    pub required: bool,
    /// Its default, as it is written.
    pub default: Option<String>,
    /// What the doc string of its schema says of it.
    pub doc: Option<String>,
}

/// Reads the files of a package, the entry file first.
///
/// # Errors
/// What is wrong with their syntax.
pub fn inspect(files: &[(FileId, &str)]) -> Result<Facts, Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    let mut modules: Vec<(&str, Module)> = Vec::with_capacity(files.len());
    for (file, text) in files {
        let (module, diagnostics) = kcl_syntax::parse(*file, text);
        wrong.extend(diagnostics.into_iter().filter(|d| d.severity == Severity::Error));
        modules.push((text, module));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut facts = Facts::default();
    let mut schemas: BTreeMap<&str, (&str, &Schema)> = BTreeMap::new();
    for (text, module) in &modules {
        for stmt in &module.body {
            if let StmtKind::Schema(schema) = &stmt.kind {
                schemas.entry(&schema.name.text).or_insert((text, schema));
            }
            statement(stmt, &mut |seen| {
                if let Seen::Call(callee, args) = seen
                    && let Some(call) = option(text, callee, args)
                    && facts.options.iter().all(|known| known.name != call.name)
                {
                    facts.options.push(call);
                }
            });
        }
    }
    if schemas.contains_key(INPUT) {
        let mut input = InputSchema::default();
        collect(INPUT, &schemas, &mut input, BASES_LIMIT);
        facts.input = Some(input);
    }
    Ok(facts)
}

/// Returns the call of `option()` that a call is, if its name is a plain text.
fn option(text: &str, callee: &Expr, args: &Args) -> Option<OptionCall> {
    let is_option = matches!(&callee.kind, ExprKind::Name(name) if &**name == "option");
    let argument = |at: usize, name: &str| {
        let keyword = args.keyword.iter().find(|(known, _)| &*known.text == name);
        args.positional.get(at).or_else(|| keyword.map(|(_, value)| value))
    };
    let plain = |value: Option<&Expr>| match value.map(|value| &value.kind) {
        Some(ExprKind::Str(text)) => Some(text.to_string()),
        _ => None,
    };
    let name = plain(argument(0, "key")).filter(|_| is_option)?;
    let required = argument(2, "required");
    let required = required.is_some_and(|value| matches!(value.kind, ExprKind::Bool(true)));
    let default = argument(3, "default").filter(|value| !matches!(value.kind, ExprKind::None));
    Some(OptionCall {
        name,
        ty: plain(argument(1, "type")),
        required,
        default: default.map(|value| written(text, value.span)),
        help: plain(argument(4, "help")),
        span: callee.span,
    })
}

/// Collects what a schema and its bases say; what comes later wins.
fn collect(
    name: &str,
    schemas: &BTreeMap<&str, (&str, &Schema)>,
    input: &mut InputSchema,
    left: usize,
) {
    let Some(((text, schema), left)) = schemas.get(name).zip(left.checked_sub(1)) else { return };
    if let Some(base) = schema.base.as_ref().and_then(|base| base.segments.last()) {
        collect(&base.text, schemas, input, left);
    }
    let (doc, docs) = documented(schema.doc.as_ref().map_or("", |doc| &doc.text));
    if !doc.is_empty() {
        input.doc = Some(doc);
    }
    for stmt in &schema.body {
        let (name, ty, optional, default) = match &stmt.kind {
            StmtKind::Attribute(attribute) => {
                let default = attribute.default.as_ref().map(|(_, value)| value);
                (&attribute.name, Some(attribute.ty.span), attribute.optional, default)
            }
            StmtKind::Assign { targets, ty, value } => match targets.as_slice() {
                [target] if target.path.is_empty() => {
                    (&target.name, ty.as_ref().map(|ty| ty.span), false, Some(value))
                }
                _ => continue,
            },
            StmtKind::Unification { target, value } => {
                let head = match &value.kind {
                    ExprKind::Config { head, .. } => Some(head.span),
                    _ => None,
                };
                (&target.name, head, false, Some(value))
            }
            _ => continue,
        };
        let known = input.fields.iter_mut().find(|known| *known.name == *name.text);
        let before = known.as_ref().map(|known| (known.ty.clone(), known.doc.clone()));
        let (ty_before, doc_before) = before.unzip();
        let field = Field {
            name: name.text.to_string(),
            ty: ty.map(|at| written(text, at)).or(ty_before).unwrap_or_else(|| "any".to_owned()),
            required: !optional && default.is_none(),
            default: default.map(|value| written(text, value.span)),
            doc: docs.get(&*name.text).cloned().or_else(|| doc_before.flatten()),
        };
        match known {
            Some(known) => *known = field,
            None => input.fields.push(field),
        }
    }
}

/// Returns a piece of a file.
fn written(text: &str, at: Span) -> String {
    let byte = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    text.get(byte(at.start)..byte(at.end)).unwrap_or_default().to_owned()
}

/// Takes a doc string apart: what it says of the whole, and of each attribute.
///
/// # Shape
/// A line `Attributes` with dashes below it begins a list of `NAME: TYPE, …`, each followed by
/// deeper lines of text. Another title ends it.
fn documented(doc: &str) -> (String, BTreeMap<String, String>) {
    let lines: Vec<&str> = doc.lines().collect();
    let is_title = |at: usize| {
        let below = at.checked_add(1).and_then(|next| lines.get(next)).map(|line| line.trim());
        below.is_some_and(|line| line.len() > 2 && line.bytes().all(|byte| byte == b'-'))
    };
    let mut whole: Vec<&str> = Vec::new();
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let (mut title, mut current, mut margin) = ("", None, 0_usize);
    for (at, line) in lines.iter().enumerate() {
        let words = line.trim();
        let indent = line.len().saturating_sub(line.trim_start().len());
        if is_title(at) {
            (title, current) = (words, None);
        } else if words.len() > 2 && words.bytes().all(|byte| byte == b'-') {
            margin = indent;
        } else if title.is_empty() {
            whole.push(words);
        } else if title == "Attributes" && !words.is_empty() {
            match (&current, words.split_once(':')) {
                (_, Some((name, _))) if indent <= margin => {
                    current = Some(name.trim().trim_matches('"').to_owned());
                }
                (Some(name), _) => found.entry(name.clone()).or_default().push(words),
                (None, _) => {}
            }
        }
    }
    let joined = found.into_iter().map(|(name, words)| (name, words.join(" "))).collect();
    (whole.join("\n").trim().to_owned(), joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
import other
region = option("region", type="str", required=True, help="where it runs")
_size = [option("size", "int", False, 3 + 1) for _ in [1]]
again = option(key="region")
named = lambda key { option(key) }
text = "${option('inner')}"

schema Base:
    """What all have.

    Attributes
    ----------
    host: str, required.
        The name
        of the host.
    replicas: int
    """
    host: str
    replicas: int = 1
    labels?: {str:str}

schema Input(Base):
    """replicated: inputs of the "app"

    More of it.

    Attributes
    ----------
    mode : "a" | "b", default is "a"
        How: fast or not.

    Examples
    --------
    none: really
    """
    mode: "a" | "b" = "a"
    replicas: int = 2
    port = 80
    check:
        replicas > 0
"#;

    #[test]
    fn options_and_inputs_are_read_from_the_text() {
        let facts = inspect(&[(FileId(0), TEXT)]).expect("parses");
        let options: Vec<_> = facts
            .options
            .iter()
            .map(|found| {
                (&*found.name, found.ty.as_deref(), found.required, found.default.as_deref())
            })
            .collect();
        let expected = [
            ("region", Some("str"), true, None),
            ("size", Some("int"), false, Some("3 + 1")),
            ("inner", None, false, None),
        ];
        assert_eq!(options, expected);
        let help = facts.options.first().and_then(|found| found.help.as_deref());
        assert_eq!(help, Some("where it runs"));
        let input = facts.input.expect("a schema");
        assert_eq!(input.doc.as_deref(), Some("replicated: inputs of the \"app\"\n\nMore of it."));
        let fields: Vec<_> = input
            .fields
            .iter()
            .map(|f| (&*f.name, &*f.ty, f.required, f.default.as_deref(), f.doc.as_deref()))
            .collect();
        let expected = [
            ("host", "str", true, None, Some("The name of the host.")),
            ("replicas", "int", false, Some("2"), None),
            ("labels", "{str:str}", false, None, None),
            ("mode", "\"a\" | \"b\"", false, Some("\"a\""), Some("How: fast or not.")),
            ("port", "any", false, Some("80"), None),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn odd_texts_are_taken() {
        assert_eq!(inspect(&[(FileId(0), "")]), Ok(Facts::default()));
        assert!(inspect(&[(FileId(0), "a = (")]).is_err());
        let circle = inspect(&[(FileId(0), "schema Input(Input):\n    a: int\n")]).expect("parses");
        assert_eq!(circle.input.map(|input| input.fields.len()), Some(1));
        let calls = "a = option()\nb = option(1)\nc = x.option(\"d\")\n";
        assert_eq!(inspect(&[(FileId(0), calls)]), Ok(Facts::default()));
    }
}
