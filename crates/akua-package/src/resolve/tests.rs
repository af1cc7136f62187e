use super::*;
use akua_manifest::other_spelling;

/// A catalog in memory: lines `SOURCE TAG: SOURCE REQUIREMENT, …`; `!` before a tag withdraws it.
struct Lines<'t> {
    lines: &'t str,
    locked: &'t [(&'t str, &'t str)],
}

#[derive(Debug, thiserror::Error)]
#[error("nobody knows `{0}`")]
struct Unknown(String);

fn asks(text: &str) -> Vec<Ask> {
    let parts = text.split(", ").filter(|part| !part.is_empty());
    let ask = |part: &str| {
        let (key, requirement) = part.split_once(' ').expect(part);
        let requirement = (requirement != "-").then(|| Requirement::new(requirement).expect(part));
        Ask { key: SourceKey::locked(key), requirement }
    };
    parts.map(ask).collect()
}

impl Lines<'_> {
    fn of<'t>(&'t self, key: &'t SourceKey) -> impl Iterator<Item = (&'t str, &'t str)> {
        self.lines.lines().filter_map(move |line| {
            let (head, asks) = line.trim().split_once(':')?;
            let (name, tag) = head.split_once(' ')?;
            (name == key.as_str()).then_some((tag, asks.trim()))
        })
    }
}

impl Catalog for Lines<'_> {
    type Error = Unknown;

    fn candidates(&mut self, key: &SourceKey) -> Result<Vec<Candidate>, Unknown> {
        let found: Vec<_> = self
            .of(key)
            .map(|(tag, _)| Candidate {
                tag: tag.trim_start_matches('!').to_owned(),
                yanked: tag.starts_with('!'),
            })
            .collect();
        if found.is_empty() { Err(Unknown(key.to_string())) } else { Ok(found) }
    }

    fn spelling(&mut self, key: &SourceKey, wanted: &Requirement) -> Result<String, Unknown> {
        let has = |tag: &&str| self.of(key).any(|(found, _)| found.trim_start_matches('!') == *tag);
        let other = other_spelling(wanted.as_str());
        let found = [Some(wanted.as_str()), other.as_deref()].into_iter().flatten().find(has);
        Ok(found.unwrap_or(wanted.as_str()).to_owned())
    }

    fn asks(&mut self, key: &SourceKey, tag: &str, _: bool) -> Result<Option<Vec<Ask>>, Unknown> {
        let tag = if tag.is_empty() { "-" } else { tag };
        let found = self.of(key).find(|(found, _)| found.trim_start_matches('!') == tag);
        found.map(|(_, text)| Some(asks(text))).ok_or_else(|| Unknown(format!("{key} {tag}")))
    }

    fn locked(&self, key: &SourceKey) -> Option<String> {
        let found = self.locked.iter().find(|(name, _)| *name == key.as_str());
        found.map(|(_, tag)| (*tag).to_owned())
    }
}

fn solve(root: &str, lines: &str, locked: &[(&str, &str)]) -> String {
    match resolve("app", &asks(root), &mut Lines { lines, locked }) {
        Ok(chosen) => {
            let shown = chosen.iter().map(|(key, tag)| format!("{key} {tag}").trim().to_owned());
            shown.collect::<Vec<_>>().join(", ")
        }
        Err(ResolveError::Conflict { chain }) => chain.join("\n"),
        Err(ResolveError::Catalog(error)) => error.to_string(),
    }
}

fn check(root: &str, lines: &str, expected: &str) {
    assert_eq!(solve(root, lines, &[]), expected, "{root}\n{lines}");
}

const WEB: &str = "web 1.0.0: base ^1\nweb 1.2.0: base ^2\nweb 2.0.0-rc.1:\nbase 1.0.0:\nbase 1.9.0:\nbase 2.1.0:\n";

#[test]
fn the_highest_version_that_all_accept() {
    check("web ^1", WEB, "base 2.1.0, web 1.2.0");
    check("web ^1, base ^1", WEB, "base 1.9.0, web 1.0.0");
    check("web 1.0.0", WEB, "base 1.9.0, web 1.0.0");
    check("web *", WEB, "base 2.1.0, web 1.2.0");
    check("web >=2.0.0-0", WEB, "web 2.0.0-rc.1");
}

#[test]
fn sources_with_one_version() {
    check(
        "git+x -, dir -",
        "git+x -: dir -\ndir -: base *\nbase 1.0.0:\n",
        "base 1.0.0, dir, git+x",
    );
}

#[test]
fn tags_with_a_prefix_are_versions() {
    check("a ^1", "a v1.0.0:\na v1.1.0:\n", "a v1.1.0");
    check("a 1.0.0", "a 1.0.0:\na v1.0.0:\n", "a 1.0.0");
    check("a v1.0.0", "a 1.0.0:\na v1.0.0:\n", "a v1.0.0");
    check("a 1.0.0", "a v1.0.0:\n", "a v1.0.0");
    check("a v1.0.0, a ^1", "a 1.0.0:\n", "a 1.0.0");
}

#[test]
fn tags_that_move_are_no_versions() {
    let lines = "a 1.2.0:\na 1.2:\na 1:\na 20240101:\nb 1.0.0: a ^1.2\n";
    check("a ^1.2", lines, "a 1.2.0");
    check("a >=1.0", lines, "a 1.2.0");
    check("a 1.2.0, b ^1", lines, "a 1.2.0, b 1.0.0");
}

#[test]
fn what_is_locked_stays_where_it_fits() {
    assert_eq!(solve("web ^1", WEB, &[("web", "1.0.0")]), "base 1.9.0, web 1.0.0");
    assert_eq!(solve("web ^1", WEB, &[("base", "1.0.0")]), "base 2.1.0, web 1.2.0");
    assert_eq!(solve("base 2.1.0", WEB, &[("base", "1.0.0")]), "base 2.1.0");
}

#[test]
fn withdrawn_versions_are_left_out() {
    let lines = "a 1.0.0:\na !1.1.0:\n";
    check("a ^1", lines, "a 1.0.0");
    check("a 1.1.0", lines, "a 1.1.0");
    assert_eq!(solve("a ^1", lines, &[("a", "1.1.0")]), "a 1.1.0");
}

#[test]
fn a_conflict_names_who_asks_for_what() {
    check(
        "web 1.2.0, base ^1",
        WEB,
        "`web` asks for `base` ^2\n`app` asks for `web` 1.2.0\n`app` asks for `base` ^1",
    );
    check("base ^3", WEB, "`app` asks for `base` ^3; there are 2.1.0, 1.9.0, 1.0.0");
    check("none ^3", WEB, "nobody knows `none`");
}
