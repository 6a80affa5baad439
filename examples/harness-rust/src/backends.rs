//! The logs and caches of the crate, and what this harness declares of them.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use telltale_machine::durable::{
    AgreementWal, AgreementWalEntry, EvidenceOutcomeCache, EvidenceOutcomeCacheEntry,
    FileAgreementWal, FileEvidenceOutcomeCache, InMemoryAgreementWal, InMemoryEvidenceOutcomeCache,
    PERSISTED_DURABILITY_SCHEMA_VERSION,
};

use crate::answer::{value, Exception, Served};
use crate::link::from_json;

const PROTOCOL: &str = "telltale-conformance.harness.v1";
const CRATE: &str = "telltale-machine";

/// Which of the crate's two backends is served.
#[derive(Clone, Copy, Debug)]
pub enum Backend {
    Memory,
    File,
}

/// The answer to the handshake.
#[derive(Serialize)]
struct Declaration {
    protocol: &'static str,
    specification: &'static str,
    name: &'static str,
    version: &'static str,
    capabilities: &'static [&'static str],
    rejection_mode: &'static str,
    durability_class: &'static str,
    concurrent_calls: bool,
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

    /// What is promised, to be checked.
    pub fn declaration(self) -> Served {
        let common = Declaration {
            protocol: PROTOCOL,
            specification: PERSISTED_DURABILITY_SCHEMA_VERSION,
            name: "telltale-machine (memory)",
            version: locked_version(),
            capabilities: &["ordered-cache", "exact-messages"],
            rejection_mode: "keeps-rejected",
            durability_class: "volatile",
            concurrent_calls: true,
        };
        value(&match self {
            Self::Memory => common,
            Self::File => Declaration {
                name: "telltale-machine (file)",
                capabilities: &["reopen", "ordered-cache", "exact-messages"],
                rejection_mode: "clean-reject",
                durability_class: "restart",
                ..common
            },
        })
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

/// The logs and caches that are open.
pub struct Storage {
    backend: Backend,
    logs: HashMap<u64, Box<dyn AgreementWal + Send>>,
    caches: HashMap<u64, Box<dyn EvidenceOutcomeCache + Send>>,
}

#[derive(Deserialize)]
struct Open<'a> {
    #[serde(borrow)]
    directory: std::borrow::Cow<'a, Path>,
}

#[derive(Deserialize)]
struct Append {
    entry: AgreementWalEntry,
}

#[derive(Deserialize)]
struct ReadSince {
    tick: u64,
}

#[derive(Deserialize)]
struct Get {
    evidence_id: String,
}

#[derive(Deserialize)]
struct Put {
    entry: EvidenceOutcomeCacheEntry,
}

impl Storage {
    /// Storage in which nothing is open yet.
    pub fn new(backend: Backend) -> Self {
        Self {
            backend,
            logs: HashMap::new(),
            caches: HashMap::new(),
        }
    }

    /// Serve an operation of a log.
    pub fn serve_log(&mut self, method: &str, object: u64, line: &[u8]) -> Served {
        match method {
            "open" => {
                let log = self.backend.log(&arguments::<Open>(line)?.directory);
                self.logs.insert(object, log);
                value(&())
            }
            "append" => {
                let Append { entry } = arguments(line)?;
                self.log(object)?.append(entry)?;
                value(&())
            }
            "read_since" => {
                let ReadSince { tick } = arguments(line)?;
                value(&self.log(object)?.read_since(tick)?)
            }
            "load" => value(&self.log(object)?.load()?),
            "close" => closed(self.logs.remove(&object).is_some(), object),
            _ => Err(Exception::Unsupported(format!(
                "logs have no operation {method}"
            ))),
        }
    }

    /// Serve an operation of a cache.
    pub fn serve_cache(&mut self, method: &str, object: u64, line: &[u8]) -> Served {
        match method {
            "open" => {
                let cache = self.backend.cache(&arguments::<Open>(line)?.directory);
                self.caches.insert(object, cache);
                value(&())
            }
            "get" => {
                let Get { evidence_id } = arguments(line)?;
                value(&self.cache(object)?.get(&evidence_id)?)
            }
            "put" => {
                let Put { entry } = arguments(line)?;
                self.cache(object)?.put(entry)?;
                value(&())
            }
            "load" => value(&self.cache(object)?.load()?),
            "close" => closed(self.caches.remove(&object).is_some(), object),
            _ => Err(Exception::Unsupported(format!(
                "caches have no operation {method}"
            ))),
        }
    }

    fn log(&mut self, object: u64) -> Result<&mut Box<dyn AgreementWal + Send>, Exception> {
        self.logs.get_mut(&object).ok_or_else(|| not_open(object))
    }

    fn cache(
        &mut self,
        object: u64,
    ) -> Result<&mut Box<dyn EvidenceOutcomeCache + Send>, Exception> {
        self.caches.get_mut(&object).ok_or_else(|| not_open(object))
    }
}

fn closed(was_open: bool, object: u64) -> Served {
    if was_open {
        value(&())
    } else {
        Err(not_open(object))
    }
}

fn not_open(object: u64) -> Exception {
    Exception::bad_request(format!("object {object} is not open"))
}

/// Read the arguments of a request from its whole line.
pub fn arguments<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, Exception> {
    from_json(line).map_err(|error| Exception::bad_request(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn the_version_of_the_crate_is_the_one_of_the_lock_file() {
        assert!(locked_version().starts_with("17."), "{}", locked_version());
    }
}
