//! EFFECT terminal: the binary `akua`. Arguments to a request, one call, print the outcome.
//!
//! **Invariant:** no rule about packages lives here; everything that a person reads comes from
//! `report.rs` or `print.rs`, escaped by `escape.rs`. Start with `args.rs`.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod environment;
mod escape;
mod print;
mod progress;
mod report;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return print::usage(&error),
    };
    ExitCode::from(commands::run(args).code())
}
