//! The built-in functions.

use kcl_eval::Interp;
use kcl_eval::budget::{Budget, LIST_LIMIT, admit};
use kcl_eval::compare::is_among;
use kcl_eval::dict::Dict;
use kcl_eval::library::{Args, Eval, Native, error, function};
use kcl_eval::text::{display, multiplied, type_of};
use kcl_eval::value::{Text, Value, as_f64};
use std::cmp::Ordering;
use std::rc::Rc;

/// The built-in functions.
pub(crate) const NATIVES: &[Native] = &[
    function("abs", abs),
    function("all_true", all_true),
    function("any_true", any_true),
    function("bin", bin),
    function("bool", to_bool),
    function("dict", to_dict),
    function("float", to_float),
    function("hex", hex),
    function("int", to_int),
    function("isnullish", isnullish),
    function("isunique", isunique),
    function("len", len),
    function("list", to_list),
    function("max", max),
    function("min", min),
    function("multiplyof", multiplyof),
    function("oct", oct),
    function("option", option),
    function("ord", ord),
    function("pow", pow),
    function("print", print),
    function("range", range),
    function("reduce", reduce),
    function("round", round),
    function("sorted", sorted),
    function("str", to_str),
    function("sum", sum),
    function("typeof", type_of_value),
    function("zip", zip),
];

fn type_error(function: &str, expected: &str, found: &Value) -> Box<akua_source::Diagnostic> {
    error("TypeError", format!("{function}() expected {expected}, got {}", type_of(found)))
}

fn abs(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    match args.require("abs", 0, "inval")? {
        Value::Int(value) => value.checked_abs().map(Value::Int).ok_or_else(|| {
            error("EvaluationError", "9223372036854775808: A 64 bit integer overflow")
        }),
        Value::Float(value) => Ok(Value::Float(value.abs())),
        other => Err(type_error("abs", "a number", &other)),
    }
}

fn all_true(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let items = iterate(interp, "all_true", args.require("all_true", 0, "inval")?)?;
    Ok(Value::Bool(items.iter().all(Value::is_truthy)))
}

fn any_true(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let items = iterate(interp, "any_true", args.require("any_true", 0, "inval")?)?;
    Ok(Value::Bool(items.iter().any(Value::is_truthy)))
}

fn radix(name: &str, mut args: Args, prefix: &str, text: fn(u64) -> String) -> Eval<Value> {
    match args.require(name, 0, "number")? {
        Value::Int(value) => {
            let sign = if value < 0 { "-" } else { "" };
            Ok(Value::str(format!("{sign}{prefix}{}", text(value.unsigned_abs()))))
        }
        other => Err(type_error(name, "int", &other)),
    }
}

fn bin(_: &mut Interp<'_>, args: Args) -> Eval<Value> {
    radix("bin", args, "0b", |value| format!("{value:b}"))
}

fn hex(_: &mut Interp<'_>, args: Args) -> Eval<Value> {
    radix("hex", args, "0x", |value| format!("{value:x}"))
}

fn oct(_: &mut Interp<'_>, args: Args) -> Eval<Value> {
    radix("oct", args, "0o", |value| format!("{value:o}"))
}

fn to_bool(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let value = args.take(0, "x").unwrap_or_default();
    let value = interp.force(value)?;
    Ok(Value::Bool(value.is_truthy()))
}

fn to_dict(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let mut dict = Dict::default();
    if !args.positional.is_empty() {
        let value = args.require("dict", 0, "x")?;
        let value = interp.force(value)?;
        match (&value, value.as_dict()) {
            (_, Some(found)) => {
                found.iter().for_each(|(key, value)| dict.insert(Rc::clone(key), value.clone()));
            }
            (Value::List(pairs), None) => {
                for pair in pairs.iter() {
                    match pair.as_list().map(|pair| pair.as_slice()) {
                        Some([Value::Str(key), value]) => {
                            dict.insert(Rc::clone(key), value.clone());
                        }
                        _ => return Err(type_error("dict", "pairs of a string and a value", pair)),
                    }
                }
            }
            (Value::None | Value::Undefined, None) => {}
            (other, None) => return Err(type_error("dict", "a dict or a list of pairs", other)),
        }
    }
    for (key, value) in args.keyword {
        dict.insert(key, value);
    }
    Ok(Value::dict(dict))
}

