//! A case on the disk: the package, and what lies around it that it must not reach.

use super::case::{Case, Entry, Generate};
use crate::folder::Folder;
use crate::project::manifest;
use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::fs::{CWD, Mode, mkfifoat};
use std::fs;
use std::io::{Read as _, Write as _, repeat};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What no package may show.
pub const CANARY: &str = "canary-2f9c41d07be8";

/// Bytes of a block of a tar archive.
const BLOCK: usize = 512;

/// A directory with the package of a case in `package`, and secrets in `outside`.
#[derive(Debug)]
pub struct Ground {
    /// The directory.
    pub folder: Folder,
}

impl Ground {
    /// Makes the directory of a case.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn new(case: &Case, purpose: &str) -> Result<Self> {
        let folder = Folder::new(&format!("{purpose}-{}", case.name))?;
        let ground = Self { folder };
        ground.outside()?;
        ground.package(case)?;
        Ok(ground)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the secrets: a text, a program, a chart and an overlay.
    fn outside(&self) -> Result<()> {
        let secret = format!("secret: {CANARY}\n");
        let object = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {CANARY}}}\n");
        let chart = "apiVersion: v2\nname: outside\nversion: 0.1.0\n";
        let program = format!("secret = \"{CANARY}\"\nresources = []\n");
        let files = [
            ("secret", secret.as_str()),
            ("secret.yaml", &secret),
            ("secret.k", &program),
            ("package.k", &program),
            ("akua.toml", &manifest("outside", "")),
            ("chart/Chart.yaml", chart),
            ("chart/values.yaml", &secret),
            ("chart/templates/a.yaml", &object),
            ("overlay/kustomization.yaml", "resources: [a.yaml]\n"),
            ("overlay/a.yaml", &object),
        ];
        for (name, text) in files {
            self.folder.write(&format!("outside/{name}"), text)?;
        }
        Ok(())
    }

    /// Writes the package.
    fn package(&self, case: &Case) -> Result<()> {
        let dependency = "[dependencies]\nc = { path = \"./charts/c\" }\n";
        let rest = if case.template.is_some() { dependency } else { "" };
        self.write("akua.toml", &manifest("p", rest))?;
        if let Some(template) = &case.template {
            self.write("package.k", "import charts.c\nresources = c.template({})\n")?;
            self.write("charts/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n")?;
            self.write("charts/c/templates/a.yaml", template)?;
        }
        if let Some(kustomization) = &case.kustomization {
            let program = "import akua.kustomize\nresources = kustomize.build({path = \"o\"})\n";
            self.write("package.k", program)?;
            self.write("o/kustomization.yaml", kustomization)?;
        }
        if let Some(program) = &case.program {
            self.write("package.k", program)?;
        }
        for (name, text) in &case.files {
            self.write(name, text)?;
        }
        for (name, made) in &case.generate {
            make(&self.at(name)?, made).with_context(|| name.clone())?;
        }
        for (name, target) in &case.links {
            let path = self.at(name)?;
            if path.symlink_metadata().is_ok() {
                fs::remove_file(&path)?;
            }
            symlink(self.spelled(target), path)?;
        }
        Ok(())
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        fs::write(self.at(name)?, self.spelled(text)).with_context(|| name.to_owned())
    }

    /// Returns the path of something in the package, whose directory is there then.
    fn at(&self, name: &str) -> Result<PathBuf> {
        let path = self.path().join("package").join(name);
        fs::create_dir_all(path.parent().context("a parent")?)?;
        Ok(path)
    }

    /// Fills in where the secrets are.
    fn spelled(&self, text: &str) -> String {
        let outside = self.path().join("outside");
        text.replace("$OUTSIDE", &outside.display().to_string())
    }
}

/// Makes what a case does not write down.
fn make(path: &Path, what: &Generate) -> Result<()> {
    match what {
        Generate::Repeat { text, times, head, tail } => {
            let mut all = head.clone();
            for at in 0..*times {
                all.push_str(&numbered(text, at));
            }
            all.push_str(tail);
            fs::write(path, all)?;
        }
        Generate::Sparse(bytes) => fs::File::create(path)?.set_len(*bytes)?,
        Generate::Hex(digits) => fs::write(path, hexadecimal(digits)?)?,
        Generate::Deep(levels) => {
            let deep = path.join(vec!["d"; *levels].join("/"));
            fs::create_dir_all(&deep)?;
            fs::write(deep.join("file"), "")?;
        }
        Generate::Many { text, count } => {
            fs::create_dir_all(path)?;
            for at in 0..*count {
                fs::write(path.join(format!("f{at}")), numbered(text, at))?;
            }
        }
        Generate::Pipe => mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR)?,
        Generate::Archive(entries) => {
            let mut gzip = GzEncoder::new(fs::File::create(path)?, Compression::fast());
            for entry in entries {
                for at in 0..entry.times.unwrap_or(1) {
                    append(&mut gzip, entry, at)?;
                }
            }
            gzip.write_all(&[0; 2 * BLOCK])?;
            gzip.finish()?;
        }
    }
    Ok(())
}

/// Fills in a number.
fn numbered(text: &str, at: usize) -> String {
    text.replace("{i}", &(at + 1).to_string()).replace("{j}", &at.to_string())
}

/// Reads bytes.
fn hexadecimal(digits: &str) -> Result<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair)?;
        Ok(u8::from_str_radix(pair, 16)?)
    });
    pairs.collect()
}

/// Appends an entry; its names are not looked at.
fn append(to: &mut impl std::io::Write, entry: &Entry, at: usize) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    let name = numbered(&entry.name, at);
    let slot = header.as_ustar_mut().context("a header")?;
    let Some(room) = slot.name.get_mut(..name.len()) else { bail!("`{name}` is too long") };
    room.copy_from_slice(name.as_bytes());
    let Some(room) = slot.linkname.get_mut(..entry.link.len()) else { bail!("a long link") };
    room.copy_from_slice(entry.link.as_bytes());
    let kind = match (entry.link.is_empty(), entry.hard) {
        (true, _) => tar::EntryType::Regular,
        (false, true) => tar::EntryType::Link,
        (false, false) => tar::EntryType::Symlink,
    };
    header.set_entry_type(kind);
    header.set_mode(0o644);
    let size = u64::try_from(entry.text.len())? + entry.zeros;
    header.set_size(size);
    header.set_cksum();
    to.write_all(header.as_bytes())?;
    to.write_all(entry.text.as_bytes())?;
    let padding = size.next_multiple_of(BLOCK as u64) - size;
    std::io::copy(&mut repeat(0).take(entry.zeros + padding), to)?;
    Ok(())
}
