//! Nodes and data to text.

use super::fault;
use super::parse::{Block, Expr, Node, Path};
use crate::plain::float_text;
use kcl_eval::Eval;
use kcl_eval::budget::Budget;
use kcl_eval::compare::equal;
use kcl_eval::dict::Dict;
use kcl_eval::value::{Value, as_f64};
use std::cmp::Ordering;

/// Most nodes that one template may render: loops multiply.
const STEP_LIMIT: usize = 5_000_000;

/// What a block with a context of its own adds: `this`, names, and `@` data.
#[derive(Default)]
struct Frame {
    this: Value,
    names: Vec<(String, Value)>,
    data: Vec<(&'static str, Value)>,
}

struct Renderer<'b> {
    budget: &'b mut Budget,
    out: String,
    frames: Vec<Frame>,
    steps: usize,
}

/// Renders a template.
pub(super) fn render(nodes: &[Node], data: &Value, budget: &mut Budget) -> Eval<String> {
    let root = Frame { this: data.clone(), ..Frame::default() };
    let mut renderer = Renderer { budget, out: String::new(), frames: vec![root], steps: 0 };
    renderer.nodes(nodes)?;
    Ok(renderer.out)
}

impl Renderer<'_> {
    fn nodes(&mut self, nodes: &[Node]) -> Eval<()> {
        for node in nodes {
            self.steps = self.steps.saturating_add(1);
            if self.steps > STEP_LIMIT || self.out.len() > crate::RESULT_LIMIT {
                return Err(fault("the result is too long"));
            }
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Value(expr, escaped) => {
                    let text = text_of(&self.value(expr)?);
                    if *escaped {
                        super::escape(&text, &mut self.out);
                    } else {
                        self.out.push_str(&text);
                    }
                }
                Node::Block(block) => self.block(block)?,
            }
        }
        Ok(())
    }

    fn block(&mut self, block: &Block) -> Eval<()> {
        let argument = block.args.first();
        let argument =
            argument.ok_or_else(|| fault(format!("`{}` takes an argument", block.helper)))?;
        let value = self.value(argument)?;
        let zero = match block.hash.iter().find(|(name, _)| name == "includeZero") {
            Some((_, include)) => is_truthy(&self.value(include)?),
            None => false,
        };
        let holds = is_truthy(&value) || (zero && matches!(value, Value::Int(0)));
        match block.helper.as_str() {
            "if" => self.nodes(if holds { &block.body } else { &block.otherwise }),
            "unless" => self.nodes(if holds { &block.otherwise } else { &block.body }),
            "with" if holds => {
                let names = block.params.iter().take(1).map(|name| (name.clone(), value.clone()));
                let names = names.collect();
                self.framed(Frame { this: value, names, data: Vec::new() }, &block.body)
            }
            "with" => self.nodes(&block.otherwise),
            "each" => self.each(&value, block),
            other => Err(fault(format!("there is no helper `{other}`"))),
        }
    }

    fn each(&mut self, value: &Value, block: &Block) -> Eval<()> {
        let items: Vec<(Option<String>, Value)> = match value {
            Value::List(items) => items.iter().map(|item| (None, item.clone())).collect(),
            other => {
                let entries = other.as_dict().into_iter().flat_map(Dict::iter);
                entries.map(|(key, value)| (Some(key.to_string()), value.clone())).collect()
            }
        };
        if items.is_empty() {
            return self.nodes(&block.otherwise);
        }
        let last = items.len().saturating_sub(1);
        for (at, (key, item)) in items.into_iter().enumerate() {
            let index = Value::Int(i64::try_from(at).unwrap_or(i64::MAX));
            let key = key.map_or_else(|| index.clone(), Value::str);
            let values = [item.clone(), key.clone()];
            let names = block.params.iter().cloned().zip(values).collect();
            let data = vec![
                ("index", index),
                ("key", key),
                ("first", Value::Bool(at == 0)),
                ("last", Value::Bool(at == last)),
            ];
            self.framed(Frame { this: item, names, data }, &block.body)?;
        }
        Ok(())
    }

    fn framed(&mut self, frame: Frame, nodes: &[Node]) -> Eval<()> {
        self.frames.push(frame);
        let result = self.nodes(nodes);
        self.frames.pop();
        result
    }

    fn value(&mut self, expr: &Expr) -> Eval<Value> {
        match expr {
            Expr::Literal(value) => Ok(value.clone()),
            Expr::Path(path) => Ok(self.path(path)),
            Expr::Call(name, args) => {
                let args: Eval<Vec<Value>> = args.iter().map(|arg| self.value(arg)).collect();
                helper(name, &args?, self.budget)
            }
        }
    }

    fn path(&self, path: &Path) -> Value {
        let depth = self.frames.len().saturating_sub(1);
        let Some(at) = depth.checked_sub(path.up) else { return Value::Undefined };
        let Some(frame) = self.frames.get(at) else { return Value::Undefined };
        let mut segments = path.segments.iter();
        let start = if path.is_data {
            let name = segments.next().map_or("", String::as_str);
            if name == "root" {
                self.frames.first().map(|frame| frame.this.clone())
            } else {
                let found = self
                    .frames
                    .iter()
                    .take(at.saturating_add(1))
                    .rev()
                    .find_map(|frame| frame.data.iter().find(|(found, _)| *found == name));
                found.map(|(_, value)| value.clone())
            }
        } else {
            let named = path.segments.first().filter(|_| path.up == 0).and_then(|first| {
                let names = self.frames.iter().rev().flat_map(|frame| frame.names.iter());
                names.into_iter().find(|(name, _)| name == first)
            });
            match named {
                Some((_, value)) => {
                    segments.next();
                    Some(value.clone())
                }
                None => Some(frame.this.clone()),
            }
        };
        segments.fold(start.unwrap_or_default(), |value, segment| part(&value, segment))
    }
}

