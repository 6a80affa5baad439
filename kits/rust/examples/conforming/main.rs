//! A log and a cache in memory that conform:
//!
//!     cargo build --release --examples
//!     telltale-conformance check --command target/release/examples/conforming

#[path = "../memory/mod.rs"]
mod memory;

use memory::{MemoryCache, MemoryLog};
use telltale_harness::Harness;

fn main() -> Result<(), String> {
    Harness::new("rust-kit-memory", "0.1.0")
        .capability("ordered-cache")
        .log(|_directory| Ok(MemoryLog::default()))
        .cache(|_directory| Ok(MemoryCache::default()))
        .serve()
}
