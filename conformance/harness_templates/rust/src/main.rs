//! A harness: it puts your backend at the service of `telltale-conformance`.
//!
//!     cargo build --release
//!     telltale-conformance smoke --command target/release/harness
//!     telltale-conformance check --command target/release/harness
//!
//! Fill in `PROMISES` and the methods of `Backend`. What is left as it is answers "unsupported",
//! and its requirements are not judged. Values are in the specification's JSON form, so types that
//! derive serde's traits can be used as they are. Each method gives `value(&...)` of what its
//! comment names, or `value(&())` for nothing; `Problem::Refused` is the declared error of the
//! contract; a panic is reported as a fault.

// Both can go as soon as the harness is filled in.
#![allow(dead_code, unused_variables)]

mod protocol;

// And `value`, as soon as something is given.
use protocol::{Answer, Operations, Problem, Promises, Request, Runner};
use serde_json::Value;

/// What is promised here is checked; what is not promised is not demanded.
const PROMISES: Promises = Promises {
    name: "my-backend",
    version: "0.1.0",
    // reopen, ordered-cache, exact-messages, concurrent-handles, process-kill, power-loss,
    // fault-tolerance, bit-rot, threads, server-kill
    capabilities: &[],
    // What a refused append leaves: clean-reject, unknown-outcome, keeps-rejected.
    rejection_mode: "clean-reject",
    // What it survives: volatile, restart (needs reopen), process (process-kill), power.
    durability_class: "volatile",
    // Whether a second request is served while a first one runs.
    concurrent_calls: false,
    // Findings that it mends.
    mends: &[],
};

fn main() -> Result<(), String> {
    protocol::serve(&PROMISES, Backend::default())
}

/// Your logs, caches and handlers. A method may be asked while another one waits for a call, so
/// they take `&self`: keep what changes in a `Mutex`.
#[derive(Default)]
struct Backend {}

impl Operations for Backend {
    fn perform(&self, request: &Request) -> Answer {
        let number = |name: &str| request.argument::<u64>(name);
        let text = |name: &str| request.argument::<String>(name);
        let json = |name: &str| request.argument::<Value>(name);
        let object = || request.object();
        let runner = request.runner();
        match request.operation() {
            "wal.open" => self.wal_open(object()?, &text("directory")?),
            "wal.append" => self.wal_append(object()?, json("entry")?),
            "wal.read_since" => self.wal_read_since(object()?, number("tick")?),
            "wal.load" => self.wal_load(object()?),
            "wal.close" => self.wal_close(object()?),
            "cache.open" => self.cache_open(object()?, &text("directory")?),
            "cache.get" => self.cache_get(object()?, &text("evidence_id")?),
            "cache.put" => self.cache_put(object()?, json("entry")?),
            "cache.load" => self.cache_load(object()?),
            "cache.close" => self.cache_close(object()?),
            "wal_handler.make" => {
                self.wal_handler_make(object()?, number("inner")?, number("wal")?, json("mode")?)
            }
            "evidence_handler.make" => self.evidence_handler_make(
                object()?,
                number("inner")?,
                number("cache")?,
                number("resolver")?,
            ),
            "handler.drop" => self.handler_drop(request.argument("objects")?),
            "handler.handler_identity" => self.handler_identity(runner, object()?),
            "handler.handle_effect" => self.handle_effect(runner, object()?, json("request")?),
            "handler.handle_send" => self.handle_send(runner, object()?, request),
            "handler.send_decision" => self.send_decision(runner, object()?, json("input")?),
            "handler.handle_recv" => self.handle_recv(runner, object()?, request),
            "handler.handle_choose" => self.handle_choose(runner, object()?, request),
            "handler.step" => self.step(runner, object()?, &text("role")?, json("state")?),
            "handler.handle_acquire" => self.handle_acquire(runner, object()?, request),
            "handler.handle_release" => self.handle_release(runner, object()?, request),
            "handler.supports_wal_sync" => self.supports_wal_sync(object()?),
            "handler.wal_sync" => self.wal_sync(runner, object()?, json("sync")?),
            "handler.topology_events" => self.topology_events(runner, object()?, number("tick")?),
            "handler.output_condition_hint" => {
                self.output_condition_hint(runner, object()?, request)
            }
            "handler.wal_snapshot" => self.wal_snapshot(runner, object()?),
            "handler.cached_outcome" => {
                self.cached_outcome(runner, object()?, &text("evidence_id")?)
            }
            "handler.cache_snapshot" => self.cache_snapshot(runner, object()?),
            "recovery.plan" => {
                self.recovery_plan(number("checkpoint_tick")?, json("wal")?, json("cache")?)
            }
            "artifact.encode" => self.artifact_encode(json("artifact")?),
            "artifact.decode" => self.artifact_decode(&text("bytes")?),
            "entry.identity" => self.entry_identity(json("entry")?),
            _ => unsupported(),
        }
    }
}