fn to_float(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let value = args.require("float", 0, "number")?;
    let found = match &value {
        Value::Int(value) => Some(as_f64(*value)),
        Value::Float(value) => Some(*value),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Multiplied(value, multiplier) => Some(multiplied(*value, *multiplier)),
        Value::Str(text) => text.trim().parse().ok(),
        _ => None,
    };
    found.map(Value::Float).ok_or_else(|| invalid("float", &value))
}

fn invalid(name: &str, value: &Value) -> Box<akua_source::Diagnostic> {
    error("EvaluationError", format!("could not convert '{}' to {name}", display(value)))
}

fn to_int(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let value = args.require("int", 0, "number")?;
    let base = args.take(1, "base");
    let found = match (&value, base) {
        (Value::Int(value), _) => Some(*value),
        (Value::Bool(value), _) => Some(i64::from(*value)),
        (Value::Float(value), _) => truncate(*value),
        (Value::Multiplied(value, multiplier), _) => truncate(multiplied(*value, *multiplier)),
        (Value::Str(text), None) => parse_int(text, 10),
        (Value::Str(text), Some(Value::Int(base))) => u32::try_from(base)
            .ok()
            .filter(|base| (2..=36).contains(base))
            .and_then(|base| parse_int(text, base)),
        _ => None,
    };
    found.map(Value::Int).ok_or_else(|| invalid("int", &value))
}

/// Returns a float without its fraction, if it fits.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn truncate(value: f64) -> Option<i64> {
    let value = value.trunc();
    (value.abs() < 9.3e18 && !value.is_nan()).then_some(value as i64)
}

fn parse_int(text: &str, base: u32) -> Option<i64> {
    let text = text.trim().replace('_', "");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let prefix = match base {
        16 => Some(("0x", "0X")),
        8 => Some(("0o", "0O")),
        2 => Some(("0b", "0B")),
        _ => None,
    };
    let digits = prefix
        .and_then(|(lower, upper)| {
            digits.strip_prefix(lower).or_else(|| digits.strip_prefix(upper))
        })
        .unwrap_or(digits);
    if let Ok(value) = i64::from_str_radix(digits, base) {
        return value.checked_mul(sign);
    }
    let (number, multiplier) = parse_multiplied(digits)?;
    truncate(multiplied(number, multiplier))?.checked_mul(sign)
}

/// Reads `1Ki`.
fn parse_multiplied(text: &str) -> Option<(i64, kcl_eval::value::Multiplier)> {
    use kcl_eval::value::Multiplier as M;
    let at = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, suffix) = text.split_at_checked(at)?;
    let multiplier = match suffix {
        "n" => M::N,
        "u" => M::U,
        "m" => M::Milli,
        "k" => M::SmallK,
        "K" => M::K,
        "M" => M::M,
        "G" => M::G,
        "T" => M::T,
        "P" => M::P,
        "Ki" => M::Ki,
        "Mi" => M::Mi,
        "Gi" => M::Gi,
        "Ti" => M::Ti,
        "Pi" => M::Pi,
        _ => return None,
    };
    Some((number.parse().ok()?, multiplier))
}

fn isnullish(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    Ok(Value::Bool(args.require("isnullish", 0, "inval")?.is_nullish()))
}

fn isunique(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let items = iterate(interp, "isunique", args.require("isunique", 0, "inval")?)?;
    // Strings, the common case, are compared in order; anything else pair by pair.
    if items.iter().all(|item| matches!(item, Value::Str(_))) {
        let mut texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
        texts.sort_unstable();
        let unique = texts.windows(2).all(|pair| pair.first() != pair.last());
        return Ok(Value::Bool(unique));
    }
    let mut rest = items.as_slice();
    while let [item, later @ ..] = rest {
        if is_among(item, later, &mut interp.budget)? {
            return Ok(Value::Bool(false));
        }
        rest = later;
    }
    Ok(Value::Bool(true))
}

