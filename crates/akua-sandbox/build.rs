//! Tells the crate where the compiled guests are, and warns when they have not been built.
#![expect(clippy::disallowed_methods, reason = "a build script reads its environment and files")]

use std::path::{Path, PathBuf};

/// The guests that the crate embeds, and those that only its tests embed.
const GUESTS: [&str; 3] = ["worker", "helm", "kustomize"];

fn main() {
    println!("cargo:rerun-if-env-changed=AKUA_GUESTS_DIR");
    let directory = std::env::var_os("AKUA_GUESTS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests"),
        PathBuf::from,
    );
    println!("cargo:rustc-env=AKUA_GUESTS_DIR={}", directory.display());
    let mut missing = false;
    let mut stamps = String::new();
    for guest in GUESTS.into_iter().chain(["hostile"]) {
        let stamp = std::fs::read_to_string(directory.join(guest).with_extension("stamp"));
        stamps.push_str(&stamp.unwrap_or_default().replace('\n', " "));
    }
    // A part of the assembly: rustc would reuse what it assembled from older files otherwise.
    println!("cargo:rustc-env=AKUA_GUESTS_STAMP={stamps}");
    for guest in GUESTS {
        for extension in ["cwasm", "image"] {
            let file = directory.join(guest).with_extension(extension);
            println!("cargo:rerun-if-changed={}", file.display());
            missing |= !file.is_file();
        }
    }
    println!("cargo:rerun-if-changed={}", directory.join("hostile.cwasm").display());
    if missing {
        println!("cargo:warning=the guests are not built: run `cargo xtask guests` before linking");
    }
}