impl Backend {
    // The log. `object` names it from `wal_open` to `wal_close`; keep your logs in a map in a
    // `Mutex`.

    /// Opens the log kept in `directory`, which is empty at first; the second time, reopens it.
    fn wal_open(&self, object: u64, directory: &str) -> Answer {
        unsupported()
    }

    /// Stores `entry` at the end, or refuses if the order of escalations forbids it.
    fn wal_append(&self, object: u64, entry: Value) -> Answer {
        unsupported()
    }

    /// Gives the entries with a tick above `tick`, in stored order: a list.
    fn wal_read_since(&self, object: u64, tick: u64) -> Answer {
        unsupported()
    }

    /// Gives the whole log: `{"entries": [...]}`.
    fn wal_load(&self, object: u64) -> Answer {
        unsupported()
    }

    /// Closes the log; what it acknowledged stays if `reopen` is promised.
    fn wal_close(&self, object: u64) -> Answer {
        unsupported()
    }

    // The cache of evidence outcomes, in the same way.

    /// Opens or reopens the cache kept in `directory`.
    fn cache_open(&self, object: u64, directory: &str) -> Answer {
        unsupported()
    }

    /// Gives the entry of exactly this id, or null.
    fn cache_get(&self, object: u64, evidence_id: &str) -> Answer {
        unsupported()
    }

    /// Stores `entry` in place of any other with its `evidence_id`.
    fn cache_put(&self, object: u64, entry: Value) -> Answer {
        unsupported()
    }

    /// Gives the whole cache: `{"entries": [...]}`.
    fn cache_load(&self, object: u64) -> Answer {
        unsupported()
    }

    /// Closes the cache.
    fn cache_close(&self, object: u64) -> Answer {
        unsupported()
    }

    // The two handlers. `inner`, `wal`, `cache` and `resolver` are the runner's objects. Hold no
    // lock during a call that the backend takes elsewhere:
    //
    //     let log: Value = runner.call("wal.load", wal, json!({}))?;
    //     let () = runner.call("wal.append", wal, json!({"entry": entry}))?;
    //     let outcome: Value = runner.call("handler.handle_effect", inner, json!({"request": request}))?;
    //     let id: Option<String> = runner.call("resolver.evidence_id", resolver, json!({"request": request}))?;
    //
    // A RESULT is `{"status": "success", "value": VALUE}`, `{"status": "blocked"}` or
    // `{"status": "failure", "failure": {"kind": "unavailable", "message": "why"}}`.

    /// Makes a WAL handler; `mode` is `{"mode": "immediate"}`, `blocked`, or `failure` + `message`.
    fn wal_handler_make(&self, object: u64, inner: u64, wal: u64, mode: Value) -> Answer {
        unsupported()
    }

    /// Makes an evidence handler.
    fn evidence_handler_make(&self, object: u64, inner: u64, cache: u64, resolver: u64) -> Answer {
        unsupported()
    }

    /// Forgets these handlers.
    fn handler_drop(&self, objects: Vec<u64>) -> Answer {
        unsupported()
    }

