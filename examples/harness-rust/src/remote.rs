//! What lies around a handler: the runner plays it, and these pass each use of it on to the runner.

use serde::{Deserialize, Serialize};
use telltale_harness::protocol::Runner;
use telltale_machine::durable::{
    AgreementWal, AgreementWalArtifact, AgreementWalEntry, EvidenceIdResolver,
    EvidenceOutcomeCache, EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry, WalSyncRequest,
};
use telltale_machine::model::effects::{
    EffectFailure, EffectHandler, EffectOutcome, EffectRequest, EffectResult, SendDecision,
    SendDecisionInput, TopologyPerturbation,
};
use telltale_machine::model::output_condition::OutputConditionHint;
use telltale_machine::model::state::SessionId;
use telltale_machine::Value;

/// An object of the runner, by its number.
#[derive(Clone)]
pub struct Remote {
    runner: Runner,
    object: u64,
}

impl Remote {
    /// The runner's object `object`.
    pub fn new(runner: &Runner, object: u64) -> Self {
        Self {
            runner: runner.clone(),
            object,
        }
    }
}

/// The arguments of a call; each call has some of them.
#[derive(Default, Serialize)]
struct Arguments<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<&'a AgreementWalEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tick: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a EffectRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<&'a WalSyncRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<DecisionInput<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a [Value]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a Value>,
}

#[derive(Serialize)]
struct DecisionInput<'a> {
    sid: SessionId,
    role: &'a str,
    partner: &'a str,
    label: &'a str,
    state: &'a [Value],
    payload: Option<&'a Value>,
}

#[derive(Serialize)]
struct CacheEntry<'a> {
    entry: &'a EvidenceOutcomeCacheEntry,
}

#[derive(Serialize)]
struct EvidenceId<'a> {
    evidence_id: &'a str,
}

/// The result of a handler's method in the protocol's form, which is not the one of the crate's derive.
#[derive(Deserialize, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ResultForm<T> {
    Success { value: T },
    Blocked,
    Failure { failure: EffectFailure },
}

impl<T> From<EffectResult<T>> for ResultForm<T> {
    fn from(result: EffectResult<T>) -> Self {
        match result {
            EffectResult::Success(value) => Self::Success { value },
            EffectResult::Blocked => Self::Blocked,
            EffectResult::Failure(failure) => Self::Failure { failure },
        }
    }
}

impl<T> From<ResultForm<T>> for EffectResult<T> {
    fn from(form: ResultForm<T>) -> Self {
        match form {
            ResultForm::Success { value } => Self::Success(value),
            ResultForm::Blocked => Self::Blocked,
            ResultForm::Failure { failure } => Self::Failure(failure),
        }
    }
}

/// A result, and the state as the method leaves it.
#[derive(Deserialize, Serialize)]
pub struct StatefulResult {
    pub result: ResultForm<()>,
    pub state: Vec<Value>,
}

impl AgreementWal for Remote {
    fn append(&mut self, entry: AgreementWalEntry) -> Result<(), String> {
        let arguments = Arguments {
            entry: Some(&entry),
            ..Arguments::default()
        };
        self.runner.call("wal.append", self.object, arguments)
    }

    fn read_since(&self, tick: u64) -> Result<Vec<AgreementWalEntry>, String> {
        let arguments = Arguments {
            tick: Some(tick),
            ..Arguments::default()
        };
        self.runner.call("wal.read_since", self.object, arguments)
    }

    fn load(&self) -> Result<AgreementWalArtifact, String> {
        self.runner
            .call("wal.load", self.object, Arguments::default())
    }
}

impl EvidenceOutcomeCache for Remote {
    fn get(&self, evidence_id: &str) -> Result<Option<EvidenceOutcomeCacheEntry>, String> {
        self.runner
            .call("cache.get", self.object, EvidenceId { evidence_id })
    }

    fn put(&mut self, entry: EvidenceOutcomeCacheEntry) -> Result<(), String> {
        self.runner
            .call("cache.put", self.object, CacheEntry { entry: &entry })
    }

    fn load(&self) -> Result<EvidenceOutcomeCacheArtifact, String> {
        self.runner
            .call("cache.load", self.object, Arguments::default())
    }
}

impl EvidenceIdResolver for Remote {
    fn evidence_id_for_request(&self, request: &EffectRequest) -> Option<String> {
        let arguments = Arguments {
            request: Some(request),
            ..Arguments::default()
        };
        self.ask("resolver.evidence_id", arguments)
    }
}

impl Remote {
    /// Call a method that has no declared error.
    fn ask<T: serde::de::DeserializeOwned>(&self, operation: &str, arguments: Arguments<'_>) -> T {
        self.runner
            .call(operation, self.object, arguments)
            .unwrap_or_else(|text| {
                panic!("{operation} has no declared error, the runner answered: {text}")
            })
    }

