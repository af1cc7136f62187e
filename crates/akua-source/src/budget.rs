//! What a render may use: every limit, in one table. `docs/limits.md` is made from it.

use std::time::Duration;

/// A limit that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Budget {
    /// Instructions of all Stores of the render, in wasmtime's fuel.
    Fuel,
    /// Time of the whole render.
    Timeout,
    /// The worker's own time: its clock stands while an engine or a nested package runs.
    WorkerTimeout,
    /// Time of one engine call.
    EngineTimeout,
    /// Memory of one worker Store.
    WorkerMemory,
    /// Memory of one engine Store.
    EngineMemory,
    /// Memory over all live Stores of the render, and what the host keeps for them.
    RenderMemory,
    /// Worker Stores that may be live at once: one, and one for each nested package.
    Depth,
    /// What a guest returns, and what all objects have together.
    Output,
    /// Objects of the render.
    Resources,
    /// Files that are read, each once however often it is read.
    Files,
    /// Bytes of these files.
    Read,
    /// One direction of one call over the bridge.
    Bridge,
}

/// In what a limit is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Units of fuel, or things.
    Count,
    /// Milliseconds.
    Time,
    /// Bytes.
    Bytes,
}

/// A limit.
#[derive(Debug)]
pub struct Row {
    /// Which one.
    pub budget: Budget,
    /// Its field in `[budgets]` of a policy.
    pub name: &'static str,
    /// In what it is counted.
    pub unit: Unit,
    /// What holds if nobody says anything; `None` counts without a cap.
    pub default: Option<u64>,
    /// The most that can be set.
    pub most: u64,
    /// Its flag.
    pub flag: &'static str,
    /// The code of who breaks it, and the reason code of the event.
    pub code: &'static str,
    /// What it bounds, and where the default comes from.
    pub about: &'static str,
}

/// A limit that is what it is.
#[derive(Debug)]
pub struct Fixed {
    /// What it is called.
    pub name: &'static str,
    /// Its value.
    pub value: &'static str,
    /// The code of who breaks it.
    pub code: &'static str,
    /// What it bounds, and why it cannot be set.
    pub about: &'static str,
}

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const MIB: u64 = 1 << 20;
/// Addresses of a guest: 32 bits.
const ADDRESSES: u64 = 4 << 30;

