//! Stage 4: a module → the same module after it has started and warmed up.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use wasmtime::{Engine, Linker, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};
use wasmtime_wizer::Wizer;

use crate::order::Ordered;

/// The instant at which snapshots are taken: the one at which guests believe to run.
const FROZEN: Duration = Duration::from_secs(1_704_067_200);

/// A module whose data are a snapshot.
pub struct Snapshot(pub Vec<u8>);

/// Starts `module`, calls its export `warm`, and takes a snapshot.
pub fn snapshot(module: &Ordered, warm: &str) -> Result<Snapshot> {
    let mut config = crate::settings::config();
    // No metering: a snapshot does not run hostile code.
    config.consume_fuel(false).epoch_interruption(false);
    let engine = Engine::new(&config).map_err(plain)?;
    let mut store = Store::new(&engine, frozen());
    let mut wizer = Wizer::new();
    wizer.init_func(warm);
    let run = wizer.run(&mut store, &module.0, async |store, module| {
        let mut linker: Linker<WasiP1Ctx> = Linker::new(module.engine());
        wasmtime_wasi::p1::add_to_linker_async(&mut linker, |context| context)?;
        linker.define_unknown_imports_as_traps(module)?;
        linker.instantiate_async(store, module).await
    });
    let snapshot = wasmtime_wasi::runtime::in_tokio(run).map_err(plain).context("the snapshot")?;
    Ok(Snapshot(snapshot))
}

/// A world in which nothing changes.
pub fn frozen() -> WasiP1Ctx {
    WasiCtxBuilder::new()
        .arg("akua")
        .inherit_stderr()
        .wall_clock(Still)
        .monotonic_clock(Still)
        .secure_random(Deterministic::new((0..=255).collect()))
        .insecure_random(Deterministic::new((0..=255).collect()))
        .insecure_random_seed(0)
        .build_p1()
}

/// wasmtime's error as one of anyhow.
pub fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:?}")
}

/// A clock that stands.
struct Still;

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        FROZEN
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        1_000_000_000
    }
}
