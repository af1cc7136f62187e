//! Flags of limits: one for each row of the table.

use akua_ops::{Budget, LimitOptions, Row, TABLE};
use clap::builder::ValueParser;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};

/// Limits of a render.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits(pub(crate) LimitOptions);

/// Limits of plain KCL: there are no engines, nested packages and objects.
#[derive(Debug, Clone, Default)]
pub(crate) struct EvalLimits(pub(crate) LimitOptions);

/// The limits of `eval`.
const EVAL: [Budget; 8] = [
    Budget::Fuel,
    Budget::Timeout,
    Budget::WorkerTimeout,
    Budget::WorkerMemory,
    Budget::RenderMemory,
    Budget::Output,
    Budget::Files,
    Budget::Read,
];

impl Args for Limits {
    fn augment_args(command: Command) -> Command {
        TABLE.iter().fold(command, |command, row| command.arg(flag(row)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Limits {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self(read(matches, &|_| true)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for EvalLimits {
    fn augment_args(command: Command) -> Command {
        EVAL.iter().fold(command, |command, budget| command.arg(flag(budget.row())))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for EvalLimits {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self(read(matches, &|budget| EVAL.contains(&budget))))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Returns the flag of a limit.
fn flag(row: &'static Row) -> Arg {
    let default = row.default.map_or("none".to_owned(), |amount| row.unit.show(amount));
    let help = format!("{} [default: {default}]", capital(row.about));
    let parse = |text: &str| {
        let amount = row.unit.parse(text)?;
        let most = || format!("expected at most {}", row.unit.show(row.most));
        if amount <= row.most { Ok(amount) } else { Err(most()) }
    };
    Arg::new(row.name)
        .long(row.flag.trim_start_matches('-'))
        .value_name("AMOUNT")
        .value_parser(ValueParser::new(parse))
        .help(help)
        .help_heading("Limits")
}

fn read(matches: &ArgMatches, has: &dyn Fn(Budget) -> bool) -> LimitOptions {
    let rows = TABLE.iter().filter(|row| has(row.budget));
    let set = rows.filter_map(|row| Some((row.budget, *matches.get_one::<u64>(row.name)?)));
    LimitOptions { amounts: set.collect() }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
