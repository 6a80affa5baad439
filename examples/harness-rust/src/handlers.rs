//! The crate's two handlers, each in the middle of what the runner plays.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use telltale_harness::protocol::{value, Answer, Problem, Request, Runner};
use telltale_machine::durable::{
    AgreementWalHandler, EvidenceIdResolver, EvidencePersistenceHandler, WalSyncMode,
    WalSyncRequest,
};
use telltale_machine::model::effects::{EffectHandler, EffectRequest, SendDecisionInput};
use telltale_machine::model::state::SessionId;
use telltale_machine::Value;

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
    made: Mutex<HashMap<u64, Arc<Made>>>,
}

#[derive(Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
enum Mode {
    Immediate,
    Blocked,
    Failure { message: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ResolverForm {
    Object,
    Callable,
}

impl Handlers {
    /// Serve `wal_handler.make`.
    pub fn make_wal_handler(&self, request: &Request) -> Answer {
        let mode = match request.argument("mode")? {
            Mode::Immediate => WalSyncMode::Immediate,
            Mode::Blocked => WalSyncMode::Blocked,
            Mode::Failure { message } => WalSyncMode::Failure { message },
        };
        let runner = request.runner();
        let inner = lasting(runner, request.argument("inner")?);
        let wal = Remote::new(runner, request.argument("wal")?);
        let handler = AgreementWalHandler::with_sync_mode(inner, wal, mode);
        self.keep(request.object()?, Made::Wal(handler))
    }

    /// Serve `evidence_handler.make`.
    pub fn make_evidence_handler(&self, request: &Request) -> Answer {
        let runner = request.runner();
        let inner = lasting(runner, request.argument("inner")?);
        let cache = Remote::new(runner, request.argument("cache")?);
        let resolver = Remote::new(runner, request.argument("resolver")?);
        let made = match request.argument("resolver_form")? {
            ResolverForm::Object => {
                Made::Evidence(EvidencePersistenceHandler::new(inner, cache, resolver))
            }
            ResolverForm::Callable => {
                let callable: Callable =
                    Box::new(move |request| resolver.evidence_id_for_request(request));
                Made::EvidenceWithCallable(EvidencePersistenceHandler::new(inner, cache, callable))
            }
        };
        self.keep(request.object()?, made)
    }

    /// Serve `handler.drop`.
    pub fn drop_handlers(&self, request: &Request) -> Answer {
        let objects: Vec<u64> = request.argument("objects")?;
        self.held().retain(|object, _| !objects.contains(object));
        value(&())
    }

    /// The handler of this number.
    pub fn get(&self, object: u64) -> Result<Arc<Made>, Problem> {
        self.held()
            .get(&object)
            .cloned()
            .ok_or_else(|| Problem::bad_request(format!("object {object} is not a handler")))
    }

    fn keep(&self, object: u64, made: Made) -> Answer {
        self.held().insert(object, Arc::new(made));
        value(&())
    }

    fn held(&self) -> MutexGuard<'_, HashMap<u64, Arc<Made>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Make an inner handler that is never dropped.
///
/// The crate's handlers borrow their inner handler. Two words for each handler that is ever made cost
/// less than a struct that borrows from itself.
fn lasting(runner: &Runner, inner: u64) -> &'static Remote {
    Box::leak(Box::new(Remote::new(runner, inner)))
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

impl Made {
    fn effects(&self) -> &dyn EffectHandler {
        match self {
            Self::Wal(handler) => handler,
            Self::Evidence(handler) => handler,
            Self::EvidenceWithCallable(handler) => handler,
        }
    }

    /// Serve a method of this handler.
    pub fn serve(&self, method: &str, request: &Request) -> Answer {
        match method {
            "wal_snapshot" => match self {
                Self::Wal(handler) => value(&handler.wal_snapshot()?),
                _ => Err(another_kind(method)),
            },
            "cached_outcome" => {
                let evidence_id: String = request.argument("evidence_id")?;
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
            _ => serve_effect(self.effects(), method, request),
        }
    }
}

fn another_kind(method: &str) -> Problem {
    Problem::bad_request(format!("a handler of this kind has no {method}"))
}

/// Serve a method that every effect handler has.
fn serve_effect(handler: &dyn EffectHandler, method: &str, request: &Request) -> Answer {
    let text = |name: &str| request.argument::<String>(name);
    let state = || request.argument::<Vec<Value>>("state");
    match method {
        "handler_identity" => value(&handler.handler_identity()),
        "handle_effect" => {
            let effect: EffectRequest = request.argument("request")?;
            value(&handler.handle_effect(effect))
        }
        "handle_send" => value(&ResultForm::from(handler.handle_send(
            &text("role")?,
            &text("partner")?,
            &text("label")?,
            &state()?,
        ))),
        "send_decision" => {
            let input: DecisionInput = request.argument("input")?;
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
        "handle_choose" => value(&ResultForm::from(handler.handle_choose(
            &text("role")?,
            &text("partner")?,
            &request.argument::<Vec<String>>("labels")?,
            &state()?,
        ))),
        "handle_recv" => {
            let mut state = state()?;
            let result = handler.handle_recv(
                &text("role")?,
                &text("partner")?,
                &text("label")?,
                &mut state,
                &request.argument("payload")?,
            );
            let result = result.into();
            value(&StatefulResult { result, state })
        }
        "step" => {
            let mut state = state()?;
            let result = handler.step(&text("role")?, &mut state).into();
            value(&StatefulResult { result, state })
        }
        _ => serve_guard_or_runtime(handler, method, request),
    }
}

/// Serve a method that has a default in the crate.
fn serve_guard_or_runtime(handler: &dyn EffectHandler, method: &str, request: &Request) -> Answer {
    let text = |name: &str| request.argument::<String>(name);
    let state = || request.argument::<Vec<Value>>("state");
    let sid = || request.argument::<SessionId>("sid");
    match method {
        "handle_acquire" => value(&ResultForm::from(handler.handle_acquire(
            sid()?,
            &text("role")?,
            &text("layer")?,
            &state()?,
        ))),
        "handle_release" => value(&ResultForm::from(handler.handle_release(
            sid()?,
            &text("role")?,
            &text("layer")?,
            &request.argument("evidence")?,
            &state()?,
        ))),
        "supports_wal_sync" => value(&handler.supports_wal_sync()),
        "wal_sync" => {
            let sync: WalSyncRequest = request.argument("sync")?;
            value(&ResultForm::from(handler.wal_sync(&sync)))
        }
        "topology_events" => {
            let tick = request.argument("tick")?;
            value(&ResultForm::from(handler.topology_events(tick)))
        }
        "output_condition_hint" => {
            value(&handler.output_condition_hint(sid()?, &text("role")?, &state()?))
        }
        _ => Err(Problem::Unsupported(format!(
            "handlers have no operation {method}"
        ))),
    }
}
