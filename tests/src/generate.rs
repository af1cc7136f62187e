//! Writes KCL programs: a seed gives a program, always the same one.
//!
//! Most of them evaluate: expressions are written for a type, names are in scope. Some have a
//! mistake on purpose. What they are for is comparing two implementations.
//!
//! **Invariant:** a change here changes what every seed means; a finding is kept as a program,
//! never as a seed.

mod collection;
mod expression;
mod instance;
mod number;
mod random;
mod schema;
mod statement;
mod text;
mod types;

use random::Random;
use schema::Schema;
use types::Type;

/// How deep expressions nest.
const DEPTH: u32 = 3;
/// One in this many programs has mistakes.
const FLAWED: u64 = 6;
/// One in this many expressions of a flawed program is of another type.
const SLIP: u64 = 60;

/// Returns the program of a seed.
pub fn program(seed: u64) -> String {
    let mut generator = Generator::new(seed);
    generator.write();
    generator.lines.join("\n") + "\n"
}

/// A name in scope.
#[derive(Debug, Clone)]
struct Name {
    text: String,
    kind: Type,
}

/// A lambda that was defined.
#[derive(Debug, Clone)]
struct Lambda {
    name: String,
    parameters: Vec<Type>,
    result: Type,
}

/// State of the writer.
#[derive(Debug)]
struct Generator {
    random: Random,
    flawed: bool,
    names: Vec<Name>,
    schemas: Vec<Schema>,
    lambdas: Vec<Lambda>,
    lines: Vec<String>,
    fresh: usize,
}

impl Generator {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let flawed = random.chance(FLAWED);
        Self {
            random,
            flawed,
            names: Vec::new(),
            schemas: Vec::new(),
            lambdas: Vec::new(),
            lines: Vec::new(),
            fresh: 0,
        }
    }

    /// Returns a number below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    /// Returns true once in so many times.
    fn chance(&mut self, times: u64) -> bool {
        self.random.chance(times)
    }

    /// Returns true, in a flawed program, once in so many times.
    fn slip(&mut self, times: u64) -> bool {
        self.flawed && self.random.chance(times)
    }

    /// Returns one of some things.
    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        self.random.pick(from)
    }

    /// Returns a name that nothing has.
    fn fresh(&mut self, prefix: &str) -> String {
        self.fresh += 1;
        format!("{prefix}{}", self.fresh)
    }

    /// Writes with more names in scope.
    fn within<R>(&mut self, names: Vec<Name>, write: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.names.len();
        self.names.extend(names);
        let result = write(self);
        self.names.truncate(before);
        result
    }

    /// Returns some expressions of a type, between two bounds.
    fn several(&mut self, kind: &Type, from: u64, to: u64, depth: u32) -> Vec<String> {
        let count = from + self.below(to - from + 1);
        (0..count).map(|_| self.expression(kind, depth)).collect()
    }
}

/// Indents lines by one block.
fn indented(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| format!("    {}", line.replace('\n', "\n    "))).collect()
}
