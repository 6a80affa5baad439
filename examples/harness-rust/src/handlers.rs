//! The crate's two handlers, each in the middle of what the runner plays.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use telltale_machine::durable::{
    AgreementWalHandler, EvidenceIdResolver, EvidencePersistenceHandler, WalSyncMode,
    WalSyncRequest,
};
use telltale_machine::model::effects::{EffectHandler, EffectRequest, SendDecisionInput};
use telltale_machine::model::state::SessionId;
use telltale_machine::Value;

use crate::answer::{value, Exception, Served};
use crate::backends::arguments;
use crate::link::Link;
use crate::remote::{Remote, ResultForm, StatefulResult};

/// The second form that the crate allows for a resolver.
type Callable = Box<dyn Fn(&EffectRequest) -> Option<String> + Send + Sync>;

/// One handler of the crate.
pub enum Made {
    Wal(AgreementWalHandler<'static, Remote>),
    Evidence(EvidencePersistenceHandler<'static, Remote, Remote>),
    EvidenceWithCallable(EvidencePersistenceHandler<'static, Remote, Callable>),
}

/// The handlers that were made, by their numbers.
#[derive(Default)]
pub struct Handlers {
    made: HashMap<u64, Arc<Made>>,
}

#[derive(Deserialize)]
struct MakeWalHandler {
    inner: u64,
    wal: u64,
    mode: Mode,
}

#[derive(Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
enum Mode {
    Immediate,
    Blocked,
    Failure { message: String },
}

#[derive(Deserialize)]
struct MakeEvidenceHandler {
    inner: u64,
    cache: u64,
    resolver: u64,
    resolver_form: ResolverForm,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ResolverForm {
    Object,
    Callable,
}

#[derive(Deserialize)]
struct DropArguments {
    objects: Vec<u64>,
}

impl Handlers {
    /// Serve `wal_handler.make`.
    pub fn make_wal_handler(&mut self, link: &Arc<Link>, object: u64, line: &[u8]) -> Served {
        let MakeWalHandler { inner, wal, mode } = arguments(line)?;
        let mode = match mode {
            Mode::Immediate => WalSyncMode::Immediate,
            Mode::Blocked => WalSyncMode::Blocked,
            Mode::Failure { message } => WalSyncMode::Failure { message },
        };
        let wal = Remote::new(link, wal);
        let handler = AgreementWalHandler::with_sync_mode(lasting(link, inner), wal, mode);
        self.made.insert(object, Arc::new(Made::Wal(handler)));
        value(&())
    }

    /// Serve `evidence_handler.make`.
    pub fn make_evidence_handler(&mut self, link: &Arc<Link>, object: u64, line: &[u8]) -> Served {
        let MakeEvidenceHandler {
            inner,
            cache,
            resolver,
            resolver_form,
        } = arguments(line)?;
        let inner = lasting(link, inner);
        let cache = Remote::new(link, cache);
        let resolver = Remote::new(link, resolver);
        let made = match resolver_form {
            ResolverForm::Object => {
                Made::Evidence(EvidencePersistenceHandler::new(inner, cache, resolver))
            }
            ResolverForm::Callable => {
                let callable: Callable =
                    Box::new(move |request| resolver.evidence_id_for_request(request));
                Made::EvidenceWithCallable(EvidencePersistenceHandler::new(inner, cache, callable))
            }
        };
        self.made.insert(object, Arc::new(made));
        value(&())
    }

    /// Serve `handler.drop`.
    pub fn drop_handlers(&mut self, line: &[u8]) -> Served {
        let DropArguments { objects } = arguments(line)?;
        for object in objects {
            self.made.remove(&object);
        }
        value(&())
    }

    /// The handler of this number.
    pub fn get(&self, object: u64) -> Result<Arc<Made>, Exception> {
        self.made
            .get(&object)
            .cloned()
            .ok_or_else(|| Exception::bad_request(format!("object {object} is not a handler")))
    }
}

/// Make an inner handler that is never dropped.
///
/// The crate's handlers borrow their inner handler. Two words for each handler that is ever made cost
/// less than a struct that borrows from itself.
fn lasting(link: &Arc<Link>, inner: u64) -> &'static Remote {
    Box::leak(Box::new(Remote::new(link, inner)))
}

#[derive(Deserialize)]
struct HandleEffect {
    request: EffectRequest,
}

#[derive(Deserialize)]
struct SendArguments {
    role: String,
    partner: String,
    label: String,
    state: Vec<Value>,
}

#[derive(Deserialize)]
struct Decide {
    input: DecisionInput,
}

#[derive(Deserialize)]
struct DecisionInput {
    sid: SessionId,
    role: String,
    partner: String,
    label: String,
    state: Vec<Value>,
    payload: Option<Value>,
}

#[derive(Deserialize)]
struct Receive {
    role: String,
    partner: String,
    label: String,
    state: Vec<Value>,
    payload: Value,
}

#[derive(Deserialize)]
struct Choose {
    role: String,
    partner: String,
    labels: Vec<String>,
    state: Vec<Value>,
}

#[derive(Deserialize)]
struct Step {
    role: String,
    state: Vec<Value>,
}

#[derive(Deserialize)]
struct Acquire {
    sid: SessionId,
    role: String,
    layer: String,
    state: Vec<Value>,
}

#[derive(Deserialize)]
struct Release {
    sid: SessionId,
    role: String,
    layer: String,
    evidence: Value,
    state: Vec<Value>,
}

#[derive(Deserialize)]
struct SyncArguments {
    sync: WalSyncRequest,
}

#[derive(Deserialize)]
struct Topology {
    tick: u64,
}

#[derive(Deserialize)]
struct Hint {
    sid: SessionId,
    role: String,
    state: Vec<Value>,
}

#[derive(Deserialize)]
struct CachedOutcome {
    evidence_id: String,
}

impl Made {
    fn effects(&self) -> &dyn EffectHandler {
        match self {
            Self::Wal(handler) => handler,
            Self::Evidence(handler) => handler,
            Self::EvidenceWithCallable(handler) => handler,
        }
    }

    /// Serve a method of this handler.
    pub fn serve(&self, method: &str, line: &[u8]) -> Served {
        match method {
            "wal_snapshot" => match self {
                Self::Wal(handler) => value(&handler.wal_snapshot()?),
                _ => Err(another_kind(method)),
            },
            "cached_outcome" => {
                let CachedOutcome { evidence_id } = arguments(line)?;
                value(&match self {
                    Self::Evidence(handler) => handler.cached_outcome(&evidence_id)?,
                    Self::EvidenceWithCallable(handler) => handler.cached_outcome(&evidence_id)?,
                    Self::Wal(_) => return Err(another_kind(method)),
                })
            }
            "cache_snapshot" => value(&match self {
                Self::Evidence(handler) => handler.cache_snapshot()?,
                Self::EvidenceWithCallable(handler) => handler.cache_snapshot()?,
                Self::Wal(_) => return Err(another_kind(method)),
            }),
            _ => serve_effect(self.effects(), method, line),
        }
    }
}

fn another_kind(method: &str) -> Exception {
    Exception::bad_request(format!("a handler of this kind has no {method}"))
}

/// Serve a method that every effect handler has.
fn serve_effect(handler: &dyn EffectHandler, method: &str, line: &[u8]) -> Served {
    match method {
        "handler_identity" => value(&handler.handler_identity()),
        "handle_effect" => {
            let HandleEffect { request } = arguments(line)?;
            value(&handler.handle_effect(request))
        }
        "handle_send" => {
            let SendArguments {
                role,
                partner,
                label,
                state,
            } = arguments(line)?;
            value(&ResultForm::from(
                handler.handle_send(&role, &partner, &label, &state),
            ))
        }
        "send_decision" => {
            let Decide { input } = arguments(line)?;
            value(&ResultForm::from(handler.send_decision(
                SendDecisionInput {
                    sid: input.sid,
                    role: &input.role,
                    partner: &input.partner,
                    label: &input.label,
                    state: &input.state,
                    payload: input.payload,
                },
            )))
        }
        "handle_choose" => {
            let Choose {
                role,
                partner,
                labels,
                state,
            } = arguments(line)?;
            value(&ResultForm::from(
                handler.handle_choose(&role, &partner, &labels, &state),
            ))
        }
        "handle_recv" | "step" => serve_stateful(handler, method, line),
        _ => serve_guard_or_runtime(handler, method, line),
    }
}

/// Serve a method that may change the state.
fn serve_stateful(handler: &dyn EffectHandler, method: &str, line: &[u8]) -> Served {
    let (result, state) = if method == "step" {
        let Step { role, mut state } = arguments(line)?;
        (handler.step(&role, &mut state), state)
    } else {
        let Receive {
            role,
            partner,
            label,
            mut state,
            payload,
        } = arguments(line)?;
        let result = handler.handle_recv(&role, &partner, &label, &mut state, &payload);
        (result, state)
    };
    value(&StatefulResult {
        result: result.into(),
        state,
    })
}

/// Serve a method that has a default in the crate.
fn serve_guard_or_runtime(handler: &dyn EffectHandler, method: &str, line: &[u8]) -> Served {
    match method {
        "handle_acquire" => {
            let Acquire {
                sid,
                role,
                layer,
                state,
            } = arguments(line)?;
            value(&ResultForm::from(
                handler.handle_acquire(sid, &role, &layer, &state),
            ))
        }
        "handle_release" => {
            let Release {
                sid,
                role,
                layer,
                evidence,
                state,
            } = arguments(line)?;
            value(&ResultForm::from(
                handler.handle_release(sid, &role, &layer, &evidence, &state),
            ))
        }
        "supports_wal_sync" => value(&handler.supports_wal_sync()),
        "wal_sync" => {
            let SyncArguments { sync } = arguments(line)?;
            value(&ResultForm::from(handler.wal_sync(&sync)))
        }
        "topology_events" => {
            let Topology { tick } = arguments(line)?;
            value(&ResultForm::from(handler.topology_events(tick)))
        }
        "output_condition_hint" => {
            let Hint { sid, role, state } = arguments(line)?;
            value(&handler.output_condition_hint(sid, &role, &state))
        }
        _ => Err(Exception::Unsupported(format!(
            "handlers have no operation {method}"
        ))),
    }
}
