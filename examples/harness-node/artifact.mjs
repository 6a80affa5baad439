// The persisted artifact: what the specification keeps in files, in its one form (WIRE-01..13).

import { Refused } from '../../kits/node/src/protocol.js';
import { CborWriter, readCbor } from './cbor.mjs';
import {
  boolean,
  duration,
  lazily,
  list,
  listOrMissing,
  named,
  oneOf,
  option,
  record,
  tagged,
  text,
  tuple,
  u64,
} from './shapes.mjs';

export const SCHEMA_VERSION = 'telltale.machine.durability.v1';

const BYTES_MAX = 64 * 1024 * 1024;

const level = oneOf('none', 'provisional', 'soft_safe', 'finalized');

const evidence = record({
  evidence_id: text,
  operation_id: text,
  session: option(u64),
  owner_id: option(text),
  level,
  kind: oneOf('witness', 'certificate', 'commit_fact', 'publication', 'materialization'),
  reference: text,
  authoritative: boolean,
});

const walEntry = tagged('kind', {
  escalation: {
    operation_id: text,
    previous_level: level,
    new_level: level,
    evidence_id: option(text),
    tick: u64,
  },
  evidence_produced: { evidence, tick: u64 },
  finalization: {
    operation_id: text,
    outcome: oneOf('finalized', 'aborted', 'rejected', 'timed_out'),
    materialization_proof_id: option(text),
    canonical_handle_id: option(text),
    tick: u64,
  },
  visibility_gate_crossing: {
    operation_id: text,
    downstream_coroutine_id: text,
    gate_level: level,
    tick: u64,
  },
});

const value = named({
  Unit: null,
  Nat: u64,
  Bool: boolean,
  Str: text,
  Prod: tuple(
    lazily(() => value),
    lazily(() => value),
  ),
  Endpoint: record({ sid: u64, role: text }),
});

const perturbation = named({
  Crash: record({ site: text }),
  Partition: record({ from: text, to: text }),
  Heal: record({ from: text, to: text }),
  Corrupt: record({
    from: text,
    to: text,
    corruption: oneOf('BitFlip', 'Truncation', 'PayloadErase'),
  }),
  Timeout: record({ site: text, duration }),
});

const failure = record({
  kind: oneOf(
    'denied',
    'timeout',
    'cancelled',
    'stale_authority',
    'invalid_evidence',
    'unavailable',
    'invalid_input',
    'determinism',
    'topology_disruption',
    'contract_violation',
    'unknown',
  ),
  message: text,
});

const response = tagged('kind', {
  send_decision: { decision: named({ Deliver: value, Drop: null, Defer: null }) },
  receive: { state: list(value) },
  choose: { label: text },
  invoke_step: { state: list(value) },
  acquire: { evidence: value },
  release: {},
  topology_events: { events: list(perturbation) },
  wal_sync: {},
  output_condition_hint: {
    hint: option(record({ predicate_ref: text, witness_ref: option(text) })),
  },
});

const cacheEntry = record({
  evidence_id: text,
  interface_name: text,
  operation_name: text,
  outcome: record({
    status: tagged('status', { success: {}, blocked: {}, failure: { failure } }),
    response: option(response),
  }),
});

const payloads = {
  agreement_wal: record({ entries: list(walEntry) }),
  evidence_outcome_cache: record({ entries: list(cacheEntry) }),
  recovery_metadata: record({
    checkpoint_tick: u64,
    wal_tail_start_tick: option(u64),
    highest_recovered_tick: option(u64),
    resumed_operation_ids: listOrMissing(text),
    terminal_operation_ids: listOrMissing(text),
    cached_evidence_ids: listOrMissing(text),
  }),
};

// The content of a payload is read after its kind, wherever the two stand.
const kept = { read: (item) => item };

const payload = {
  write: ({ kind, payload: content }, writer) =>
    record({ kind: text, payload: payloads[kind] }).write({ kind, payload: content }, writer),
  read: (item) => {
    const { kind, payload: content } = record({ kind: text, payload: kept }).read(item);
    if (!Object.hasOwn(payloads, kind)) throw new Error(`unknown variant \`${kind}\``);
    return { kind, payload: payloads[kind].read(content) };
  },
};

const artifact = record({ schema_version: text, payload });

/** Return the canonical bytes of an artifact. */
export function encodeArtifact(content) {
  const writer = new CborWriter();
  artifact.write(content, writer);
  return writer.bytes();
}

/** Return the artifact of some bytes, or throw Refused (DEC-27, DEC-29, DEC-31). */
export function decodeArtifact(bytes) {
  const context = 'decode persisted durability artifact';
  if (bytes.length > BYTES_MAX) {
    throw new Refused(`${context}: input is ${bytes.length} bytes, max is ${BYTES_MAX}`);
  }
  let content;
  try {
    content = artifact.read(readCbor(bytes));
  } catch (error) {
    throw new Refused(`${context}: ${error.message}`);
  }
  if (content.schema_version !== SCHEMA_VERSION) {
    const version = content.schema_version;
    throw new Refused(`unsupported persisted durability schema version \`${version}\``);
  }
  return content;
}
