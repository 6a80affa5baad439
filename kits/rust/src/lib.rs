#![doc = include_str!("../README.md")]
// What is on the pipe is in the module `protocol`. Here the operations on logs and caches find the
// object that was opened under a number, and the durability says which capabilities are announced.

pub mod protocol;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::Serialize;

use protocol::{value, Answer, Operations, Problem, Promises, Request};

/// An append-only log. An error is the declared error of the contract; a panic is a fault.
pub trait Log: Send + 'static {
    /// An entry in the specification's JSON form: a type of your own, or `serde_json::Value`.
    type Entry: Serialize + DeserializeOwned;

    /// Store an entry at the end, or say why not.
    fn append(&mut self, entry: Self::Entry) -> Result<(), String>;

    /// Give the entries with a tick above this one, in stored order.
    fn read_since(&self, tick: u64) -> Result<Vec<Self::Entry>, String>;

    /// Give all entries, in stored order.
    fn load(&self) -> Result<Vec<Self::Entry>, String>;

    /// Close the log; what it acknowledged stays, if its durability promises that.
    fn close(self) -> Result<(), String>
    where
        Self: Sized,
    {
        Ok(())
    }
}

/// A cache of evidence outcomes, with errors as those of a [`Log`].
pub trait Cache: Send + 'static {
    /// An entry in the specification's JSON form: a type of your own, or `serde_json::Value`.
    type Entry: Serialize + DeserializeOwned;

    /// Give the entry of exactly this id.
    fn get(&self, evidence_id: &str) -> Result<Option<Self::Entry>, String>;

    /// Store an entry in place of any other with its `evidence_id`.
    fn put(&mut self, entry: Self::Entry) -> Result<(), String>;

    /// Give all entries.
    fn load(&self) -> Result<Vec<Self::Entry>, String>;

    /// Close the cache.
    fn close(self) -> Result<(), String>
    where
        Self: Sized,
    {
        Ok(())
    }
}

/// What a backend survives. Each announces the capabilities that the protocol wants for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Nothing.
    #[default]
    Volatile,
    /// An orderly close.
    Restart,
    /// The death of its process.
    Process,
    /// A loss of power.
    Power,
}

impl Durability {
    fn announced(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Volatile => ("volatile", &[]),
            Self::Restart => ("restart", &["reopen"]),
            Self::Process => ("process", &["reopen", "process-kill"]),
            Self::Power => ("power", &["reopen", "process-kill", "power-loss"]),
        }
    }
}

/// A backend that is served, and what is promised of it.
///
/// What is not given is not judged, and what is not promised is not demanded.
pub struct Harness {
    name: String,
    version: String,
    durability: Durability,
    capabilities: Vec<String>,
    rejection_mode: String,
    concurrent_calls: bool,
    mends: Vec<String>,
    parts: Parts,
}

impl Harness {
    /// Describe a backend that promises nothing yet.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_string(),
            version: version.to_string(),
            durability: Durability::Volatile,
            capabilities: Vec::new(),
            rejection_mode: "clean-reject".to_string(),
            concurrent_calls: false,
            mends: Vec::new(),
            parts: Parts::default(),
        }
    }

    /// Promise what it survives.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Promise something further, such as `ordered-cache`.
    #[must_use]
    pub fn capability(mut self, capability: &str) -> Self {
        self.capabilities.push(capability.to_string());
        self
    }

    /// Say what a refused append leaves, if it is not `clean-reject`.
    #[must_use]
    pub fn rejection_mode(mut self, mode: &str) -> Self {
        self.rejection_mode = mode.to_string();
        self
    }

    /// Promise that operations which wait for the runner are served side by side.
    #[must_use]
    pub fn concurrent_calls(mut self) -> Self {
        self.concurrent_calls = true;
        self
    }

    /// Name a finding that the backend mends.
    #[must_use]
    pub fn mends(mut self, finding: &str) -> Self {
        self.mends.push(finding.to_string());
        self
    }

    /// Serve logs; `open` opens the one of a directory, and the second time what is there.
    #[must_use]
    pub fn log<L: Log>(
        mut self,
        open: impl Fn(&Path) -> Result<L, String> + Send + Sync + 'static,
    ) -> Self {
        let opened = Opened::default();
        self.parts.log = Some(Box::new(move |request| {
            perform_log(&opened, &open, request)
        }));
        self
    }

    /// Serve caches; `open` opens the one of a directory, and the second time what is there.
    #[must_use]
    pub fn cache<C: Cache>(
        mut self,
        open: impl Fn(&Path) -> Result<C, String> + Send + Sync + 'static,
    ) -> Self {
        let opened = Opened::default();
        self.parts.cache = Some(Box::new(move |request| {
            perform_cache(&opened, &open, request)
        }));
        self
    }

    /// Serve all other operations of the protocol: handlers, recovery and codec.
    #[must_use]
    pub fn operations(mut self, operations: impl Operations) -> Self {
        self.parts.others = Some(Box::new(operations));
        self
    }

    /// Answer the runner until it leaves.
    ///
    /// # Errors
    ///
    /// A line that is no message, and a pipe that is broken.
    pub fn serve(self) -> Result<(), String> {
        let hello = self.with_promises(protocol::hello);
        protocol::serve_with(hello, self.parts)
    }

    fn with_promises<V>(&self, use_them: impl FnOnce(&Promises) -> V) -> V {
        let (durability_class, announced) = self.durability.announced();
        let mut capabilities = announced.to_vec();
        for capability in &self.capabilities {
            if !capabilities.contains(&capability.as_str()) {
                capabilities.push(capability);
            }
        }
        use_them(&Promises {
            name: &self.name,
            version: &self.version,
            capabilities: &capabilities,
            rejection_mode: &self.rejection_mode,
            durability_class,
            concurrent_calls: self.concurrent_calls,
            mends: &self.mends.iter().map(String::as_str).collect::<Vec<_>>(),
        })
    }
}

