//! The module `datetime`: the World's frozen clock, in UTC, and the checking of dates.

mod clock;
mod validate;

use crate::args::{Param, failure};
use clock::Time;
use kcl_eval::Interp;
use kcl_eval::library::{Args, Eval, Native, function};
use kcl_eval::value::Value;

/// Its members.
pub(crate) const NATIVES: &[Native] = &[
    function("date", |interp, _| clock_text(interp, "%Y-%m-%d %H:%M:%S")),
    function("is_iso8601", is_iso8601),
    function("is_rfc3339", is_rfc3339),
    function("now", now),
    function("ticks", |interp, _| Ok(Value::Float(interp.world.now().trunc()))),
    function("today", |interp, _| clock_text(interp, "%Y-%m-%d %H:%M:%S.%s")),
    function("validate", validate_date),
];

fn clock_text(interp: &Interp<'_>, format: &str) -> Eval<Value> {
    let time = Time::from_seconds(interp.world.now());
    let text = time.format(format);
    text.map(Value::str).map_err(|directive| failure(format!("unknown directive `{directive}`")))
}

fn now(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let format = Param("now", 0, "format").opt_text(&mut args)?;
    clock_text(interp, format.as_deref().unwrap_or("%a %b %d %H:%M:%S %Y"))
}

fn validate_date(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let date = Param("validate", 0, "date").text(&mut args)?;
    let format = Param("validate", 1, "format").text(&mut args)?;
    Ok(Value::Bool(validate::fits(&date, &format)))
}

fn is_rfc3339(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("is_rfc3339", 0, "date").text(&mut args)?;
    Ok(Value::Bool(validate::is_rfc3339(&text, true)))
}

fn is_iso8601(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("is_iso8601", 0, "date").text(&mut args)?;
    Ok(Value::Bool(validate::is_rfc3339(&text, false) || validate::is_duration(&text)))
}
