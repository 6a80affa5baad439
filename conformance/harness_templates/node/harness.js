#!/usr/bin/env node
// A harness: it puts your backend at the service of telltale-conformance.
//
//   telltale-conformance smoke --command "node harness.js"
//   telltale-conformance check --command "node harness.js"
//
// Fill in `promises` and the functions below. What is left as it is answers "unsupported", and its
// requirements are not judged. Values are objects in the specification's JSON form; an integer
// above 2^53-1 is a BigInt. Each function may be async. Return what the comment says; throw
// `new Refused('why')` for the declared error of the contract; anything else that is thrown is
// reported as a fault.

import { serve, Unsupported } from './protocol.js'; // and Refused, as soon as something is refused

// What is promised here is checked; what is not promised is not demanded.
const promises = {
  name: 'my-backend',
  version: '0.1.0',
  // reopen, ordered-cache, exact-messages, concurrent-handles, process-kill, power-loss,
  // fault-tolerance, bit-rot, threads, server-kill
  capabilities: [],
  // What a refused append leaves: clean-reject, unknown-outcome, keeps-rejected.
  rejection_mode: 'clean-reject',
  // What it survives: volatile, restart (needs reopen), process (process-kill), power.
  durability_class: 'volatile',
  // Whether a second request is served while a first one runs.
  concurrent_calls: false,
};

// The log. `object` is a number that names it from open to close; keep your logs in a Map.
const log = {
  /** Open the log kept in `directory`, which is empty at first; the second time, reopen it. */
  'wal.open': ({ object, directory }) => unsupported(),

  /** Store `entry` at the end, or throw Refused if the order of escalations forbids it. */
  'wal.append': ({ object, entry }) => unsupported(),

  /** Return the entries with a tick above `tick`, in stored order. */
  'wal.read_since': ({ object, tick }) => unsupported(),

  /** Return the whole log: `{ entries: [...] }`. */
  'wal.load': ({ object }) => unsupported(),

  /** Close the log; what it acknowledged stays if `reopen` is promised. */
  'wal.close': ({ object }) => unsupported(),
};

// The cache of evidence outcomes, in the same way.
const cache = {
  /** Open the cache kept in `directory`, which is empty at first; the second time, reopen it. */
  'cache.open': ({ object, directory }) => unsupported(),

  /** Return the entry of exactly this id, or null. */
  'cache.get': ({ object, evidence_id }) => unsupported(),

  /** Store `entry` in place of any other with its `evidence_id`. */
  'cache.put': ({ object, entry }) => unsupported(),

  /** Return the whole cache: `{ entries: [...] }`. */
  'cache.load': ({ object }) => unsupported(),

  /** Close the cache. */
  'cache.close': ({ object }) => unsupported(),
};

// The two handlers. `inner`, `wal`, `cache` and `resolver` are the runner's objects; `call` is the
// second argument of every function:
//
//   const { entries } = await call('wal.load', wal);
//   await call('wal.append', wal, { entry });  // throws Refused
//   const outcome = await call('handler.handle_effect', inner, { request });
//   const id = await call('resolver.evidence_id', resolver, { request });
//
// A RESULT is `{ status: 'success', value }`, `{ status: 'blocked' }` or
// `{ status: 'failure', failure: { kind: 'unavailable', message: 'why' } }`.
const handlers = {
  /** Make a WAL handler; `mode` is `{ mode: 'immediate' }`, `blocked`, or `failure` + message. */
  'wal_handler.make': ({ object, inner, wal, mode }, call) => unsupported(),

  /** Make an evidence handler; `resolver_form`, object or callable, does not matter here. */
  'evidence_handler.make': ({ object, inner, cache, resolver }, call) => unsupported(),

  /** Forget these handlers. */
  'handler.drop': ({ objects }) => unsupported(),

  /** Return `agreement_wal<inner>` or `evidence_persistence<inner>`. */
  'handler.handler_identity': ({ object }, call) => unsupported(),

  /** Carry out a request; return `{ status: { status: 'success' }, response: {...} }`. */
  'handler.handle_effect': ({ object, request }, call) => unsupported(),

  /** Return the result of a value, the payload of a message. */
  'handler.handle_send': ({ object, role, partner, label, state }, call) => unsupported(),

  /** Return the result of a send decision; `input` has sid, role, partner, label and more. */
  'handler.send_decision': ({ object, input }, call) => unsupported(),

  /** Take in a value; return `{ result: RESULT, state }` with the state as it is afterwards. */
  'handler.handle_recv': ({ object, role, partner, label, state, payload }, call) => unsupported(),

  /** Return the result of a text, one of `labels`. */
  'handler.handle_choose': ({ object, role, partner, labels, state }, call) => unsupported(),

  /** Run one step; return `{ result: RESULT, state }` with the state as it is afterwards. */
  'handler.step': ({ object, role, state }, call) => unsupported(),

  /** Return the result of a value, the evidence of the guard layer. */
  'handler.handle_acquire': ({ object, sid, role, layer, state }, call) => unsupported(),

  /** Return a result with value null. */
  'handler.handle_release': ({ object, sid, role, layer, evidence, state }, call) => unsupported(),

  /** Say whether the handler serves wal_sync. */
  'handler.supports_wal_sync': ({ object }) => unsupported(),

  /** Append what the request adds to the log; return a result with value null. */
  'handler.wal_sync': ({ object, sync }, call) => unsupported(),

  /** Return the result of a list of perturbations. */
  'handler.topology_events': ({ object, tick }, call) => unsupported(),

  /** Return a hint, or null. */
  'handler.output_condition_hint': ({ object, sid, role, state }, call) => unsupported(),

  /** Return the log of a WAL handler: `{ entries: [...] }`. */
  'handler.wal_snapshot': ({ object }, call) => unsupported(),

  /** Return the outcome that an evidence handler has stored, or null. */
  'handler.cached_outcome': ({ object, evidence_id }, call) => unsupported(),

  /** Return the cache of an evidence handler: `{ entries: [...] }`. */
  'handler.cache_snapshot': ({ object }, call) => unsupported(),
};

const functions = {
  /** Return `{ metadata, wal_suffix, evidence_cache, decisions }`. */
  'recovery.plan': ({ checkpoint_tick, wal, cache }) => unsupported(),

  /** Return the canonical CBOR bytes in lowercase hexadecimal: `buffer.toString('hex')`. */
  'artifact.encode': ({ artifact }) => unsupported(),

  /** Return the artifact of hexadecimal `bytes`, see `Buffer.from(bytes, 'hex')`, or refuse. */
  'artifact.decode': ({ bytes }) => unsupported(),

  /** Return the stable identity of a log entry. */
  'entry.identity': ({ entry }) => unsupported(),
};

function unsupported() {
  throw new Unsupported();
}

await serve(promises, { ...log, ...cache, ...handlers, ...functions });