    /// Gives `agreement_wal<inner>` or `evidence_persistence<inner>`.
    fn handler_identity(&self, runner: &Runner, object: u64) -> Answer {
        unsupported()
    }

    /// Carries out `request`; gives `{"status": {"status": "success"}, "response": {...}}`.
    fn handle_effect(&self, runner: &Runner, object: u64, request: Value) -> Answer {
        unsupported()
    }

    /// Takes `role`, `partner`, `label`, `state`; gives the RESULT of a value, a payload.
    fn handle_send(&self, runner: &Runner, object: u64, request: &Request) -> Answer {
        unsupported()
    }

    /// Gives the RESULT of a send decision.
    fn send_decision(&self, runner: &Runner, object: u64, input: Value) -> Answer {
        unsupported()
    }

    /// Takes `role`, `partner`, `label`, `state`, `payload`; gives `{"result": ..., "state": ...}`.
    fn handle_recv(&self, runner: &Runner, object: u64, request: &Request) -> Answer {
        unsupported()
    }

    /// Takes `role`, `partner`, `labels`, `state`; gives the RESULT of a text.
    fn handle_choose(&self, runner: &Runner, object: u64, request: &Request) -> Answer {
        unsupported()
    }

    /// Runs one step; gives `{"result": ..., "state": [...]}`, the state as it is afterwards.
    fn step(&self, runner: &Runner, object: u64, role: &str, state: Value) -> Answer {
        unsupported()
    }

    /// Takes `sid`, `role`, `layer`, `state`; gives the RESULT of a value, the evidence.
    fn handle_acquire(&self, runner: &Runner, object: u64, request: &Request) -> Answer {
        unsupported()
    }

    /// Takes `sid`, `role`, `layer`, `evidence`, `state`; gives a RESULT with value null.
    fn handle_release(&self, runner: &Runner, object: u64, request: &Request) -> Answer {
        unsupported()
    }

    /// Says whether the handler serves `wal_sync`.
    fn supports_wal_sync(&self, object: u64) -> Answer {
        unsupported()
    }

    /// Appends what `sync` adds to the log; gives a RESULT with value null.
    fn wal_sync(&self, runner: &Runner, object: u64, sync: Value) -> Answer {
        unsupported()
    }

    /// Gives the RESULT of a list of perturbations.
    fn topology_events(&self, runner: &Runner, object: u64, tick: u64) -> Answer {
        unsupported()
    }

    /// Takes `sid`, `role`, `state`; gives a hint, or null.
    fn output_condition_hint(&self, runner: &Runner, object: u64, request: &Request) -> Answer {
        unsupported()
    }

    /// Gives the log of a WAL handler: `{"entries": [...]}`.
    fn wal_snapshot(&self, runner: &Runner, object: u64) -> Answer {
        unsupported()
    }

    /// Gives the outcome that an evidence handler has stored, or null.
    fn cached_outcome(&self, runner: &Runner, object: u64, evidence_id: &str) -> Answer {
        unsupported()
    }

    /// Gives the cache of an evidence handler: `{"entries": [...]}`.
    fn cache_snapshot(&self, runner: &Runner, object: u64) -> Answer {
        unsupported()
    }

    // Functions.

    /// Gives `metadata`, `wal_suffix`, `evidence_cache` and `decisions`.
    fn recovery_plan(&self, checkpoint_tick: u64, wal: Value, cache: Value) -> Answer {
        unsupported()
    }

    /// Gives the canonical CBOR bytes in lowercase hexadecimal.
    fn artifact_encode(&self, artifact: Value) -> Answer {
        unsupported()
    }

    /// Gives the artifact of hexadecimal `bytes`, or refuses.
    fn artifact_decode(&self, bytes: &str) -> Answer {
        unsupported()
    }

    /// Gives the stable identity of a log entry.
    fn entry_identity(&self, entry: Value) -> Answer {
        unsupported()
    }
}

fn unsupported() -> Answer {
    Err(Problem::Unsupported("not filled in".to_owned()))
}
