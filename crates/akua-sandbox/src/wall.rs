//! The second wall: what the whole process gives up before a guest runs, so that a hole in the
//! runtime of the guests leads nowhere.
//!
//! Stores are the first wall. On Linux the process itself may from here on neither start a program
//! nor open a socket (`wall/calls.rs`, seccomp), and reaches no file but those that the work needs
//! (`wall/files.rs`, Landlock). What a kernel does not have is not in force, and `akua doctor` says
//! so. **Invariant:** a wall is never taken down, and nothing but a verb decides whether it is
//! raised: no flag and no variable of the environment does.
#![expect(clippy::disallowed_methods, reason = "counts the threads of the process")]

mod calls;
mod files;
mod program;
mod trial;

pub use trial::{Trial, try_forbidden};

use std::path::PathBuf;

/// What the process may still do behind the wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wall {
    /// The files that it may reach; none leaves files as they are.
    pub files: Option<Paths>,
    /// Whether it may still use the network.
    pub network: bool,
}

/// Files and directories, with all that is below them; what does not exist is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths {
    /// May be read.
    pub readable: Vec<PathBuf>,
    /// May be read, written, and have files and directories made and removed in them.
    pub writable: Vec<PathBuf>,
    /// Empty directories in them may be removed.
    pub removable: Vec<PathBuf>,
}

/// What is in force after a wall was raised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InForce {
    /// The version of Landlock that limits files; none where nothing does.
    pub landlock: Option<u32>,
    /// Whether seccomp refuses system calls.
    pub seccomp: bool,
}

/// Why a wall could not be raised although the kernel has what it needs.
#[derive(Debug, thiserror::Error)]
pub enum WallError {
    /// Landlock would leave other threads out.
    #[error("{count} threads run, and the wall would hold only one of them")]
    Threads {
        /// How many there are.
        count: usize,
    },
    /// Landlock refused.
    #[error("the kernel refused the limits on files: {said}")]
    Files {
        /// What it said.
        said: String,
    },
    /// seccomp refused.
    #[error("the kernel refused the limits on system calls: {said}")]
    Calls {
        /// What it said.
        said: String,
    },
}

/// Raises a wall around the process, for good. Further walls only take more away.
///
/// # Errors
/// [`WallError`]; a part of the wall may stand then. A kernel without Landlock or seccomp is no
/// error: what is missing is not in [`InForce`].
pub fn raise(wall: &Wall) -> Result<InForce, WallError> {
    // What the first Store looks up in `/proc` is behind the wall later.
    crate::image::prepare();
    let landlock = match &wall.files {
        Some(files) => {
            crate::watchdog::stop();
            alone()?;
            files::limit(files, wall.network)?
        }
        None => None,
    };
    Ok(InForce { landlock, seccomp: calls::limit(wall.network)? })
}

/// Returns the system and its version.
pub fn kernel() -> String {
    let name = rustix::system::uname();
    format!("{} {}", name.sysname().to_string_lossy(), name.release().to_string_lossy())
}

/// Waits until there is one thread: Landlock holds the calling thread and those that it starts.
///
/// Threads that were joined are still listed for a moment. Where `/proc` is missing, nobody can tell;
/// those who call this start no threads of their own before.
fn alone() -> Result<(), WallError> {
    use std::time::Duration;

    /// Longest wait for threads that are about to end.
    const PATIENCE: Duration = Duration::from_secs(1);
    const PAUSE: Duration = Duration::from_micros(50);

    let start = crate::watchdog::now();
    loop {
        let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return Ok(()) };
        let count = threads.count();
        if count <= 1 {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(WallError::Threads { count });
        }
        std::thread::sleep(PAUSE);
    }
}
