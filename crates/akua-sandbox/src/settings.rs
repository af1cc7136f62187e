//! The settings of the wasmtime engine, shared by who compiles the guests (xtask includes this
//! file) and who runs them, so that the two cannot drift.
//!
//! wasmtime refuses at load time what was compiled with other settings.

use wasmtime::{Config, WasmFeatures};

/// Stack of a guest, in bytes.
///
/// Go recurses on the wasm stack: with wasmtime's default of 512 KiB a recursive `include` traps
/// where helm reports an error after 1,000 levels. 4 MiB holds those 1,000 levels.
pub(crate) const MAX_WASM_STACK_BYTES: usize = 4 << 20;

/// The settings that decide how code is compiled and run.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .consume_fuel(true)
        .max_wasm_stack(MAX_WASM_STACK_BYTES)
        // Not used, but wasmtime compares the two.
        .async_stack_size(2 * MAX_WASM_STACK_BYTES)
        // 60 → 53 MB of machine code for helm; a backtrace of a guest is of no use to a user.
        .generate_address_map(false)
        .wasm_backtrace_max_frames(None)
        .native_unwind_info(false)
        // The default reservation makes bounds checks free; 4 GiB of addresses a Store.
        .memory_may_move(false)
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .memory_init_cow(true)
        .table_lazy_init(true)
        .signals_based_traps(true)
        .gc_support(false)
        .debug_symbols(false);
    for (feature, enabled) in FEATURES {
        config.wasm_features(feature, enabled);
    }
    config
}

/// The proposals that Go and Rust emit; everything else is off.
const FEATURES: [(WasmFeatures, bool); 17] = [
    (WasmFeatures::MUTABLE_GLOBAL, true),
    (WasmFeatures::SATURATING_FLOAT_TO_INT, true),
    (WasmFeatures::SIGN_EXTENSION, true),
    (WasmFeatures::BULK_MEMORY, true),
    (WasmFeatures::MULTI_VALUE, true),
    (WasmFeatures::REFERENCE_TYPES, true),
    (WasmFeatures::SIMD, true),
    (WasmFeatures::RELAXED_SIMD, false),
    (WasmFeatures::TAIL_CALL, false),
    (WasmFeatures::MULTI_MEMORY, false),
    (WasmFeatures::MEMORY64, false),
    (WasmFeatures::EXTENDED_CONST, false),
    (WasmFeatures::THREADS, false),
    (WasmFeatures::EXCEPTIONS, false),
    (WasmFeatures::FUNCTION_REFERENCES, false),
    (WasmFeatures::GC, false),
    (WasmFeatures::COMPONENT_MODEL, false),
];
