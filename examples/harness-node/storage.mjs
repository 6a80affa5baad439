// Logs and caches, in memory alone or kept in one file each.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { Refused } from '../../kits/node/src/protocol.js';
import { EscalationOrder } from './agreement.mjs';
import { decodeArtifact, encodeArtifact, SCHEMA_VERSION } from './artifact.mjs';

/** A log in memory. A refused entry leaves it as it was. */
export class MemoryLog {
  entries = [];
  #order = new EscalationOrder();

  constructor(entries = []) {
    for (const entry of entries) this.#take(entry);
  }

  append(entry) {
    const problem = this.#order.problem(entry);
    if (problem !== null) throw new Refused(problem);
    this.keep([...this.entries, entry]);
    this.#take(entry);
  }

  readSince(tick) {
    return this.entries.filter((entry) => entry.tick > tick);
  }

  /** Make a new content durable before it becomes ours; memory alone keeps nothing. */
  keep() {}

  #take(entry) {
    this.#order.take(entry);
    this.entries.push(entry);
  }
}

/** A log in a file that is replaced as a whole by each append. */
export class FileLog extends MemoryLog {
  #path;

  constructor(directory) {
    const path = join(directory, 'agreement.wal');
    super(readEntries(path));
    this.#path = path;
  }

  keep(entries) {
    replaceEntries(this.#path, 'agreement_wal', entries);
  }
}

/** A cache in memory; a replaced entry moves to the end. */
export class MemoryCache {
  #entries = new Map();

  constructor(entries = []) {
    for (const entry of entries) this.#entries.set(entry.evidence_id, entry);
  }

  get entries() {
    return [...this.#entries.values()];
  }

  get(evidenceId) {
    return this.#entries.get(evidenceId) ?? null;
  }

  put(entry) {
    const others = this.entries.filter((each) => each.evidence_id !== entry.evidence_id);
    this.keep([...others, entry]);
    this.#entries.delete(entry.evidence_id);
    this.#entries.set(entry.evidence_id, entry);
  }

  /** Make a new content durable before it becomes ours; memory alone keeps nothing. */
  keep() {}
}

/** A cache in a file that is replaced as a whole by each put. */
export class FileCache extends MemoryCache {
  #path;

  constructor(directory) {
    const path = join(directory, 'evidence.cache');
    super(readEntries(path));
    this.#path = path;
  }

  keep(entries) {
    replaceEntries(this.#path, 'evidence_outcome_cache', entries);
  }
}

function readEntries(path) {
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return decodeArtifact(bytes).payload.payload.entries;
}

/** Replace a file as a whole: whenever the power goes, the old content is there or the new one. */
function replaceEntries(path, kind, entries) {
  const bytes = encodeArtifact({
    schema_version: SCHEMA_VERSION,
    payload: { kind, payload: { entries } },
  });
  const partial = `${path}.partial`;
  withFile(partial, 'w', (file) => {
    for (let start = 0; start < bytes.length;) start += writeSync(file, bytes, start);
    fsyncSync(file);
  });
  renameSync(partial, path);
  // The new name is durable once the directory is.
  withFile(join(path, '..'), 'r', fsyncSync);
}

function withFile(path, flags, use) {
  const file = openSync(path, flags);
  try {
    use(file);
  } finally {
    closeSync(file);
  }
}
