// A log and a cache in memory, as short as they can be and still right.

import { Refused } from 'telltale-harness';

const LEVELS = ['none', 'provisional', 'soft_safe', 'finalized'];
const rank = (level) => LEVELS.indexOf(level);

export class MemoryLog {
  entries = [];
  #lastLevels = new Map(); // of each operation, from its last escalation

  append(entry) {
    if (entry.kind === 'escalation') {
      const { operation_id: operation, previous_level: from, new_level: to } = entry;
      const last = this.#lastLevels.get(operation) ?? 'none';
      if (rank(to) < rank(from) || Math.min(rank(from), rank(to)) < rank(last)) {
        throw new Refused(`${operation} is at ${last}, so it cannot go from ${from} to ${to}`);
      }
      this.#lastLevels.set(operation, to);
    }
    this.entries.push(entry);
  }

  readSince(tick) {
    return this.entries.filter((entry) => entry.tick > tick);
  }

  load() {
    return this.entries;
  }
}

export class MemoryCache {
  #entries = new Map();

  get(evidenceId) {
    return this.#entries.get(evidenceId);
  }

  put(entry) {
    // A map keeps the place of a key that it has, and the last entry stands last.
    this.#entries.delete(entry.evidence_id);
    this.#entries.set(entry.evidence_id, entry);
  }

  load() {
    return [...this.#entries.values()];
  }
}
