//! The module `units`.

use crate::args::Param;
use crate::to_i64;
use kcl_eval::library::{Args, Eval, Native, constant, function};
use kcl_eval::value::Value;

/// Its members; the type `NumberMultiplier` is the checker's.
pub(crate) const NATIVES: &[Native] = &[
    constant("n", || Value::Float(1e-9)),
    constant("u", || Value::Float(1e-6)),
    constant("m", || Value::Float(1e-3)),
    constant("k", || Value::Int(1_000)),
    constant("K", || Value::Int(1_000)),
    constant("M", || Value::Int(1_000_000)),
    constant("G", || Value::Int(1_000_000_000)),
    constant("T", || Value::Int(1_000_000_000_000)),
    constant("P", || Value::Int(1_000_000_000_000_000)),
    constant("Ki", || Value::Int(1 << 10)),
    constant("Mi", || Value::Int(1 << 20)),
    constant("Gi", || Value::Int(1 << 30)),
    constant("Ti", || Value::Int(1 << 40)),
    constant("Pi", || Value::Int(1 << 50)),
    function("to_n", |_, args| to("n", Scale::Times(1_000_000_000), args)),
    function("to_u", |_, args| to("u", Scale::Times(1_000_000), args)),
    function("to_m", |_, args| to("m", Scale::Times(1_000), args)),
    function("to_K", |_, args| to("K", Scale::Over(1_000), args)),
    function("to_M", |_, args| to("M", Scale::Over(1_000_000), args)),
    function("to_G", |_, args| to("G", Scale::Over(1_000_000_000), args)),
    function("to_T", |_, args| to("T", Scale::Over(1_000_000_000_000), args)),
    function("to_P", |_, args| to("P", Scale::Over(1_000_000_000_000_000), args)),
    function("to_Ki", |_, args| to("Ki", Scale::Over(1 << 10), args)),
    function("to_Mi", |_, args| to("Mi", Scale::Over(1 << 20), args)),
    function("to_Gi", |_, args| to("Gi", Scale::Over(1 << 30), args)),
    function("to_Ti", |_, args| to("Ti", Scale::Over(1 << 40), args)),
    function("to_Pi", |_, args| to("Pi", Scale::Over(1 << 50), args)),
];

/// How a number becomes a count of units.
#[derive(Debug, Clone, Copy)]
enum Scale {
    Times(i64),
    Over(i64),
}

/// Returns how many whole units a number has, as text.
fn to(unit: &'static str, scale: Scale, mut args: Args) -> Eval<Value> {
    let param = Param("to", 0, "num");
    let count = match (param.value(&mut args)?, scale) {
        (Value::None | Value::Undefined, _) => 0,
        (Value::Int(value), Scale::Times(factor)) => value.saturating_mul(factor),
        (Value::Int(value), Scale::Over(divisor)) => value.checked_div(divisor).unwrap_or(0),
        (Value::Float(value), Scale::Times(factor)) => {
            to_i64((value * kcl_eval::value::as_f64(factor)).trunc())
        }
        (Value::Float(value), Scale::Over(divisor)) => {
            to_i64((value / kcl_eval::value::as_f64(divisor)).trunc())
        }
        (other, _) => return Err(param.wrong("int | float", &other)),
    };
    Ok(Value::str(format!("{count}{unit}")))
}
