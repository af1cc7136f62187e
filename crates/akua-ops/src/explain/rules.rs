//! The rules that events name. `docs/events.md` is made from this table.

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    /// Its id.
    pub(super) id: &'static str,
    /// What it decides.
    pub(super) meaning: &'static str,
}

/// All rules.
pub(super) static RULES: [Rule; 38] = [
    Rule { id: "render.start", meaning: "a render begins, with these limits" },
    Rule { id: "render.result", meaning: "the render ends" },
    Rule { id: "render.program", meaning: "the program, a chart or an overlay is at fault" },
    Rule { id: "render.cycle", meaning: "packages may not render each other in a cycle" },
    Rule {
        id: "mount.read",
        meaning: "a program sees the files of its package and of each declared dependency, to read",
    },
    Rule { id: "store.run", meaning: "a Store of its own ran and gave a result" },
    Rule { id: "call.helm.template", meaning: "a program renders a chart" },
    Rule { id: "call.kustomize.build", meaning: "a program builds an overlay" },
    Rule { id: "call.pkg.render", meaning: "a program renders a package that it depends on" },
    Rule {
        id: "path.guard",
        meaning: "a path has to stay in the package or in a declared dependency",
    },
    Rule { id: "strict.chart", meaning: "with --strict a chart is a dependency, not a path" },
    Rule { id: "lock.digest", meaning: "a dependency has to be the one that the lock vouches for" },
    Rule {
        id: "sandbox.world",
        meaning: "a program reads its files and nothing else of the machine",
    },
    Rule { id: "sandbox.files", meaning: "a file has to be readable" },
    Rule { id: "sandbox.bridge", meaning: "a call over the bridge has to be well-formed" },
    Rule { id: "sandbox.guest", meaning: "a guest has to end as it was built to" },
    Rule {
        id: "world.clock",
        meaning: "a program read the clock, which stands at 2024-01-01T00:00:00Z",
    },
    Rule {
        id: "world.entropy",
        meaning: "a program drew random bytes, which follow from the seed",
    },
    Rule { id: "policy.engines", meaning: "the policy says which engines may run" },
    Rule {
        id: "policy.modules",
        meaning: "the policy says which standard modules may be imported",
    },
    Rule { id: "budget.fuel", meaning: "instructions of all Stores are limited" },
    Rule { id: "budget.timeout", meaning: "the time of a render is limited" },
    Rule { id: "budget.worker_timeout", meaning: "a program's own time is limited" },
    Rule { id: "budget.engine_timeout", meaning: "the time of an engine call is limited" },
    Rule { id: "budget.worker_memory", meaning: "the memory of a program is limited" },
    Rule { id: "budget.engine_memory", meaning: "the memory of an engine is limited" },
    Rule { id: "budget.render_memory", meaning: "the memory of all Stores together is limited" },
    Rule { id: "budget.depth", meaning: "packages render packages only so deep" },
    Rule {
        id: "budget.output",
        meaning: "what a guest returns, and all objects, are limited in bytes",
    },
    Rule { id: "budget.resources", meaning: "the number of objects is limited" },
    Rule { id: "budget.files", meaning: "the number of files that are read is limited" },
    Rule { id: "budget.read", meaning: "the bytes that are read are limited" },
    Rule { id: "budget.bridge", meaning: "what goes over the bridge is limited" },
    Rule { id: "budget.stack", meaning: "the stack of a guest is limited" },
    Rule { id: "budget.tables", meaning: "tables of a guest do not grow" },
    Rule { id: "budget.kcl_steps", meaning: "the steps of a program are limited" },
    Rule { id: "budget.kcl_depth", meaning: "calls of a program nest only so deep" },
    Rule { id: "budget.kcl_memory", meaning: "the values of a program are limited" },
];

/// Returns the rule of an id.
pub(super) fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    #[test]
    fn the_page_has_the_rules() {
        let mut table = String::from("| rule | what it decides |\n|---|---|\n");
        for Rule { id, meaning } in &RULES {
            writeln!(table, "| `{id}` | {meaning} |").expect("a String takes it");
        }
        crate::page::check("events.md", "rules", &table);
    }
}
