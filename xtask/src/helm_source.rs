//! A part of stage 1: the one file of helm that is built differently.
//!
//! helm's schema check brings net/http and crypto/tls for schemas at remote addresses, a third of
//! the engine. There is no network in the sandbox: the loader for such addresses is cut out, and
//! one that refuses is put in its place. The file is made of the module's own at build time, in a
//! copy of the module: Go does not overlay files of its module cache.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The file, in helm's module.
const FILE: &str = "pkg/chart/common/util/jsonschema.go";
/// Where the part that is cut out begins.
const FROM: &str = "// HTTPURLLoader implements";
/// Where it ends.
const TO: &str = "// ValidateAgainstSchema checks";
/// Imports that nothing else in the file needs.
const IMPORTS: [&str; 5] = [
    "\t\"context\"\n",
    "\t\"crypto/tls\"\n",
    "\t\"net/http\"\n",
    "\t\"time\"\n",
    "\t\"helm.sh/helm/v4/internal/version\"\n",
];
/// What is put in.
const REFUSAL: &str = r#"// refusingLoader refuses remote schemas: there is no network in the sandbox.
type refusingLoader struct{}

func (refusingLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is remote: schemas of a chart must be in the chart", url)
}

func newHTTPURLLoader() refusingLoader { return refusingLoader{} }

"#;

/// Copies helm's module with the changed file to `scratch`; returns a go.mod that uses the copy.
pub fn prepare(directory: &Path, scratch: &Path) -> Result<PathBuf> {
    let output = Command::new("go")
        .args(["list", "-m", "-f", "{{.Dir}}", "helm.sh/helm/v4"])
        .current_dir(directory)
        .output()
        .context("running go")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let module = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    let copy = scratch.join("helm-source");
    if copy.exists() {
        std::fs::remove_dir_all(&copy)?;
    }
    std::fs::create_dir_all(&copy)?;
    for part in ["go.mod", "pkg", "internal"] {
        copy_tree(&module.join(part), &copy.join(part))?;
    }
    let changed = cut(&std::fs::read_to_string(module.join(FILE))?)?;
    std::fs::write(copy.join(FILE), changed)?;
    let modfile = scratch.join("helm.mod");
    let own = std::fs::read_to_string(directory.join("go.mod"))?;
    let replace = format!("\nreplace helm.sh/helm/v4 => {}\n", copy.display());
    std::fs::write(&modfile, own + &replace)?;
    std::fs::copy(directory.join("go.sum"), scratch.join("helm.sum"))?;
    Ok(modfile)
}

/// Copies a file, or a directory without tests; Go's module cache is read-only, the copy is not.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        std::fs::write(to, std::fs::read(from)?)?;
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let name = entry?.file_name();
        let skipped = name.to_string_lossy();
        if skipped != "testdata" && !skipped.ends_with("_test.go") {
            copy_tree(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}

/// The file without its loader for remote addresses.
fn cut(source: &str) -> Result<String> {
    let (head, rest) = source.split_once(FROM).context("jsonschema.go has no HTTP loader")?;
    let (_, tail) = rest.split_once(TO).context("jsonschema.go has another shape")?;
    let mut head = head.to_owned();
    for import in IMPORTS {
        ensure!(head.contains(import), "jsonschema.go does not import {import}");
        head = head.replace(import, "");
    }
    Ok(format!("{head}{REFUSAL}{TO}{tail}"))
}
