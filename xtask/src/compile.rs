//! Stage 5: a snapshot → machine code and a memory image.

use anyhow::{Context, Result};
use wasmtime::{Engine, OptLevel};

use crate::data;
use crate::preinit::{Snapshot, plain};

/// What is linked into the binary.
pub struct Compiled {
    /// Machine code, as wasmtime serialises it.
    pub code: Vec<u8>,
    /// The guest's memory, as [`data::pack`] lays it out.
    pub image: Vec<u8>,
}

/// Compiles a snapshot for the architecture of this machine.
pub fn compile(snapshot: &Snapshot) -> Result<Compiled> {
    let image = data::pack(&data::image(&snapshot.0)?)?;
    let module = data::replace(&snapshot.0, None)?;
    let code = engine()?.precompile_module(&module).map_err(plain).context("compiling")?;
    Ok(Compiled { code, image })
}

/// The compiler: the shared settings, and those that only it has.
fn engine() -> Result<Engine> {
    let mut config = crate::settings::config();
    config.cranelift_opt_level(OptLevel::Speed).cranelift_nan_canonicalization(true);
    // A fixed target: the result must not depend on the machine that builds it.
    config.target(&format!("{}-unknown-linux-gnu", std::env::consts::ARCH)).map_err(plain)?;
    if cfg!(target_arch = "x86_64") {
        for flag in X86_64_V2 {
            // SAFETY: wasmtime compares the flags with the machine when it loads the code.
            unsafe { config.cranelift_flag_enable(flag) };
        }
    }
    Engine::new(&config).map_err(plain)
}

/// x86-64-v2, every server since 2009; without SSE 4.1 rounding would be calls into the host, and
/// code with such relocations cannot be used where the linker put it.
const X86_64_V2: [&str; 5] = ["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt"];