    fn ask_result<T: serde::de::DeserializeOwned>(
        &self,
        operation: &str,
        arguments: Arguments<'_>,
    ) -> EffectResult<T> {
        self.ask::<ResultForm<T>>(operation, arguments).into()
    }
}

impl EffectHandler for Remote {
    fn handler_identity(&self) -> String {
        self.ask("handler.handler_identity", Arguments::default())
    }

    fn handle_effect(&self, request: EffectRequest) -> EffectOutcome {
        let arguments = Arguments {
            request: Some(&request),
            ..Arguments::default()
        };
        self.ask("handler.handle_effect", arguments)
    }

    fn handle_send(
        &self,
        role: &str,
        partner: &str,
        label: &str,
        state: &[Value],
    ) -> EffectResult<Value> {
        let arguments = Arguments {
            role: Some(role),
            partner: Some(partner),
            label: Some(label),
            state: Some(state),
            ..Arguments::default()
        };
        self.ask_result("handler.handle_send", arguments)
    }

    fn send_decision(&self, input: SendDecisionInput<'_>) -> EffectResult<SendDecision> {
        let arguments = Arguments {
            input: Some(DecisionInput {
                sid: input.sid,
                role: input.role,
                partner: input.partner,
                label: input.label,
                state: input.state,
                payload: input.payload.as_ref(),
            }),
            ..Arguments::default()
        };
        self.ask_result("handler.send_decision", arguments)
    }

    fn handle_recv(
        &self,
        role: &str,
        partner: &str,
        label: &str,
        state: &mut Vec<Value>,
        payload: &Value,
    ) -> EffectResult<()> {
        let arguments = Arguments {
            role: Some(role),
            partner: Some(partner),
            label: Some(label),
            state: Some(state),
            payload: Some(payload),
            ..Arguments::default()
        };
        let answer: StatefulResult = self.ask("handler.handle_recv", arguments);
        *state = answer.state;
        answer.result.into()
    }

    fn handle_choose(
        &self,
        role: &str,
        partner: &str,
        labels: &[String],
        state: &[Value],
    ) -> EffectResult<String> {
        let arguments = Arguments {
            role: Some(role),
            partner: Some(partner),
            labels: Some(labels),
            state: Some(state),
            ..Arguments::default()
        };
        self.ask_result("handler.handle_choose", arguments)
    }

    fn step(&self, role: &str, state: &mut Vec<Value>) -> EffectResult<()> {
        let arguments = Arguments {
            role: Some(role),
            state: Some(state),
            ..Arguments::default()
        };
        let answer: StatefulResult = self.ask("handler.step", arguments);
        *state = answer.state;
        answer.result.into()
    }

    fn handle_acquire(
        &self,
        sid: SessionId,
        role: &str,
        layer: &str,
        state: &[Value],
    ) -> EffectResult<Value> {
        let arguments = Arguments {
            sid: Some(sid),
            role: Some(role),
            layer: Some(layer),
            state: Some(state),
            ..Arguments::default()
        };
        self.ask_result("handler.handle_acquire", arguments)
    }

    fn handle_release(
        &self,
        sid: SessionId,
        role: &str,
        layer: &str,
        evidence: &Value,
        state: &[Value],
    ) -> EffectResult<()> {
        let arguments = Arguments {
            sid: Some(sid),
            role: Some(role),
            layer: Some(layer),
            evidence: Some(evidence),
            state: Some(state),
            ..Arguments::default()
        };
        self.ask_result("handler.handle_release", arguments)
    }

    fn supports_wal_sync(&self) -> bool {
        self.ask("handler.supports_wal_sync", Arguments::default())
    }

    fn wal_sync(&self, sync: &WalSyncRequest) -> EffectResult<()> {
        let arguments = Arguments {
            sync: Some(sync),
            ..Arguments::default()
        };
        self.ask_result("handler.wal_sync", arguments)
    }

    fn topology_events(&self, tick: u64) -> EffectResult<Vec<TopologyPerturbation>> {
        let arguments = Arguments {
            tick: Some(tick),
            ..Arguments::default()
        };
        self.ask_result("handler.topology_events", arguments)
    }

    fn output_condition_hint(
        &self,
        sid: SessionId,
        role: &str,
        state: &[Value],
    ) -> Option<OutputConditionHint> {
        let arguments = Arguments {
            sid: Some(sid),
            role: Some(role),
            state: Some(state),
            ..Arguments::default()
        };
        self.ask("handler.output_condition_hint", arguments)
    }
}
