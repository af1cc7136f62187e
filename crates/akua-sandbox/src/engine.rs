//! The one wasmtime engine of the process.

use std::sync::{Arc, OnceLock};

use wasmtime::{CustomCodeMemory, Engine};

/// The engine.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut config = crate::settings::config();
        config.with_custom_code_memory(Some(Arc::new(Linked)));
        // Constant settings: they hold on every machine or on none, and every test would notice.
        #[expect(clippy::expect_used, reason = "the settings are constants")]
        Engine::new(&config).expect("the engine's settings are valid")
    })
}

/// Machine code that the linker already put into an executable section: there is nothing to do.
struct Linked;

impl CustomCodeMemory for Linked {
    fn required_alignment(&self) -> usize {
        4096
    }

    fn publish_executable(&self, _pointer: *const u8, _length: usize) -> wasmtime::Result<()> {
        Ok(())
    }

    fn unpublish_executable(&self, _pointer: *const u8, _length: usize) -> wasmtime::Result<()> {
        Ok(())
    }
}
