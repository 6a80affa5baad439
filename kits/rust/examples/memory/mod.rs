//! A log and a cache in memory, as short as they can be and still right.

use std::collections::HashMap;

use serde_json::Value;
use telltale_harness::{Cache, Log};

#[derive(Default)]
pub struct MemoryLog {
    pub entries: Vec<Value>,
    /// Of each operation, from its last escalation.
    last_levels: HashMap<String, String>,
}

impl Log for MemoryLog {
    type Entry = Value;

    fn append(&mut self, entry: Value) -> Result<(), String> {
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        if text("kind") == "escalation" {
            let operation = text("operation_id");
            let (from, to) = (text("previous_level"), text("new_level"));
            let last = self
                .last_levels
                .get(operation)
                .map_or("none", String::as_str);
            if rank(to) < rank(from) || rank(from).min(rank(to)) < rank(last) {
                return Err(format!(
                    "{operation} is at {last}, so it cannot go from {from} to {to}"
                ));
            }
            self.last_levels
                .insert(operation.to_string(), to.to_string());
        }
        self.entries.push(entry);
        Ok(())
    }

    fn read_since(&self, tick: u64) -> Result<Vec<Value>, String> {
        let above = self.entries.iter().filter(|entry| tick_of(entry) > tick);
        Ok(above.cloned().collect())
    }

    fn load(&self) -> Result<Vec<Value>, String> {
        Ok(self.entries.clone())
    }
}

pub fn tick_of(entry: &Value) -> u64 {
    entry["tick"].as_u64().expect("a tick up to 2^64-1")
}

fn rank(level: &str) -> Option<usize> {
    let levels = ["none", "provisional", "soft_safe", "finalized"];
    levels.iter().position(|each| *each == level)
}

/// The latest entry stands last.
#[derive(Default)]
pub struct MemoryCache(Vec<Value>);

impl Cache for MemoryCache {
    type Entry = Value;

    fn get(&self, evidence_id: &str) -> Result<Option<Value>, String> {
        let found = self
            .0
            .iter()
            .find(|entry| entry["evidence_id"] == evidence_id);
        Ok(found.cloned())
    }

    fn put(&mut self, entry: Value) -> Result<(), String> {
        self.0
            .retain(|other| other["evidence_id"] != entry["evidence_id"]);
        self.0.push(entry);
        Ok(())
    }

    fn load(&self) -> Result<Vec<Value>, String> {
        Ok(self.0.clone())
    }
}
