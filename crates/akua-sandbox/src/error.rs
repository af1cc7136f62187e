//! Why a guest did not give a result: facts, never a search through a message.

use std::time::Duration;

use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

use crate::callouts::BridgeFault;
use crate::embedded::Guest;
use crate::files::FilesError;
use crate::store::GuestState;

/// Why a call into a guest failed.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A growth of memory was refused.
    #[error("{guest} reached the memory limit of {limit_bytes} bytes ({kind})")]
    Memory {
        /// Who ran.
        guest: Guest,
        /// Which limit it was.
        kind: MemoryKind,
        /// The limit.
        limit_bytes: u64,
    },
    /// There is no memory left for what the host holds for guests.
    #[error("the files and objects of the render reached its memory limit of {limit_bytes} bytes")]
    HostMemory {
        /// The limit.
        limit_bytes: u64,
    },
    /// A file cannot be given to the guest, and it must not go on without.
    #[error("{guest} is not given a file")]
    Files {
        /// Who ran.
        guest: Guest,
        /// Why not.
        #[source]
        source: FilesError,
    },
    /// The time was used up.
    #[error("{guest} used up {kind} of {limit:?}")]
    Deadline {
        /// Who ran.
        guest: Guest,
        /// Which limit it was.
        kind: DeadlineKind,
        /// The limit.
        limit: Duration,
    },
    /// The fuel was used up.
    #[error("{guest} used up the fuel of {limit}")]
    Fuel {
        /// Who ran.
        guest: Guest,
        /// The limit over the whole render.
        limit: u64,
    },
    /// The guest's stack was used up.
    #[error("{guest} used up its stack of {limit_bytes} bytes")]
    Stack {
        /// Who ran.
        guest: Guest,
        /// The limit.
        limit_bytes: usize,
    },
    /// The guest wanted more tables or elements than it was built with.
    #[error("{guest} wanted to grow a table")]
    Tables {
        /// Who ran.
        guest: Guest,
    },
    /// More renders were nested than allowed.
    #[error("renders are nested more than {limit} deep")]
    Depth {
        /// The limit.
        limit: usize,
    },
    /// The request is larger than a request may be.
    #[error("the request to {guest} has {actual_bytes} bytes, the limit is {limit_bytes}")]
    Request {
        /// For whom it was.
        guest: Guest,
        /// Its size.
        actual_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The output is larger than an output may be.
    #[error("the output of {guest} has {actual_bytes} bytes, the limit is {limit_bytes}")]
    Output {
        /// Who ran.
        guest: Guest,
        /// Its size.
        actual_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The guest called the bridge in a way that cannot be answered.
    #[error("the bridge refused a call")]
    Bridge {
        /// What was wrong with the call.
        #[source]
        fault: BridgeFault,
    },
    /// The guest ended its own process.
    #[error("{guest} ended with status {code}")]
    Exit {
        /// Who ran.
        guest: Guest,
        /// Its status.
        code: i32,
        /// What it wrote to standard error, as far as it was kept.
        stderr: Vec<u8>,
    },
    /// The guest trapped.
    #[error("{guest} trapped ({kind})")]
    Trap {
        /// Who ran.
        guest: Guest,
        /// How.
        kind: TrapKind,
        /// What it wrote to standard error, as far as it was kept.
        stderr: Vec<u8>,
    },
    /// A pointer that the guest returned lies outside of its memory.
    #[error("{guest} returned {length} bytes at {pointer}, outside of its memory")]
    BadOutput {
        /// Who ran.
        guest: Guest,
        /// The pointer.
        pointer: u32,
        /// The length.
        length: u32,
    },
    /// An embedded guest could not be loaded or a Store not be made.
    #[error("{guest} could not be started")]
    Start {
        /// Who was to run.
        guest: Guest,
        /// What wasmtime or the system says.
        #[source]
        source: wasmtime::Error,
    },
}

/// Which memory limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryKind {
    /// That of the Store.
    Store,
    /// That of all live Stores of the render.
    Render,
}

impl std::fmt::Display for MemoryKind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Store => "of this Store",
            Self::Render => "of all Stores of the render",
        })
    }
}

/// Which deadline has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadlineKind {
    /// The worker's own time.
    Worker,
    /// The time of an engine call.
    Engine,
    /// The time of the whole render.
    Render,
}

impl std::fmt::Display for DeadlineKind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Worker => "the worker's time",
            Self::Engine => "the time of an engine call",
            Self::Render => "the time of the render",
        })
    }
}

/// How a guest trapped, as far as it does not have an error of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrapKind {
    /// It executed `unreachable`: a panic, or an allocation that failed.
    Unreachable,
    /// It touched memory outside of its own.
    OutOfBounds,
    /// It did arithmetic or a call that wasm does not define.
    Arithmetic,
    /// Anything else.
    Other,
}

impl std::fmt::Display for TrapKind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Unreachable => "unreachable",
            Self::OutOfBounds => "memory access out of bounds",
            Self::Arithmetic => "undefined arithmetic or call",
            Self::Other => "trap",
        })
    }
}

/// An import refused to go on because the time is used up.
#[derive(Debug, thiserror::Error)]
#[error("deadline")]
pub(crate) struct DeadlinePassed;

/// An import refused to go on because the fuel is used up.
#[derive(Debug, thiserror::Error)]
#[error("fuel")]
pub(crate) struct FuelUsedUp;

/// Says in facts why a call into a guest ended with `error`.
///
/// What the limiter recorded wins: a Go guest exits, and a Rust guest traps, after a growth was
/// refused.
pub(crate) fn classify(error: wasmtime::Error, state: &GuestState) -> SandboxError {
    let guest = state.guest();
    if let Some(refused) = state.refusal() {
        return refused;
    }
    let error = match error.downcast::<BridgeFault>() {
        Ok(fault) => return SandboxError::Bridge { fault },
        Err(error) => error,
    };
    let error = match error.downcast::<FilesError>() {
        Ok(source) => return SandboxError::Files { guest, source },
        Err(error) => error,
    };
    if error.is::<DeadlinePassed>() {
        return state.deadline_error();
    }
    if error.is::<FuelUsedUp>() {
        return state.fuel_error();
    }
    let stderr = state.stderr();
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return SandboxError::Exit { guest, code: exit.0, stderr };
    }
    let Some(trap) = error.downcast_ref::<Trap>() else {
        return SandboxError::Trap { guest, kind: TrapKind::Other, stderr };
    };
    let kind = match trap {
        Trap::Interrupt => return state.deadline_error(),
        Trap::OutOfFuel => return state.fuel_error(),
        Trap::StackOverflow => {
            let limit_bytes = crate::settings::MAX_WASM_STACK_BYTES;
            return SandboxError::Stack { guest, limit_bytes };
        }
        Trap::UnreachableCodeReached => TrapKind::Unreachable,
        Trap::MemoryOutOfBounds | Trap::HeapMisaligned => TrapKind::OutOfBounds,
        Trap::IntegerOverflow
        | Trap::IntegerDivisionByZero
        | Trap::BadConversionToInteger
        | Trap::TableOutOfBounds
        | Trap::IndirectCallToNull
        | Trap::BadSignature => TrapKind::Arithmetic,
        _ => TrapKind::Other,
    };
    SandboxError::Trap { guest, kind, stderr }
}