fn len(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let value = args.require("len", 0, "inval")?;
    let value = interp.force(value)?;
    let length = match &value {
        Value::Str(text) => text.len(),
        Value::List(items) => items.len(),
        other => match other.as_dict() {
            Some(dict) => dict.len(),
            None => return Err(type_error("len", "str, list or dict", other)),
        },
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// Returns the elements that a loop over the value would see.
fn iterate(interp: &mut Interp<'_>, name: &str, value: Value) -> Eval<Rc<Vec<Value>>> {
    match interp.force(value)? {
        Value::List(items) => Ok(items),
        Value::Str(text) => Ok(Rc::new(text.chars().map(|c| Value::str(c.to_string())).collect())),
        other => match other.as_dict() {
            Some(dict) => {
                Ok(Rc::new(dict.iter().map(|(key, _)| Value::Str(Rc::clone(key))).collect()))
            }
            None => Err(type_error(name, "a list, a dict or a string", &other)),
        },
    }
}

fn to_list(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    match args.take(0, "x") {
        Some(value) => iterate(interp, "list", value).map(Value::List),
        None => Ok(Value::list(Vec::new())),
    }
}

fn extreme(interp: &mut Interp<'_>, name: &str, args: Args, wanted: Ordering) -> Eval<Value> {
    let items = match args.positional.as_slice() {
        [one] => iterate(interp, name, one.clone())?,
        _ => Rc::new(args.positional),
    };
    let mut items = items.iter();
    let Some(mut best) = items.next() else {
        return Err(error("EvaluationError", format!("{name}() arg is an empty sequence")));
    };
    for item in items {
        if order(name, item, best, &mut interp.budget)? == wanted {
            best = item;
        }
    }
    Ok(best.clone())
}

fn max(interp: &mut Interp<'_>, args: Args) -> Eval<Value> {
    extreme(interp, "max", args, Ordering::Greater)
}

fn min(interp: &mut Interp<'_>, args: Args) -> Eval<Value> {
    extreme(interp, "min", args, Ordering::Less)
}

/// Orders two values of one kind: numbers, strings, booleans or lists of them.
fn order(name: &str, a: &Value, b: &Value, budget: &mut Budget) -> Eval<Ordering> {
    let found = match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::List(a), Value::List(b)) => {
            for (a, b) in a.iter().zip(b.iter()) {
                budget.charge(1)?;
                let found = order(name, a, b, budget)?;
                if found != Ordering::Equal {
                    return Ok(found);
                }
            }
            Some(a.len().cmp(&b.len()))
        }
        _ => {
            let (Some(x), Some(y)) = (number(a), number(b)) else {
                let message =
                    format!("{name}() cannot compare '{}' and '{}'", type_of(a), type_of(b));
                return Err(error("TypeError", message));
            };
            x.partial_cmp(&y)
        }
    };
    Ok(found.unwrap_or(Ordering::Equal))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(as_f64(*value)),
        Value::Float(value) => Some(*value),
        _ => None,
    }
}

fn multiplyof(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let a = args.require("multiplyof", 0, "a")?;
    let b = args.require("multiplyof", 1, "b")?;
    match (&a, &b) {
        (Value::Int(a), Value::Int(b)) => match a.checked_rem(*b) {
            Some(rest) => Ok(Value::Bool(rest == 0)),
            None => Err(error("EvaluationError", "integer division or modulo by zero")),
        },
        (Value::Int(_), other) | (other, _) => Err(type_error("multiplyof", "int", other)),
    }
}

fn option(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let Value::Str(key) = args.require("option", 0, "key")? else {
        return Err(error("TypeError", "option() expected str as its key"));
    };
    let wanted = args.take(1, "type");
    let required = args.take(2, "required").is_some_and(|value| value.is_truthy());
    let default = args.take(3, "default").unwrap_or(Value::None);
    let found = interp.option(&key).map(|option| option.value.clone());
    let value = found.unwrap_or(default);
    if required && value.is_nullish() {
        return Err(error(
            "EvaluationError",
            format!("option('{key}') must be initialized: pass it by '-D {key}=…'"),
        ));
    }
    match wanted.as_ref().and_then(Value::as_str) {
        None | Some("") => Ok(value),
        Some(wanted) => option_as(value, wanted),
    }
}

/// Converts an option to the type that the program asks for.
fn option_as(value: Value, wanted: &str) -> Eval<Value> {
    let failure = |value: &Value| {
        let message = format!("cannot use '{}' as type '{wanted}'", display(value));
        error("EvaluationError", message)
    };
    match (wanted, &value) {
        (_, Value::None | Value::Undefined)
        | ("int", Value::Int(_))
        | ("float", Value::Float(_))
        | ("bool", Value::Bool(_))
        | ("str", Value::Str(_))
        | ("list", Value::List(_))
        | ("dict", Value::Dict(_)) => Ok(value),
        ("str", other) => Ok(Value::str(display(other))),
        ("bool", other) => Ok(Value::Bool(other.is_truthy())),
        ("int", Value::Str(text)) => {
            parse_int(text, 10).map(Value::Int).ok_or_else(|| failure(&value))
        }
        ("int", Value::Float(number)) => {
            truncate(*number).map(Value::Int).ok_or_else(|| failure(&value))
        }
        ("int", Value::Bool(flag)) => Ok(Value::Int(i64::from(*flag))),
        ("float", Value::Int(number)) => Ok(Value::Float(as_f64(*number))),
        ("float", Value::Str(text)) => {
            text.parse().map(Value::Float).map_err(|_invalid| failure(&value))
        }
        _ => Err(failure(&value)),
    }
}

