//! What a case of the hostile corpus says.

use crate::folder::names;
use crate::process::root;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One hostile package, and how it ends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Case {
    /// Its name in its file; the runner puts area and file before it.
    pub name: String,
    /// What it tries, where the name does not say it.
    pub about: String,
    /// Known problems of other tools that it is an instance of.
    pub cve: String,
    /// Text of `package.k`.
    pub program: Option<String>,
    /// The one template of a chart `charts/c`, a dependency that the package templates.
    pub template: Option<String>,
    /// `o/kustomization.yaml`, which the package builds.
    pub kustomization: Option<String>,
    /// Files by path below the package; `../outside/…` lies beside it.
    pub files: BTreeMap<String, String>,
    /// Links by path below the package.
    pub links: BTreeMap<String, String>,
    /// What is made when the case runs.
    pub generate: BTreeMap<String, Generate>,
    /// More arguments of `render`.
    pub args: Vec<String>,
    /// Whether the default limits hold, in place of a timeout of ten seconds.
    pub defaults: bool,
    /// The exit code [default: 1 with a code, else 0].
    pub exit: Option<i32>,
    /// The code with which it is refused; without one it succeeds.
    pub code: Option<String>,
    /// The code on a machine that is too busy to get so far within the time.
    pub or: Option<String>,
    /// A part of the message.
    pub message: String,
    /// What the output must have, of a case that succeeds.
    pub shows: Vec<String>,
    /// What neither output nor messages may have, besides the secret.
    pub absent: Vec<String>,
    /// Whether it is run once more for people, who must see no control characters.
    pub terminal: bool,
    /// Worker Stores that are live at once [default: 1].
    pub workers: Option<u64>,
    /// Whether it takes too long for being rendered many times.
    pub slow: bool,
}

/// What is too large or too odd to be written down.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Generate {
    /// Text many times, `{i}` in it being the number and `{j}` the one before, between two texts.
    Repeat {
        /// The text.
        text: String,
        /// How many times.
        times: usize,
        /// What comes before.
        #[serde(default)]
        head: String,
        /// What comes after.
        #[serde(default)]
        tail: String,
    },
    /// A file of zeros that takes no place on the disk.
    Sparse(u64),
    /// Bytes, in hexadecimal.
    Hex(String),
    /// A file under so many directories, each called `d`.
    Deep(usize),
    /// So many files with a text.
    Many {
        /// The text.
        text: String,
        /// How many.
        count: usize,
    },
    /// A pipe that nobody writes to.
    Pipe,
    /// A gzipped tar archive.
    Archive(Vec<Entry>),
}

/// An entry of an archive, which may say anything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Entry {
    /// Its name, as it is written into the header.
    pub name: String,
    /// Its content.
    pub text: String,
    /// So many zeros after the text.
    pub zeros: u64,
    /// Where it leads to, of a link.
    pub link: String,
    /// Whether the link is a hard one.
    pub hard: bool,
    /// How many times the entry is there; `{i}` in its name is the number.
    pub times: Option<usize>,
}

/// The cases of a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Cases {
    /// Files that all cases have.
    files: BTreeMap<String, String>,
    /// The program of all cases without one.
    program: Option<String>,
    /// The cases.
    case: Vec<Case>,
}

/// Returns all cases, each called `AREA/FILE/NAME`.
///
/// # Errors
/// If the corpus cannot be read.
pub fn cases() -> Result<Vec<Case>> {
    let corpus = root().join("tests/corpus/hostile");
    let mut all = Vec::new();
    for area in names(&corpus)? {
        for file in names(&corpus.join(&area))? {
            let path = corpus.join(&area).join(&file);
            let text = std::fs::read_to_string(&path)?;
            let cases: Cases = toml::from_str(&text).with_context(|| path.display().to_string())?;
            let stem = file.trim_end_matches(".toml");
            for mut case in cases.case {
                case.name = format!("{area}/{stem}/{}", case.name);
                for (name, text) in &cases.files {
                    case.files.entry(name.clone()).or_insert_with(|| text.clone());
                }
                case.program = case.program.or_else(|| cases.program.clone());
                all.push(case);
            }
        }
    }
    let mut seen: Vec<&str> = all.iter().map(|case| case.name.as_str()).collect();
    seen.sort_unstable();
    let twice = seen.windows(2).find(|pair| matches!(pair, [left, right] if left == right));
    ensure!(twice.is_none(), "two cases have the name {twice:?}");
    Ok(all)
}

impl Case {
    /// The exit code that it must have.
    pub fn exit_code(&self) -> i32 {
        self.exit.unwrap_or_else(|| i32::from(self.code.is_some()))
    }

    /// Returns what is given with a flag.
    pub fn argument(&self, flag: &str) -> Option<&str> {
        let at = self.args.iter().position(|argument| argument == flag)?;
        self.args.get(at + 1).map(String::as_str)
    }
}