/// All limits that can be set, in the order of [`Budget`].
pub const TABLE: [Row; 13] = [
    Row {
        budget: Budget::Fuel,
        name: "fuel",
        unit: Unit::Count,
        default: None,
        most: u64::MAX,
        flag: "--fuel",
        code: "E_BUDGET_FUEL",
        about: "instructions of all Stores together; the same number on every run and machine",
    },
    Row {
        budget: Budget::Timeout,
        name: "timeout",
        unit: Unit::Time,
        default: Some(60 * SECOND),
        most: HOUR,
        flag: "--timeout",
        code: "E_BUDGET_DEADLINE",
        about: "the whole render: two engine calls at their limit",
    },
    Row {
        budget: Budget::WorkerTimeout,
        name: "worker_timeout",
        unit: Unit::Time,
        default: Some(3 * SECOND),
        most: HOUR,
        flag: "--worker-timeout",
        code: "E_BUDGET_DEADLINE",
        about: "a program's own time: 30 ticks of 100 ms; its clock stands while it waits",
    },
    Row {
        budget: Budget::EngineTimeout,
        name: "engine_timeout",
        unit: Unit::Time,
        default: Some(30 * SECOND),
        most: HOUR,
        flag: "--engine-timeout",
        code: "E_BUDGET_DEADLINE",
        about: "one engine call: argo-cd takes 0.1 s, a machine 100 times slower still renders it",
    },
    Row {
        budget: Budget::WorkerMemory,
        name: "worker_memory",
        unit: Unit::Bytes,
        default: Some(256 * MIB),
        most: ADDRESSES,
        flag: "--worker-memory",
        code: "E_BUDGET_MEMORY",
        about: "one worker Store: the largest public KCL packages take some 100 MiB",
    },
    Row {
        budget: Budget::EngineMemory,
        name: "engine_memory",
        unit: Unit::Bytes,
        default: Some(512 * MIB),
        most: ADDRESSES,
        flag: "--engine-memory",
        code: "E_BUDGET_MEMORY",
        about: "one engine Store: argo-cd, the largest chart measured, takes 107 MiB",
    },
    Row {
        budget: Budget::RenderMemory,
        name: "render_memory",
        unit: Unit::Bytes,
        default: Some(1024 * MIB),
        most: 1 << 40,
        flag: "--render-memory",
        code: "E_BUDGET_MEMORY",
        about: "all live Stores, and files and objects that the host holds for them",
    },
    Row {
        budget: Budget::Depth,
        name: "depth",
        unit: Unit::Count,
        default: Some(16),
        most: 64,
        flag: "--max-depth",
        code: "E_RENDER_BUDGET_DEPTH",
        about: "packages that render packages",
    },
    Row {
        budget: Budget::Output,
        name: "output",
        unit: Unit::Bytes,
        default: Some(64 * MIB),
        most: 1024 * MIB,
        flag: "--max-output",
        code: "E_BUDGET_OUTPUT",
        about: "what a guest returns, and all objects together: bundles of CRDs have below 20 MiB",
    },
    Row {
        budget: Budget::Resources,
        name: "resources",
        unit: Unit::Count,
        default: Some(20_000),
        most: 1_000_000,
        flag: "--max-resources",
        code: "E_BUDGET_RESOURCES",
        about: "objects of the render",
    },
    Row {
        budget: Budget::Files,
        name: "files",
        unit: Unit::Count,
        default: Some(20_000),
        most: 1_000_000,
        flag: "--max-files",
        code: "E_BUDGET_READ",
        about: "files that are read, over all packages and engines: large charts have some 2,000",
    },
    Row {
        budget: Budget::Read,
        name: "read",
        unit: Unit::Bytes,
        default: Some(256 * MIB),
        most: 1024 * MIB,
        flag: "--max-read",
        code: "E_BUDGET_READ",
        about: "bytes of these files",
    },
    Row {
        budget: Budget::Bridge,
        name: "bridge",
        unit: Unit::Bytes,
        default: Some(64 * MIB),
        most: 1024 * MIB,
        flag: "--max-bridge",
        code: "E_BUDGET_BRIDGE",
        about: "one direction of one call from a program to the host",
    },
];

/// Limits that cannot be set.
pub const FIXED: [Fixed; 8] = [
    Fixed {
        name: "wasm stack",
        value: "4 MiB",
        code: "E_BUDGET_STACK",
        about: "compiled into the engine; helm's 1,000 levels of `include` need it",
    },
    Fixed {
        name: "KCL call depth",
        value: "390",
        code: "E_KCL_DEPTH",
        about: "calls in progress of one program: some 512 KiB of the stack",
    },
    Fixed {
        name: "KCL steps",
        value: "4,000 a millisecond of `worker_timeout`",
        code: "E_KCL_STEPS",
        about: "a fifth of what a quiet machine does in that time: fails with a place in the program",
    },
    Fixed {
        name: "instances, memories",
        value: "1 and 1 a Store",
        code: "E_INTERNAL",
        about: "guests are built with so many",
    },
    Fixed {
        name: "tables and elements",
        value: "as built",
        code: "E_BUDGET_TABLES",
        about: "no table grows after the start",
    },
    Fixed {
        name: "standard output and error of a guest",
        value: "64 KiB each a Store, 1 MiB a render",
        code: "",
        about: "what is more is dropped: a program does not fail because it prints much",
    },
    Fixed {
        name: "errors, and warnings, of a program that are told",
        value: "100 each",
        code: "",
        about: "each is laid out with its source, which takes time that no deadline bounds",
    },
    Fixed {
        name: "one file that a program reads",
        value: "64 MiB",
        code: "E_KCL_EVAL",
        about: "a guest has to hold it",
    },
];

