//! Pages of error codes: what they say, and their examples, which are run.
//!
//! # Shape
//! Behind `## Example` come blocks with fences. One whose first line names a path (as in
//! `kcl package.k`) is a file, one of `hex` in hexadecimal digits, one of `corpus` a copy of the file
//! below `tests/corpus` that it names; one of `http` is what a server at [`SERVER`] answers to whatever it
//! is asked; one of `console` has commands, each behind `$ `, and what they print. A package without
//! a manifest gets one. `<!-- no example: REASON -->` stands where there is none to run.

use crate::folder::Folder;
use crate::process::{Outcome, akua, akua_reading, root};
use crate::project::manifest;
use crate::servers::Fixed;
use anyhow::{Context, Result, bail, ensure};
use std::fs;

/// Where pages say that the server is; its port has as many digits as the real one.
const SERVER: &str = "127.0.0.1:50000";
/// Where pages say that commands run.
const HERE: &str = "/home/you/app";
/// What opens and closes a block.
const FENCE: &str = "```";

/// A page.
#[derive(Debug)]
pub struct Page {
    /// The code.
    pub code: String,
    /// The whole text.
    pub text: String,
}

impl Page {
    /// Returns what happened, in one sentence.
    pub fn summary(&self) -> String {
        let paragraph = self.text.split("\n\n").nth(1).unwrap_or_default().replace('\n', " ");
        let end = paragraph.find(". ").unwrap_or(paragraph.len());
        paragraph.get(..end).unwrap_or_default().trim_end_matches('.').to_owned()
    }

    /// Returns the exit code that the page names; none where it has none of its own.
    ///
    /// # Errors
    /// It says nothing of it.
    pub fn exit(&self) -> Result<Option<i32>> {
        let (_, rest) = self.text.split_once("\n**Exit code:** ").context("no exit code")?;
        let word = rest.lines().next().unwrap_or_default().trim_end_matches('.');
        if word == "none of its own" {
            Ok(None)
        } else {
            Ok(Some(word.parse().context("an exit code")?))
        }
    }

    /// Returns why nothing is run.
    pub fn reason(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("<!-- no example: ")?;
        rest.split_once(" -->").map(|(reason, _)| reason)
    }

    /// Checks the shape that `akua explain` relies on.
    ///
    /// # Errors
    /// What is missing.
    pub fn check(&self) -> Result<()> {
        let head = format!("# {}\n\n", self.code);
        ensure!(self.text.starts_with(&head), "the page does not begin with its code");
        ensure!(self.text.contains("\n\n**What to do.** "), "the page does not say what to do");
        ensure!(self.text.contains("\n## Example\n"), "the page has no example");
        self.exit().map(drop)
    }

    /// Runs the example, and returns the page with what the commands print now.
    ///
    /// # Errors
    /// Something cannot be run, or the last command does not end with the page's code.
    pub fn run(&self) -> Result<String> {
        let (head, example) = self.text.split_once("\n## Example\n").context("no example")?;
        let mut run = Run::new(&self.code)?;
        let mut text = format!("{head}\n## Example\n");
        let mut lines = example.lines();
        while let Some(line) = lines.next() {
            text.push_str(line);
            text.push('\n');
            let Some(info) = line.strip_prefix(FENCE) else { continue };
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != FENCE).collect();
            text.push_str(&run.block(info, &block)?);
            text.push_str(FENCE);
            text.push('\n');
        }
        let last = run.last.context("the example runs nothing")?;
        let (expected, found) = (self.exit()?.unwrap_or(0), last.code);
        ensure!(
            found == Some(expected),
            "expected exit code {expected}, found {found:?}:\n{}",
            last.stderr
        );
        let told = format!("[{}]", self.code);
        ensure!(last.stderr.contains(&told), "no `{told}` in what is printed:\n{}", last.stderr);
        Ok(text)
    }
}

/// An example that is run.
struct Run {
    folder: Folder,
    server: Option<Fixed>,
    last: Option<Outcome>,
}

impl Run {
    fn new(code: &str) -> Result<Self> {
        Ok(Self { folder: Folder::new(&format!("page-{code}"))?, server: None, last: None })
    }

    /// Does what a block says, and returns what should stand in it.
    fn block(&mut self, info: &str, lines: &[&str]) -> Result<String> {
        let text = lines.iter().flat_map(|line| [*line, "\n"]).collect::<String>();
        match info.split_once(' ') {
            None if info == "console" => return self.console(lines),
            None if info == "http" => self.server = Some(Fixed::answer(&text)?),
            None => bail!("a block of the example is neither a file nor a console: `{info}`"),
            // What no text can say.
            Some(("hex", path)) => fs::write(self.folder.path().join(path), bytes(lines)?)?,
            Some(("corpus", path)) => {
                let name = lines.first().context("the name of a file of the corpus")?;
                fs::copy(root().join("tests/corpus").join(name), self.folder.path().join(path))?;
            }
            Some((_, path)) => {
                if path.ends_with("package.k") && !self.folder.path().join("akua.toml").exists() {
                    self.folder.write("akua.toml", &manifest("app", ""))?;
                }
                self.folder.write(path, &self.really(&text))?;
            }
        }
        Ok(text)
    }

    fn console(&mut self, lines: &[&str]) -> Result<String> {
        let mut text = String::new();
        for line in lines.iter().filter_map(|line| line.strip_prefix("$ ")) {
            let printed = self.command(line)?;
            text.extend(["$ ", line, "\n", &printed]);
        }
        Ok(text)
    }

    /// Runs a command, and returns what it prints.
    fn command(&mut self, line: &str) -> Result<String> {
        let line = self.really(line);
        let words: Vec<&str> = line.split_whitespace().collect();
        let here = self.folder.path().to_path_buf();
        let outcome = match words.as_slice() {
            ["ln", "-s", target, path] => {
                std::os::unix::fs::symlink(target, here.join(path))?;
                return Ok(String::new());
            }
            ["akua", arguments @ .., "<", path] => {
                akua_reading(&fs::read(here.join(path))?, arguments, &here)?
            }
            ["akua", arguments @ ..] => akua(arguments, &here)?,
            _ => bail!("an example cannot run `{line}`"),
        };
        let printed = format!("{}{}", String::from_utf8_lossy(&outcome.stdout), outcome.stderr);
        let mut shown = printed.replace(&here.display().to_string(), HERE);
        if let Some(server) = &self.server {
            shown = shown.replace(&server.host, SERVER);
        }
        if !shown.is_empty() && !shown.ends_with('\n') {
            shown.push('\n');
        }
        self.last = Some(outcome);
        Ok(shown)
    }

    /// Returns a text with the server's real address.
    fn really(&self, text: &str) -> String {
        match &self.server {
            Some(server) => text.replace(SERVER, &server.host),
            None => text.to_owned(),
        }
    }
}

/// Returns the bytes of lines of hexadecimal digits.
fn bytes(lines: &[&str]) -> Result<Vec<u8>> {
    let words = lines.iter().flat_map(|line| line.split_whitespace());
    words.map(|word| u8::from_str_radix(word, 16).context("a byte in hexadecimal digits")).collect()
}
