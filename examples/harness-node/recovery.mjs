// What a restart does with each operation: one pass over the log behind the checkpoint.

import { Refused } from '../../kits/node/src/protocol.js';
import { EscalationOrder, higherLevel, operationOf, rankOf } from './agreement.mjs';

/** Return the recovery plan of a checkpoint, a log and a cache (RECOV-01..10). */
export function recoveryPlan(checkpointTick, wal, cache) {
  checkOrder(wal.entries);
  const suffix = wal.entries.filter((entry) => entry.tick > checkpointTick);
  const decisions = decisionsOf(suffix, cache.entries);
  const idsWith = (...actions) =>
    decisions.filter(({ action }) => actions.includes(action)).map((each) => each.operation_id);
  return {
    metadata: {
      checkpoint_tick: checkpointTick,
      // First and last as stored, which need not be lowest and highest.
      wal_tail_start_tick: suffix.at(0)?.tick ?? null,
      highest_recovered_tick: suffix.at(-1)?.tick ?? null,
      resumed_operation_ids: idsWith('reexecute_from_scratch', 'resume_from_evidence_boundary'),
      terminal_operation_ids: idsWith('reuse_finalized', 'preserve_terminal'),
      cached_evidence_ids: cache.entries.map((entry) => entry.evidence_id),
    },
    wal_suffix: suffix,
    evidence_cache: cache,
    decisions,
  };
}

function checkOrder(entries) {
  const order = new EscalationOrder();
  for (const entry of entries) {
    const problem = order.problem(entry);
    if (problem !== null) throw new Refused(problem);
    order.take(entry);
  }
}

function decisionsOf(suffix, cached) {
  const folds = new Map();
  for (const entry of suffix) {
    const operation = operationOf(entry);
    if (!folds.has(operation)) {
      folds.set(operation, { level: 'none', outcome: null, crossed: false, produced: new Set() });
    }
    take(folds.get(operation), entry);
  }
  return [...folds]
    .sort(([one], [other]) => byCodePoints(one, other))
    .map(([id, fold]) => ({
      operation_id: id,
      level: fold.level,
      finalization: fold.outcome,
      action: actionOf(fold),
      cached_evidence_ids: cached
        .map((entry) => entry.evidence_id)
        .filter((evidenceId) => fold.produced.has(evidenceId)),
      gate_crossed: fold.crossed,
    }));
}

function take(fold, entry) {
  switch (entry.kind) {
    case 'escalation':
      fold.level = higherLevel(fold.level, entry.new_level);
      break;
    case 'evidence_produced':
      fold.produced.add(entry.evidence.evidence_id);
      fold.level = higherLevel(fold.level, entry.evidence.level);
      break;
    case 'finalization':
      // The last outcome wins, but a level once finalized stays.
      fold.outcome = entry.outcome;
      if (entry.outcome === 'finalized') fold.level = 'finalized';
      break;
    default:
      fold.crossed = true;
  }
}

function actionOf({ level, outcome }) {
  if (outcome === 'finalized') return 'reuse_finalized';
  if (outcome !== null) return 'preserve_terminal';
  const resumable = rankOf(level) >= rankOf('soft_safe');
  return resumable ? 'resume_from_evidence_boundary' : 'reexecute_from_scratch';
}

/** Compare as UTF-8 does (DOM-07); `<` would compare the halves of surrogate pairs. */
function byCodePoints(one, other) {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
