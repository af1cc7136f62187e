//! The module `math`.

use crate::args::{Param, failure};
use kcl_eval::Interp;
use kcl_eval::library::{Args, Eval, Native, function};
use kcl_eval::value::{Value, as_f64};

/// Its members.
pub(crate) const NATIVES: &[Native] = &[
    function("ceil", |_, args| whole("ceil", args, f64::ceil)),
    function("exp", |_, args| float("exp", args, f64::exp)),
    function("expm1", |_, args| float("expm1", args, f64::exp_m1)),
    function("factorial", factorial),
    function("floor", |_, args| whole("floor", args, f64::floor)),
    function("gcd", gcd),
    function("isfinite", |_, args| test("isfinite", args, f64::is_finite)),
    function("isinf", |_, args| test("isinf", args, f64::is_infinite)),
    function("isnan", |_, args| test("isnan", args, f64::is_nan)),
    function("log", log),
    function("log10", |_, args| float("log10", args, f64::log10)),
    function("log1p", |_, args| float("log1p", args, f64::ln_1p)),
    function("log2", log2),
    function("modf", modf),
    function("pow", pow),
    function("sqrt", |_, args| float("sqrt", args, f64::sqrt)),
];

fn float(name: &'static str, mut args: Args, compute: fn(f64) -> f64) -> Eval<Value> {
    Ok(Value::Float(compute(Param(name, 0, "x").number(&mut args)?)))
}

fn test(name: &'static str, mut args: Args, holds: fn(f64) -> bool) -> Eval<Value> {
    Ok(Value::Bool(holds(Param(name, 0, "x").number(&mut args)?)))
}

/// Rounds to an integer; what is beyond 64 bits becomes the nearest one.
fn whole(name: &'static str, mut args: Args, round: fn(f64) -> f64) -> Eval<Value> {
    let param = Param(name, 0, "x");
    match param.value(&mut args)? {
        Value::Int(value) => Ok(Value::Int(value)),
        Value::Float(value) => Ok(Value::Int(crate::to_i64(round(value)))),
        other => Err(param.wrong("int | float", &other)),
    }
}

fn factorial(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let param = Param("factorial", 0, "x");
    let value = param.value(&mut args)?;
    let number = match &value {
        Value::Int(number) => *number,
        Value::Float(number) if number.fract() == 0.0 => crate::to_i64(*number),
        Value::Float(_) => return Err(failure("factorial() only accepts integral values")),
        other => return Err(param.wrong("int", other)),
    };
    if number < 0 {
        return Err(failure("factorial() only accepts integral values"));
    }
    let mut product = 1_i64;
    for factor in 2..=number {
        let next = product.checked_mul(factor);
        product = next.ok_or_else(|| failure("factorial() result overflow"))?;
    }
    Ok(match value {
        Value::Float(_) => Value::Float(as_f64(product)),
        _ => Value::Int(product),
    })
}

fn gcd(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let mut a = Param("gcd", 0, "a").int(&mut args)?.unsigned_abs();
    let mut b = Param("gcd", 1, "b").int(&mut args)?.unsigned_abs();
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    i64::try_from(a).map(Value::Int).map_err(|_too_large| failure("gcd() result overflow"))
}

/// The natural logarithm, or that to a base. As in the reference, that of an integer is the
/// integer below it.
fn log(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let param = Param("log", 0, "x");
    let number = param.value(&mut args)?;
    let value = match &number {
        Value::Int(value) => as_f64(*value),
        Value::Float(value) => *value,
        other => return Err(param.wrong("int | float", other)),
    };
    let base = match Param("log", 1, "e").opt_value(&mut args).or_else(|| args.take(1, "base")) {
        None => return Ok(below(&number, value.ln())),
        Some(Value::Int(base)) => as_f64(base),
        Some(Value::Float(base)) => base,
        Some(other) => return Err(Param("log", 1, "base").wrong("int | float", &other)),
    };
    Ok(Value::Float(match base {
        2.0 => value.log2(),
        10.0 => value.log10(),
        base => value.ln() / base.ln(),
    }))
}

fn log2(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let param = Param("log2", 0, "x");
    match param.value(&mut args)? {
        number @ Value::Int(value) => Ok(below(&number, as_f64(value).log2())),
        Value::Float(value) => Ok(Value::Float(value.log2())),
        other => Err(param.wrong("int | float", &other)),
    }
}

/// Returns a logarithm of `number`.
fn below(number: &Value, log: f64) -> Value {
    match number {
        Value::Int(_) if log.is_finite() => Value::Int(crate::to_i64(log.floor())),
        _ => Value::Float(log),
    }
}

fn modf(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let value = Param("modf", 0, "x").number(&mut args)?;
    Ok(Value::list(vec![Value::Float(value.fract()), Value::Float(value.trunc())]))
}

fn pow(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let base = Param("pow", 0, "x").value(&mut args)?;
    let power = Param("pow", 1, "y").value(&mut args)?;
    if let (Value::Int(base), Value::Int(power)) = (&base, &power)
        && let Ok(power) = u32::try_from(*power)
    {
        let result = base.checked_pow(power);
        return result.map(Value::Int).ok_or_else(|| failure("pow() result overflow"));
    }
    let mut both = Args { positional: vec![base, power], ..Args::default() };
    let base = Param("pow", 0, "x").number(&mut both)?;
    let power = Param("pow", 1, "y").number(&mut both)?;
    Ok(Value::Float(base.powf(power)))
}
