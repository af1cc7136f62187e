//! The wall that a verb raises around its process, before a guest runs.

use crate::{Failure, Home};
use akua_sandbox::{InForce, Paths, Wall, WallError};
use akua_source::Diagnostic;

impl Home {
    /// Takes from the process what no verb needs: other programs and processes; offline, the network
    /// too.
    ///
    /// # Errors
    /// `E_WALL`.
    pub(crate) fn raise_wall(&self) -> Result<(), Failure> {
        let wall = Wall { files: None, network: !self.offline };
        if self.wall { raise(&wall).map(drop) } else { Ok(()) }
    }
}

/// Takes from the process all but these files; returns what is in force now.
///
/// # Errors
/// `E_WALL`.
pub(crate) fn raise_around(files: Paths) -> Result<InForce, Failure> {
    raise(&Wall { files: Some(files), network: false })
}

/// Takes from the process the network, and nothing of its files.
///
/// # Errors
/// `E_WALL`.
pub(crate) fn raise_offline() -> Result<(), Failure> {
    raise(&Wall { files: None, network: false }).map(drop)
}

fn raise(wall: &Wall) -> Result<InForce, Failure> {
    akua_sandbox::raise(wall).map_err(Failure::from)
}

impl From<WallError> for Failure {
    fn from(error: WallError) -> Self {
        let message = format!("cannot raise the wall around this process: {error}");
        let help = "run `akua doctor`, which says what this system has";
        Diagnostic::error("E_WALL", message).help(help).into()
    }
}