type Part = Box<dyn Fn(&Request) -> Answer + Send + Sync>;

#[derive(Default)]
struct Parts {
    log: Option<Part>,
    cache: Option<Part>,
    others: Option<Box<dyn Operations>>,
}

impl Operations for Parts {
    fn perform(&self, request: &Request) -> Answer {
        let component = request.operation().split('.').next();
        match (component, &self.log, &self.cache, &self.others) {
            (Some("wal"), Some(log), ..) => log(request),
            (Some("cache"), _, Some(cache), _) => cache(request),
            (_, _, _, Some(others)) => others.perform(request),
            _ => unsupported(request),
        }
    }

    fn waits(&self, operation: &str) -> bool {
        self.others
            .as_ref()
            .is_some_and(|others| others.waits(operation))
    }
}

fn perform_log<L: Log>(
    logs: &Opened<L>,
    open: impl Fn(&Path) -> Result<L, String>,
    request: &Request,
) -> Answer {
    match request.operation() {
        "wal.open" => logs.open(request, open),
        "wal.append" => {
            let entry = request.argument("entry")?;
            value(&logs.with(request, |log| log.append(entry))?)
        }
        "wal.read_since" => {
            let tick = request.argument("tick")?;
            value(&logs.with(request, |log| log.read_since(tick))?)
        }
        "wal.load" => {
            let entries = logs.with(request, |log| log.load())?;
            value(&BTreeMap::from([("entries", entries)]))
        }
        "wal.close" => value(&logs.taken(request)?.close()?),
        _ => unsupported(request),
    }
}

fn perform_cache<C: Cache>(
    caches: &Opened<C>,
    open: impl Fn(&Path) -> Result<C, String>,
    request: &Request,
) -> Answer {
    match request.operation() {
        "cache.open" => caches.open(request, open),
        "cache.get" => {
            let evidence_id: String = request.argument("evidence_id")?;
            value(&caches.with(request, |cache| cache.get(&evidence_id))?)
        }
        "cache.put" => {
            let entry = request.argument("entry")?;
            value(&caches.with(request, |cache| cache.put(entry))?)
        }
        "cache.load" => {
            let entries = caches.with(request, |cache| cache.load())?;
            value(&BTreeMap::from([("entries", entries)]))
        }
        "cache.close" => value(&caches.taken(request)?.close()?),
        _ => unsupported(request),
    }
}

fn unsupported(request: &Request) -> Answer {
    let operation = request.operation();
    Err(Problem::Unsupported(format!(
        "{operation} is not served here"
    )))
}

/// The logs or the caches that are open, by the runner's numbers.
struct Opened<T>(Mutex<HashMap<u64, Arc<Mutex<T>>>>);

impl<T> Default for Opened<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Opened<T> {
    fn open(&self, request: &Request, open: impl Fn(&Path) -> Result<T, String>) -> Answer {
        let directory: PathBuf = request.argument("directory")?;
        let thing = Arc::new(Mutex::new(open(&directory)?));
        self.held().insert(request.object()?, thing);
        value(&())
    }

    /// Call the object of a request, one call at a time.
    fn with<V>(
        &self,
        request: &Request,
        work: impl FnOnce(&mut T) -> Result<V, String>,
    ) -> Result<V, Problem> {
        let number = request.object()?;
        let thing = self.held().get(&number).cloned();
        let thing = thing.ok_or_else(|| not_open(number))?;
        // A panic of the backend has been told; what it has left is what it answers from now on.
        let mut thing = thing.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(work(&mut thing)?)
    }

    fn taken(&self, request: &Request) -> Result<T, Problem> {
        let number = request.object()?;
        let thing = self.held().remove(&number);
        let thing = thing.ok_or_else(|| not_open(number))?;
        let thing = Arc::try_unwrap(thing)
            .map_err(|_| Problem::bad_request(format!("object {number} is in use")))?;
        Ok(thing.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<Mutex<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_open(number: u64) -> Problem {
    Problem::bad_request(format!("object {number} is not open"))
}
