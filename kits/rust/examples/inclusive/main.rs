//! A log that fails WAL-05: it also gives the entries of the tick itself.

// Its cache is not used here.
#[allow(dead_code)]
#[path = "../memory/mod.rs"]
mod memory;

use memory::{tick_of, MemoryLog};
use serde_json::Value;
use telltale_harness::{Harness, Log};

#[derive(Default)]
struct InclusiveLog(MemoryLog);

impl Log for InclusiveLog {
    type Entry = Value;

    fn append(&mut self, entry: Value) -> Result<(), String> {
        self.0.append(entry)
    }

    fn read_since(&self, tick: u64) -> Result<Vec<Value>, String> {
        let from = self.0.entries.iter().filter(|entry| tick_of(entry) >= tick);
        Ok(from.cloned().collect())
    }

    fn load(&self) -> Result<Vec<Value>, String> {
        self.0.load()
    }
}

fn main() -> Result<(), String> {
    Harness::new("rust-kit-inclusive", "0.1.0")
        .log(|_directory| Ok(InclusiveLog::default()))
        .serve()
}
