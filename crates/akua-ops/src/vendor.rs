//! `akua vendor`: copies of all fetched dependencies in the package.

use crate::{Failure, Home};
use akua_package::{Keep, Project, VENDOR, lock, vendor, write_lock};
use serde::Serialize;
use std::path::PathBuf;

/// What to vendor.
#[derive(Debug, Clone)]
pub struct VendorRequest {
    /// The package's directory.
    pub workspace: PathBuf,
    /// Where things are.
    pub home: Home,
}

/// The result of `vendor`.
#[derive(Debug, Serialize)]
pub struct VendorOutcome {
    /// Where the copies are, below the package.
    pub path: &'static str,
    /// The copies.
    pub vendored: Vec<VendoredEntry>,
}

/// A copy.
#[derive(Debug, Serialize)]
pub struct VendoredEntry {
    /// Its directory.
    pub directory: String,
    /// The digest of its files.
    pub digest: String,
}

/// Vendors the dependencies of a package, as its lock has them.
///
/// # Errors
/// [`Failure`]; what was vendored before stays then.
pub fn run(request: &VendorRequest) -> Result<VendorOutcome, Failure> {
    request.home.raise_wall()?;
    let project = Project::open(&request.workspace)?;
    let supply = request.home.supply_for(&project)?;
    let lock = lock(&project, &supply, &Keep::All)?;
    let vendored = vendor(&project, &lock, &supply)?;
    write_lock(&project, &lock)?;
    let entry = |found: akua_package::Vendored| VendoredEntry {
        directory: found.directory,
        digest: found.digest.to_string(),
    };
    Ok(VendorOutcome { path: VENDOR, vendored: vendored.into_iter().map(entry).collect() })
}