fn ord(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let value = args.require("ord", 0, "c")?;
    let mut chars = value.as_str().unwrap_or_default().chars();
    match (chars.next(), chars.next()) {
        (Some(letter), None) => Ok(Value::Int(i64::from(u32::from(letter)))),
        _ => Err(type_error("ord", "a string of one character", &value)),
    }
}

fn pow(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let x = args.require("pow", 0, "x")?;
    let y = args.require("pow", 1, "y")?;
    let modulus = args.take(2, "z").unwrap_or_default();
    match (&x, &y, &modulus) {
        (Value::Int(x), Value::Int(y), Value::Int(z)) => modular_pow(*x, *y, *z),
        (Value::Int(x), Value::Int(y), _) if *y >= 0 => {
            let power = u32::try_from(*y).ok().and_then(|y| x.checked_pow(y));
            power.map(Value::Int).ok_or_else(|| {
                error("EvaluationError", format!("{x} ** {y}: A 64 bit integer overflow"))
            })
        }
        _ => match (number(&x), number(&y)) {
            (Some(x), Some(y)) => Ok(Value::Float(x.powf(y))),
            _ => Err(type_error("pow", "numbers", &x)),
        },
    }
}

fn modular_pow(x: i64, y: i64, z: i64) -> Eval<Value> {
    if z == 0 || y < 0 {
        return Err(error(
            "EvaluationError",
            "pow() needs a modulus other than 0 and a power of at least 0",
        ));
    }
    let modulus = i128::from(z);
    let mut base = i128::from(x).rem_euclid(modulus.abs());
    let mut power = y;
    let mut result = 1_i128.rem_euclid(modulus.abs());
    while power > 0 {
        if power & 1 == 1 {
            result = result.wrapping_mul(base).rem_euclid(modulus.abs());
        }
        base = base.wrapping_mul(base).rem_euclid(modulus.abs());
        power >>= 1;
    }
    Ok(Value::Int(i64::try_from(result).unwrap_or(0)))
}

fn print(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let keyword = |args: &mut Args, name: &str, default: &str| {
        let found = args.take(usize::MAX, name);
        found
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_else(|| default.to_owned())
    };
    let separator = keyword(&mut args, "sep", " ");
    let end = keyword(&mut args, "end", "\n");
    let mut texts = Vec::with_capacity(args.positional.len());
    for value in args.positional {
        texts.push(display(&interp.force_deep(value)?));
    }
    interp.world.print(&(texts.join(&separator) + &end));
    Ok(Value::None)
}