/// Returns a member or an element.
fn part(value: &Value, key: &str) -> Value {
    let found = match value {
        Value::List(items) if key == "length" => {
            return Value::Int(i64::try_from(items.len()).unwrap_or(i64::MAX));
        }
        Value::List(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
        other => other.as_dict().and_then(|dict| dict.get(key)),
    };
    found.cloned().unwrap_or_default()
}

/// Applies a helper that gives a value.
fn helper(name: &str, args: &[Value], budget: &mut Budget) -> Eval<Value> {
    let first = args.first().cloned().unwrap_or_default();
    let second = args.get(1).cloned().unwrap_or_default();
    let order =
        |holds: fn(Ordering) -> bool| Value::Bool(order(&first, &second).is_some_and(holds));
    Ok(match name {
        "lookup" => part(&first, &text_of(&second)),
        "eq" => Value::Bool(equal(&first, &second, budget)?),
        "ne" => Value::Bool(!equal(&first, &second, budget)?),
        "gt" => order(Ordering::is_gt),
        "gte" => order(Ordering::is_ge),
        "lt" => order(Ordering::is_lt),
        "lte" => order(Ordering::is_le),
        "and" => Value::Bool(is_truthy(&first) && is_truthy(&second)),
        "or" => Value::Bool(is_truthy(&first) || is_truthy(&second)),
        "not" => Value::Bool(!is_truthy(&first)),
        "log" => Value::str(""),
        "len" => {
            let length = match &first {
                Value::List(items) => items.len(),
                Value::Str(text) => text.len(),
                other => other.as_dict().map_or(0, Dict::len),
            };
            Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
        }
        other => return Err(fault(format!("there is no helper `{other}`"))),
    })
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        _ => number(a)?.partial_cmp(&number(b)?),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(as_f64(*value)),
        Value::Float(value) => Some(*value),
        _ => None,
    }
}

/// Returns whether a condition holds; NaN does not, an empty dict does not.
fn is_truthy(value: &Value) -> bool {
    !matches!(value, Value::Float(value) if value.is_nan()) && value.is_truthy()
}

/// Returns the text of a value.
fn text_of(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) if value.is_finite() => float_text(*value, "+"),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(text_of).collect();
            format!("[{}]", items.join(", "))
        }
        other if other.as_dict().is_some() => "[object]".to_owned(),
        Value::Multiplied(..) => kcl_eval::text::display(value),
        _ => String::new(),
    }
}
