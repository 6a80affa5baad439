//! The pure functions: recovery plan, artifact codec, entry identity.

use serde::{Deserialize, Serialize};
use telltale_machine::durable::{
    AgreementWalArtifact, AgreementWalEntry, DurableRecoveryDecision, DurableRecoveryMetadata,
    DurableRecoveryPlan, EvidenceOutcomeCacheArtifact, PersistedDurabilityArtifact,
};
use telltale_machine::model::config::ProtocolMachineConfig;
use telltale_machine::runtime::runner::ProtocolMachine;

use crate::answer::{value, Exception, Served};
use crate::backends::arguments;
use crate::hexadecimal;

#[derive(Deserialize)]
struct Plan {
    checkpoint_tick: u64,
    wal: AgreementWalArtifact,
    cache: EvidenceOutcomeCacheArtifact,
}

/// A plan without its machine.
#[derive(Serialize)]
struct PlanForm<'a> {
    metadata: &'a DurableRecoveryMetadata,
    wal_suffix: &'a [AgreementWalEntry],
    evidence_cache: &'a EvidenceOutcomeCacheArtifact,
    decisions: &'a [DurableRecoveryDecision],
}

#[derive(Deserialize)]
struct Encode {
    artifact: PersistedDurabilityArtifact,
}

#[derive(Deserialize)]
struct Decode<'a> {
    #[serde(borrow)]
    bytes: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct Identity {
    entry: AgreementWalEntry,
}

/// Serve `recovery.plan`.
pub fn plan(line: &[u8]) -> Served {
    let Plan {
        checkpoint_tick,
        wal,
        cache,
    } = arguments(line)?;
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
pub fn encode(line: &[u8]) -> Served {
    let Encode { artifact } = arguments(line)?;
    value(&hexadecimal::encode(&artifact.to_cbor()?))
}

/// Serve `artifact.decode`.
pub fn decode(line: &[u8]) -> Served {
    let Decode { bytes } = arguments(line)?;
    let bytes = hexadecimal::decode(&bytes).map_err(Exception::bad_request)?;
    value(&PersistedDurabilityArtifact::from_slice(&bytes)?)
}

/// Serve `entry.identity`.
pub fn identity(line: &[u8]) -> Served {
    let Identity { entry } = arguments(line)?;
    value(&entry.stable_identity())
}
