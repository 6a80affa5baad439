//! The logs and caches of the crate, and what this harness declares of them.

use std::path::Path;

use telltale_harness::{Cache, Durability, Harness, Log};
use telltale_machine::durable::{
    AgreementWal, AgreementWalEntry, EvidenceOutcomeCache, EvidenceOutcomeCacheEntry,
    FileAgreementWal, FileEvidenceOutcomeCache, InMemoryAgreementWal, InMemoryEvidenceOutcomeCache,
};

const CRATE: &str = "telltale-machine";

/// Which of the crate's two backends is served.
#[derive(Clone, Copy, Debug)]
pub enum Backend {
    Memory,
    File,
}

impl Backend {
    /// The backend of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "memory" => Some(Self::Memory),
            "file" => Some(Self::File),
            _ => None,
        }
    }

    /// What is served, and what is promised of it, to be checked.
    pub fn harness(self) -> Harness {
        let harness = match self {
            Self::Memory => Harness::new("telltale-machine (memory)", locked_version())
                .rejection_mode("keeps-rejected"),
            Self::File => Harness::new("telltale-machine (file)", locked_version())
                .durability(Durability::Restart),
        };
        harness
            .capability("ordered-cache")
            .capability("exact-messages")
            .concurrent_calls()
            .log(move |directory| Ok(CrateLog(self.log(directory))))
            .cache(move |directory| Ok(CrateCache(self.cache(directory))))
    }

    fn log(self, directory: &Path) -> Box<dyn AgreementWal + Send> {
        match self {
            Self::Memory => Box::new(InMemoryAgreementWal::new()),
            Self::File => Box::new(FileAgreementWal::new(directory.join("agreement.wal"))),
        }
    }

    fn cache(self, directory: &Path) -> Box<dyn EvidenceOutcomeCache + Send> {
        match self {
            Self::Memory => Box::new(InMemoryEvidenceOutcomeCache::new()),
            Self::File => Box::new(FileEvidenceOutcomeCache::new(
                directory.join("evidence.cache"),
            )),
        }
    }
}

/// The version of the crate that this program was built with.
fn locked_version() -> &'static str {
    let mut lines = include_str!("../Cargo.lock").lines();
    lines
        .by_ref()
        .find(|line| *line == format!("name = \"{CRATE}\""));
    lines
        .next()
        .and_then(|line| line.strip_prefix("version = \""))
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or("unknown")
}

struct CrateLog(Box<dyn AgreementWal + Send>);

impl Log for CrateLog {
    type Entry = AgreementWalEntry;

    fn append(&mut self, entry: AgreementWalEntry) -> Result<(), String> {
        self.0.append(entry)
    }

    fn read_since(&self, tick: u64) -> Result<Vec<AgreementWalEntry>, String> {
        self.0.read_since(tick)
    }

    fn load(&self) -> Result<Vec<AgreementWalEntry>, String> {
        Ok(self.0.load()?.entries)
    }
}

struct CrateCache(Box<dyn EvidenceOutcomeCache + Send>);

impl Cache for CrateCache {
    type Entry = EvidenceOutcomeCacheEntry;

    fn get(&self, evidence_id: &str) -> Result<Option<EvidenceOutcomeCacheEntry>, String> {
        self.0.get(evidence_id)
    }

    fn put(&mut self, entry: EvidenceOutcomeCacheEntry) -> Result<(), String> {
        self.0.put(entry)
    }

    fn load(&self) -> Result<Vec<EvidenceOutcomeCacheEntry>, String> {
        Ok(self.0.load()?.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn the_version_of_the_crate_is_the_one_of_the_lock_file() {
        assert!(locked_version().starts_with("17."), "{}", locked_version());
    }
}