impl Budget {
    /// Returns its row.
    pub fn row(self) -> &'static Row {
        // The table has them in the order of the enum, which a test checks.
        let [first, ..] = &TABLE;
        TABLE.iter().find(|row| row.budget == self).unwrap_or(first)
    }
}

impl Unit {
    /// Reads an amount: `90s`, `256MiB`, `20000`; underscores may stand between digits.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(self, text: &str) -> Result<u64, String> {
        let at = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
        let (number, suffix) = text.split_at_checked(at).unwrap_or((text, ""));
        let number: Option<u64> = number.replace('_', "").parse().ok();
        let amount = match (self, suffix) {
            (Self::Count, "") | (Self::Time, "ms") | (Self::Bytes, "B") => number,
            (Self::Time, "us" | "µs") => number.map(|micros| micros.div_ceil(1_000)),
            (Self::Time, "s") => number.and_then(|n| n.checked_mul(SECOND)),
            (Self::Time, "m") => number.and_then(|n| n.checked_mul(60 * SECOND)),
            (Self::Time, "h") => number.and_then(|n| n.checked_mul(HOUR)),
            (Self::Bytes, "KiB") => number.and_then(|n| n.checked_mul(1 << 10)),
            (Self::Bytes, "MiB") => number.and_then(|n| n.checked_mul(MIB)),
            (Self::Bytes, "GiB") => number.and_then(|n| n.checked_mul(1 << 30)),
            _ => None,
        };
        amount.filter(|amount| *amount > 0).ok_or_else(|| format!("expected {}", self.expected()))
    }

    /// Writes an amount as [`Unit::parse`] reads it.
    pub fn show(self, amount: u64) -> String {
        let units: &[(u64, &str)] = match self {
            Self::Count => return amount.to_string(),
            Self::Time => &[(HOUR, "h"), (60 * SECOND, "m"), (SECOND, "s"), (1, "ms")],
            Self::Bytes => &[(1 << 30, "GiB"), (MIB, "MiB"), (1 << 10, "KiB"), (1, "B")],
        };
        let fits = |(size, _): &&(u64, &str)| amount >= *size && amount.is_multiple_of(*size);
        let (size, name) = units.iter().find(fits).copied().unwrap_or((1, ""));
        format!("{}{name}", amount.checked_div(size).unwrap_or(amount))
    }

    /// Says what an amount looks like.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Count => "a whole number above zero, such as 20000",
            Self::Time => "a whole number and a unit of us, ms, s, m or h, such as 90s",
            Self::Bytes => "a whole number and a unit of B, KiB, MiB or GiB, such as 256MiB",
        }
    }
}

/// A value for each limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budgets([Option<u64>; TABLE.len()]);

impl Default for Budgets {
    fn default() -> Self {
        Self(std::array::from_fn(|at| TABLE.get(at).and_then(|row| row.default)))
    }
}

impl Budgets {
    /// Returns a limit; `None` is none, which only fuel can be.
    pub fn get(&self, budget: Budget) -> Option<u64> {
        let at = TABLE.iter().position(|row| row.budget == budget)?;
        self.0.get(at).copied().flatten()
    }

    /// Returns a limit that there always is.
    pub fn amount(&self, budget: Budget) -> u64 {
        self.get(budget).unwrap_or(u64::MAX)
    }

    /// Returns a limit as a number of things in memory.
    pub fn size(&self, budget: Budget) -> usize {
        usize::try_from(self.amount(budget)).unwrap_or(usize::MAX)
    }

    /// Returns a limit in time.
    pub fn time(&self, budget: Budget) -> Duration {
        Duration::from_millis(self.amount(budget))
    }

    /// Sets a limit, at most to what can be set.
    pub fn set(&mut self, budget: Budget, amount: u64) {
        let at = TABLE.iter().position(|row| row.budget == budget);
        if let Some(slot) = at.and_then(|at| self.0.get_mut(at)) {
            *slot = Some(amount.min(budget.row().most));
        }
    }

    /// Sets a limit, unless it is lower already.
    pub fn tighten(&mut self, budget: Budget, amount: u64) {
        self.set(budget, self.amount(budget).min(amount));
    }
}

#[cfg(test)]
mod tests;
