// Agreements as values: levels, identities, the order of escalations, and what a sync adds to a log.

const RANKS = { none: 0, provisional: 1, soft_safe: 2, finalized: 3 };

export const rankOf = (level) => RANKS[level];

/** Return the higher of two levels (DOM-04). */
export const higherLevel = (one, other) => (RANKS[other] > RANKS[one] ? other : one);

/** Return the name that human texts give to a wire name: `soft_safe` is `SoftSafe` (DOM-05). */
export function debugName(wireName) {
  const words = wireName.split('_');
  return words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
}

/** Return the operation of a log entry; evidence has its own inside (ENT-01). */
export const operationOf = (entry) => entry.evidence?.operation_id ?? entry.operation_id;

/** Return the stable identity of a log entry, unescaped (ENT-02). */
export function identityOf(entry) {
  const orDash = (text) => text ?? '-';
  switch (entry.kind) {
    case 'escalation': {
      const levels = `${debugName(entry.previous_level)}:${debugName(entry.new_level)}`;
      const evidence = orDash(entry.evidence_id);
      return `escalation:${entry.operation_id}:${levels}:${evidence}:${entry.tick}`;
    }
    case 'evidence_produced': {
      const { operation_id, evidence_id, level } = entry.evidence;
      return `evidence:${operation_id}:${evidence_id}:${debugName(level)}:${entry.tick}`;
    }
    case 'finalization': {
      const proof = orDash(entry.materialization_proof_id);
      const outcome = `${debugName(entry.outcome)}:${proof}:${orDash(entry.canonical_handle_id)}`;
      return `finalization:${entry.operation_id}:${outcome}:${entry.tick}`;
    }
    case 'visibility_gate_crossing': {
      const gate = `${entry.downstream_coroutine_id}:${debugName(entry.gate_level)}`;
      return `gate:${entry.operation_id}:${gate}:${entry.tick}`;
    }
    default:
      throw new TypeError(`there is no log entry of kind ${entry.kind}`);
  }
}

/** The order of escalations in a log that grows, one level an operation (ART-WAL-02..05). */
export class EscalationOrder {
  #lastLevels = new Map();

  /** Return what is wrong with an entry at the end of the log, or null. */
  problem(entry) {
    if (entry.kind !== 'escalation') return null;
    const { operation_id, previous_level, new_level } = entry;
    const [from, to] = [debugName(previous_level), debugName(new_level)];
    if (RANKS[new_level] < RANKS[previous_level]) {
      return `agreement WAL regression for \`${operation_id}\`: ${from} -> ${to}`;
    }
    const last = this.#lastLevels.get(operation_id) ?? 'none';
    if (Math.min(RANKS[previous_level], RANKS[new_level]) >= RANKS[last]) return null;
    const levels = `last=${debugName(last)}, entry=${from}->${to}`;
    return `agreement WAL reordered or regressed for \`${operation_id}\`: ${levels}`;
  }

  /** Take an entry that has no problem. */
  take(entry) {
    if (entry.kind === 'escalation') this.#lastLevels.set(entry.operation_id, entry.new_level);
  }
}

/** Return the entries that a sync adds to a log (SYNC-04..08). */
export function syncedEntries(existing, sync) {
  const identities = new Set(existing.map(identityOf));
  // Candidates of one sync are not compared with each other.
  return [...candidates(existing, sync)].filter((entry) => !identities.has(identityOf(entry)));
}

function* candidates(existing, sync) {
  const { operation_id, agreement_state: state, tick } = sync;
  for (const evidence of sync.agreement_evidence) {
    if (evidence.operation_id === operation_id) yield { kind: 'evidence_produced', evidence, tick };
  }
  if (state !== null) {
    const previous_level = existing
      .filter((entry) => entry.kind === 'escalation' && entry.operation_id === operation_id)
      .reduce((level, entry) => higherLevel(level, entry.new_level), 'none');
    if (RANKS[state.level] > RANKS[previous_level]) {
      const evidence_id = state.evidence_ids.at(-1) ?? null;
      const levels = { previous_level, new_level: state.level };
      yield { kind: 'escalation', operation_id, ...levels, evidence_id, tick };
    }
    if (state.finalization !== null) {
      const materialization_proof_id =
        state.evidence_ids.find((id) => id.includes('proof')) ?? null;
      const ids = { materialization_proof_id, canonical_handle_id: null };
      yield { kind: 'finalization', operation_id, outcome: state.finalization, ...ids, tick };
    }
  }
  const { downstream_coroutine_id, gate_level } = sync;
  yield {
    kind: 'visibility_gate_crossing',
    operation_id,
    downstream_coroutine_id,
    gate_level,
    tick,
  };
}
