//! Files and TCP behind the wall, by Landlock.

use std::path::PathBuf;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _,
    RulesetError, RulesetStatus, Scope,
};

use super::{Paths, WallError};

/// The newest version that these limits were written for; older kernels give what they have.
const NEWEST: ABI = ABI::V7;

/// Limits the process to `files`; returns the kernel's version of Landlock if that is in force.
///
/// # Errors
/// [`WallError::Files`].
pub(super) fn limit(files: &Paths, network: bool) -> Result<Option<u32>, WallError> {
    restrict(files, network).map_err(|error| WallError::Files { said: error.to_string() })
}

fn restrict(files: &Paths, network: bool) -> Result<Option<u32>, RulesetError> {
    let mut rules = Ruleset::default();
    if !files.writable.is_empty() {
        // Without this right no kernel lets a file be renamed into another directory, which is how
        // output is written: the first version of Landlock, which does not know it, is not used.
        rules = rules
            .set_compatibility(CompatLevel::SoftRequirement)
            .handle_access(AccessFs::Refer)?
            .set_compatibility(CompatLevel::BestEffort);
    }
    rules = rules.handle_access(AccessFs::from_all(NEWEST))?.scope(Scope::from_all(NEWEST))?;
    if !network {
        rules = rules.handle_access(AccessNet::from_all(NEWEST))?;
    }
    let mut rules = rules.create()?;
    rules = allow(rules, &files.readable, AccessFs::ReadFile | AccessFs::ReadDir)?;
    rules = allow(rules, &files.writable, writing())?;
    rules = allow(rules, &files.removable, AccessFs::RemoveDir.into())?;
    let status = rules.restrict_self()?;
    let version = match status.landlock {
        LandlockStatus::Available { effective_abi, kernel_abi } => {
            kernel_abi.and_then(|abi| u32::try_from(abi).ok()).or_else(|| number(effective_abi))
        }
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => None,
    };
    Ok(version.filter(|_| status.ruleset != RulesetStatus::NotEnforced))
}

/// What the directories that are written to allow: no links, devices, pipes or sockets are made.
fn writing() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer
}

fn allow(
    mut rules: RulesetCreated,
    paths: &[PathBuf],
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    for path in paths {
        // What cannot be opened cannot be read later either.
        if let Ok(place) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(place, access))?;
        }
    }
    Ok(rules)
}

/// Returns the number of a version.
fn number(abi: ABI) -> Option<u32> {
    match abi {
        ABI::Unsupported => None,
        ABI::V1 => Some(1),
        ABI::V2 => Some(2),
        ABI::V3 => Some(3),
        ABI::V4 => Some(4),
        ABI::V5 => Some(5),
        ABI::V6 => Some(6),
        ABI::V7 => Some(7),
        ABI::V8 => Some(8),
        _ => Some(9),
    }
}
