//! The pure functions: recovery plan, artifact codec, entry identity.

use serde::Serialize;
use telltale_harness::protocol::{value, Answer, Problem, Request};
use telltale_machine::durable::{
    AgreementWalArtifact, AgreementWalEntry, DurableRecoveryDecision, DurableRecoveryMetadata,
    DurableRecoveryPlan, EvidenceOutcomeCacheArtifact, PersistedDurabilityArtifact,
};
use telltale_machine::model::config::ProtocolMachineConfig;
use telltale_machine::runtime::runner::ProtocolMachine;

use crate::hexadecimal;

/// A plan without its machine.
#[derive(Serialize)]
struct PlanForm<'a> {
    metadata: &'a DurableRecoveryMetadata,
    wal_suffix: &'a [AgreementWalEntry],
    evidence_cache: &'a EvidenceOutcomeCacheArtifact,
    decisions: &'a [DurableRecoveryDecision],
}

/// Serve `recovery.plan`.
pub fn plan(request: &Request) -> Answer {
    let checkpoint_tick: u64 = request.argument("checkpoint_tick")?;
    let wal: AgreementWalArtifact = request.argument("wal")?;
    let cache: EvidenceOutcomeCacheArtifact = request.argument("cache")?;
    // A plan carries its machine along and asks it nothing: an empty one is as good as any.
    let machine = ProtocolMachine::new(ProtocolMachineConfig::default());
    let plan = DurableRecoveryPlan::from_checkpoint(checkpoint_tick, machine, &wal, cache)?;
    value(&PlanForm {
        metadata: &plan.metadata,
        wal_suffix: &plan.wal_suffix,
        evidence_cache: &plan.evidence_cache,
        decisions: &plan.decisions,
    })
}

/// Serve `artifact.encode`.
pub fn encode(request: &Request) -> Answer {
    let artifact: PersistedDurabilityArtifact = request.argument("artifact")?;
    value(&hexadecimal::encode(&artifact.to_cbor()?))
}

/// Serve `artifact.decode`.
pub fn decode(request: &Request) -> Answer {
    let bytes: String = request.argument("bytes")?;
    let bytes = hexadecimal::decode(&bytes).map_err(Problem::bad_request)?;
    value(&PersistedDurabilityArtifact::from_slice(&bytes)?)
}

/// Serve `entry.identity`.
pub fn identity(request: &Request) -> Answer {
    let entry: AgreementWalEntry = request.argument("entry")?;
    value(&entry.stable_identity())
}
