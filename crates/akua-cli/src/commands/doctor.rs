//! `akua doctor`.

use crate::environment::home;
use crate::print::Printer;
use akua_ops::Exit;
use akua_ops::doctor::{Status, run};

pub(crate) fn run_doctor(printer: &Printer) -> Exit {
    let health = run(&home(true));
    let exit = match health.status {
        Status::Ok | Status::Warn => Exit::Success,
        Status::Fail => Exit::System,
    };
    if printer.json {
        return exit.max(printer.document(&health));
    }
    let mut lines = vec![format!("akua {} on {}", health.version, health.platform)];
    let width = health.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    for check in &health.checks {
        let (word, name) = (check.status.word(), &check.name);
        lines.push(format!("  {word:<4}  {name:<width$}  {}", check.found));
        lines.extend(
            check.help.as_ref().map(|help| format!("  {:<4}  {:<width$}  help: {help}", "", "")),
        );
    }
    lines.iter().map(|line| printer.line(line)).fold(exit, Exit::max)
}