fn range(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let mut numbers = Vec::with_capacity(3);
    for (at, name) in ["start", "stop", "step"].iter().enumerate() {
        match args.take(at, name) {
            Some(Value::Int(value)) => numbers.push(value),
            Some(Value::None | Value::Undefined) | None => {}
            Some(other) => return Err(type_error("range", "int", &other)),
        }
    }
    let (start, stop, step) = match numbers.as_slice() {
        [stop] => (0, *stop, 1),
        [start, stop] => (*start, *stop, 1),
        [start, stop, step, ..] => (*start, *stop, *step),
        [] => return Err(error("TypeError", "range() missing the required argument 'stop'")),
    };
    if step == 0 {
        return Err(error("EvaluationError", "range() step argument must not be zero"));
    }
    let count = stop.saturating_sub(start).checked_div(step).unwrap_or(0);
    let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
    admit("range()", count, LIST_LIMIT)?;
    let mut items = Vec::with_capacity(count);
    let mut at = start;
    while if step > 0 { at < stop } else { at > stop } {
        items.push(Value::Int(at));
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    Ok(Value::list(items))
}

fn reduce(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let reducer = args.require("reduce", 0, "func")?;
    let items = iterate(interp, "reduce", args.require("reduce", 1, "iterable")?)?;
    let mut items = items.iter().cloned();
    let first = args.take(2, "initial").or_else(|| items.next());
    let Some(mut result) = first else { return no_items(interp, &reducer) };
    for item in items {
        let args = Args { positional: vec![result, item], ..Args::default() };
        result = interp.call(&reducer, args)?;
    }
    Ok(result)
}

/// Gives None for no items and no initial value, unless the reducer's type forbids it.
fn no_items(interp: &Interp<'_>, reducer: &Value) -> Eval<Value> {
    let Value::Closure(closure) = reducer else { return Ok(Value::None) };
    let ty = closure.lambda.params.first().and_then(|param| param.ty.as_ref());
    let ty = ty.map_or_else(|| "any".to_owned(), |ty| interp.type_text(ty));
    if ty == "any" || ty.split(" | ").any(|member| member == "None") {
        return Ok(Value::None);
    }
    let message =
        format!("reduce() of an empty list with no initial value for an accumulator of type {ty}");
    Err(error("EvaluationError", message))
}

fn round(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let value = args.require("round", 0, "number")?;
    let digits = args.take(1, "ndigits").unwrap_or_default();
    let Some(float) = number(&value) else { return Err(type_error("round", "a number", &value)) };
    match (digits, &value) {
        (Value::Int(_), Value::Int(value)) => Ok(Value::Float(as_f64(*value))),
        (Value::Int(digits), _) => {
            let factor = 10_f64.powi(i32::try_from(digits.clamp(-300, 300)).unwrap_or(0));
            let rounded = (float * factor).round_ties_even() / factor;
            Ok(Value::Float(if rounded.is_finite() { rounded } else { float }))
        }
        (_, Value::Int(value)) => Ok(Value::Int(*value)),
        _ => truncate(float.round()).map(Value::Int).ok_or_else(|| invalid("int", &value)),
    }
}

fn sorted(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let items = iterate(interp, "sorted", args.require("sorted", 0, "inval")?)?;
    let reverse = args.take(1, "reverse").is_some_and(|value| value.is_truthy());
    let mut items = (*items).clone();
    let mut failure = None;
    items.sort_by(|a, b| {
        let found = order("sorted", a, b, &mut interp.budget).unwrap_or_else(|e| {
            failure = Some(e);
            Ordering::Equal
        });
        if reverse { found.reverse() } else { found }
    });
    failure.map_or_else(|| Ok(Value::list(items)), Err)
}

fn to_str(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let value = args.take(0, "x").unwrap_or_else(|| Value::str(""));
    match interp.force_deep(value)? {
        text @ Value::Str(_) => Ok(text),
        other => Ok(Value::str(display(&other))),
    }
}

fn sum(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let items = iterate(interp, "sum", args.require("sum", 0, "iterable")?)?;
    let mut total = args.take(1, "start").unwrap_or(Value::Int(0));
    for item in items.iter() {
        total = match (&total, item) {
            (Value::Int(a), Value::Int(b)) => a
                .checked_add(*b)
                .map(Value::Int)
                .ok_or_else(|| error("EvaluationError", "sum(): A 64 bit integer overflow"))?,
            (Value::List(a), Value::List(b)) => {
                Value::list(a.iter().chain(b.iter()).cloned().collect())
            }
            (a, b) => match (number(a), number(b)) {
                (Some(a), Some(b)) => Value::Float(a + b),
                _ => return Err(type_error("sum", "numbers", b)),
            },
        };
    }
    Ok(total)
}

fn type_of_value(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let value = args.require("typeof", 0, "x")?;
    let value = interp.force(value)?;
    let full = args.take(1, "full_name").is_some_and(|value| value.is_truthy());
    let name: Text = match &value {
        Value::Instance(instance) => {
            let package = interp.program.packages.get(instance.schema.package.0 as usize);
            match package.filter(|package| full && !package.path.is_empty()) {
                Some(package) => format!("{}.{}", package.path, instance.schema.name).into(),
                None => Rc::clone(&instance.schema.name),
            }
        }
        Value::None => "None".into(),
        Value::Multiplied(..) => type_of(&value).into(),
        other => other.type_name().into(),
    };
    Ok(Value::Str(name))
}

fn zip(interp: &mut Interp<'_>, args: Args) -> Eval<Value> {
    let mut columns = Vec::with_capacity(args.positional.len());
    for value in args.positional {
        columns.push(iterate(interp, "zip", value)?);
    }
    let length = columns.iter().map(|column| column.len()).min().unwrap_or(0);
    let rows = (0..length).map(|at| {
        Value::list(columns.iter().filter_map(|column| column.get(at).cloned()).collect())
    });
    Ok(Value::list(rows.collect()))
}
