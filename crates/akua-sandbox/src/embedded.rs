//! The compiled guests in this binary.
//!
//! `cargo xtask guests` leaves two files a guest: machine code as wasmtime serialises it
//! (`.cwasm`), and the memory that the guest starts with (`.image`). Both become
//! sections of the binary: the code in an executable one, so that it needs no copy and no change
//! of protection; the image page-aligned, so that `image.rs` can map it.
#![expect(unsafe_code, reason = "the linker's symbols, and the door through which code is loaded")]

use std::fmt::Write as _;
use std::ptr::NonNull;
use std::sync::{Mutex, OnceLock, PoisonError};

use sha2::{Digest as _, Sha256};
use wasmtime::Module;

use crate::engine::engine;

/// A guest of this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guest {
    /// Evaluates the program of a package.
    Worker,
    /// Renders Helm charts.
    Helm,
    /// Builds kustomizations.
    Kustomize,
    /// Misbehaves as it is told; only in tests.
    #[cfg(test)]
    Hostile,
}

impl Guest {
    /// Returns the digest of its machine code and of the memory that it starts with, as
    /// `engines/engines.lock` has it.
    pub fn digest(self) -> String {
        let Embedded { code, image } = embedded(self);
        let mut hash = Sha256::new();
        for part in [code, image] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(part);
        }
        let mut digest = "sha256:".to_owned();
        for byte in hash.finalize() {
            // Writing to a String does not fail.
            let _written = write!(digest, "{byte:02x}");
        }
        digest
    }
}

impl std::fmt::Display for Guest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Worker => "the worker",
            Self::Helm => "the helm engine",
            Self::Kustomize => "the kustomize engine",
            #[cfg(test)]
            Self::Hostile => "the hostile guest",
        })
    }
}

/// The bytes of one compiled guest; can only be made of what the linker put into this binary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Embedded {
    /// Machine code.
    code: &'static [u8],
    /// Memory, packed.
    image: &'static [u8],
}

impl Embedded {
    /// The memory that the guest starts with, as `image.rs` unpacks it.
    pub(crate) fn image(self) -> &'static [u8] {
        self.image
    }
}

/// Links the two files of a guest into the binary and makes a function that returns them.
macro_rules! embed {
    ($function:ident, $file:literal, $code:ident, $code_end:ident, $image:ident, $image_end:ident) => {
        std::arch::global_asm!(
            concat!("# ", env!("AKUA_GUESTS_STAMP")),
            concat!(".pushsection .akua.code.", $file, ", \"ax\", @progbits"),
            ".p2align 16",
            concat!(".hidden ", stringify!($code)),
            concat!(".globl ", stringify!($code)),
            concat!(stringify!($code), ":"),
            concat!(".incbin \"", env!("AKUA_GUESTS_DIR"), "/", $file, ".cwasm\""),
            concat!(".hidden ", stringify!($code_end)),
            concat!(".globl ", stringify!($code_end)),
            concat!(stringify!($code_end), ":"),
            ".p2align 16",
            ".popsection",
            concat!(".pushsection .akua.image.", $file, ", \"a\", @progbits"),
            ".p2align 16",
            concat!(".hidden ", stringify!($image)),
            concat!(".globl ", stringify!($image)),
            concat!(stringify!($image), ":"),
            concat!(".incbin \"", env!("AKUA_GUESTS_DIR"), "/", $file, ".image\""),
            concat!(".hidden ", stringify!($image_end)),
            concat!(".globl ", stringify!($image_end)),
            concat!(stringify!($image_end), ":"),
            ".p2align 16",
            ".popsection"
        );

        unsafe extern "C" {
            static $code: u8;
            static $code_end: u8;
            static $image: u8;
            static $image_end: u8;
        }

        /// The files of this guest.
        fn $function() -> Embedded {
            Embedded {
                code: between(&raw const $code, &raw const $code_end),
                image: between(&raw const $image, &raw const $image_end),
            }
        }
    };
}

embed!(
    worker,
    "worker",
    AKUA_WORKER_CODE,
    AKUA_WORKER_CODE_END,
    AKUA_WORKER_IMAGE,
    AKUA_WORKER_IMAGE_END
);
embed!(helm, "helm", AKUA_HELM_CODE, AKUA_HELM_CODE_END, AKUA_HELM_IMAGE, AKUA_HELM_IMAGE_END);
embed!(
    kustomize,
    "kustomize",
    AKUA_KUSTOMIZE_CODE,
    AKUA_KUSTOMIZE_CODE_END,
    AKUA_KUSTOMIZE_IMAGE,
    AKUA_KUSTOMIZE_IMAGE_END
);
#[cfg(test)]
embed!(
    hostile,
    "hostile",
    AKUA_HOSTILE_CODE,
    AKUA_HOSTILE_CODE_END,
    AKUA_HOSTILE_IMAGE,
    AKUA_HOSTILE_IMAGE_END
);

/// The bytes between two symbols of one `.incbin`.
fn between(start: *const u8, end: *const u8) -> &'static [u8] {
    let length = end.addr().saturating_sub(start.addr());
    // SAFETY: both symbols delimit one section of this binary, which the assembler filled from one
    // file; it is mapped read-only for as long as the process lives.
    unsafe { std::slice::from_raw_parts(start, length) }
}

/// The files of `guest`.
pub(crate) fn embedded(guest: Guest) -> Embedded {
    match guest {
        Guest::Worker => worker(),
        Guest::Helm => helm(),
        Guest::Kustomize => kustomize(),
        #[cfg(test)]
        Guest::Hostile => hostile(),
    }
}

/// The module of an embedded guest.
pub(crate) fn load(embedded: Embedded) -> wasmtime::Result<Module> {
    // SAFETY: `Embedded` has no constructor but `embed!`: the bytes were made by xtask's `compile`
    // with `Engine::precompile_module` and the settings of `settings.rs`, which wasmtime compares
    // here; they are part of this binary, immutable, and live for as long as the process. The
    // tests of `session.rs` run every guest, and `cargo xtask guests --check` compares the digests.
    unsafe { Module::deserialize_raw(engine(), NonNull::from(embedded.code)) }
}

/// The module of `guest`, loaded on first use.
pub(crate) fn module(guest: Guest) -> wasmtime::Result<&'static Module> {
    static MODULES: [OnceLock<Module>; 4] = [const { OnceLock::new() }; 4];
    static LOADING: [Mutex<()>; 4] = [const { Mutex::new(()) }; 4];
    let (slot, loading) = match guest {
        Guest::Worker => (&MODULES[0], &LOADING[0]),
        Guest::Helm => (&MODULES[1], &LOADING[1]),
        Guest::Kustomize => (&MODULES[2], &LOADING[2]),
        #[cfg(test)]
        Guest::Hostile => (&MODULES[3], &LOADING[3]),
    };
    if let Some(module) = slot.get() {
        return Ok(module);
    }
    // Each once: wasmtime panics when code at one address is loaded twice.
    let _loading = loading.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = slot.get() {
        return Ok(module);
    }
    let module = load(embedded(guest))?;
    Ok(slot.get_or_init(|| module))
}
