// The two handlers around the runner's own: one that owns a log, one that caches outcomes.
//
// `call` reaches the runner's objects while a request is served; it is another one each time, so
// every method gets it.

import { Refused } from '../../kits/node/src/protocol.js';
import { syncedEntries } from './agreement.mjs';
import { carryOut } from './effects.mjs';

const success = (value) => ({ status: 'success', value });
const unavailable = (message) => ({
  status: 'failure',
  failure: { kind: 'unavailable', message },
});

/** Return the failure that a storage's declared error becomes; any other error passes through. */
function failed(what, error) {
  if (!(error instanceof Refused)) throw error;
  return unavailable(`${what}: ${error.message}`);
}

const failedOutcome = (what, error) => ({ status: failed(what, error), response: null });

/** What both have in common: five methods go to the inner handler, the others are the defaults. */
class Handler {
  constructor(inner) {
    this.inner = inner;
  }

  handle_effect({ request }, call) {
    return carryOut(this, request, call);
  }

  handle_send({ role, partner, label, state }, call) {
    return call('handler.handle_send', this.inner, { role, partner, label, state });
  }

  send_decision({ input }, call) {
    return call('handler.send_decision', this.inner, { input });
  }

  handle_recv({ role, partner, label, state, payload }, call) {
    return call('handler.handle_recv', this.inner, { role, partner, label, state, payload });
  }

  handle_choose({ role, partner, labels, state }, call) {
    return call('handler.handle_choose', this.inner, { role, partner, labels, state });
  }

  step({ role, state }, call) {
    return call('handler.step', this.inner, { role, state });
  }

  handle_acquire() {
    return success('Unit');
  }

  handle_release() {
    return success(null);
  }

  supports_wal_sync() {
    return false;
  }

  wal_sync() {
    const message = 'wal_sync requires an AgreementWalHandler wrapper';
    return { status: 'failure', failure: { kind: 'contract_violation', message } };
  }

  topology_events() {
    return success([]);
  }

  output_condition_hint() {
    return null;
  }
}

/** Serves `wal_sync` with a log (SYNC-01..13). */
export class WalHandler extends Handler {
  #lock = new Lock();

  constructor(inner, wal, mode) {
    super(inner);
    this.wal = wal;
    this.mode = mode;
  }

  async handler_identity(_, call) {
    return `agreement_wal<${await call('handler.handler_identity', this.inner)}>`;
  }

  supports_wal_sync() {
    return true;
  }

  wal_sync({ sync }, call) {
    if (this.mode.mode === 'blocked') return { status: 'blocked' };
    if (this.mode.mode === 'failure') return unavailable(this.mode.message);
    // From the load to the last append, so that syncs follow each other.
    return this.#lock.hold(() => this.#append(sync, call));
  }

  wal_snapshot(_, call) {
    return this.#lock.hold(() => call('wal.load', this.wal));
  }

  async #append(sync, call) {
    let action = 'load';
    try {
      const { entries } = await call('wal.load', this.wal);
      action = 'persist';
      for (const entry of syncedEntries(entries, sync)) {
        await call('wal.append', this.wal, { entry });
      }
    } catch (error) {
      return failed(`${action} agreement WAL for \`${sync.operation_id}\``, error);
    }
    return success(null);
  }
}

/** Answers from a cache, or asks the inner handler and stores what it says (EVID-01..10). */
export class EvidenceHandler extends Handler {
  #lock = new Lock();

  constructor(inner, cache, resolver) {
    super(inner);
    this.cache = cache;
    this.resolver = resolver;
  }

  async handler_identity(_, call) {
    return `evidence_persistence<${await call('handler.handler_identity', this.inner)}>`;
  }

  async handle_effect({ request }, call) {
    const id = await call('resolver.evidence_id', this.resolver, { request });
    const ask = () => call('handler.handle_effect', this.inner, { request });
    if (id === null) return ask();
    try {
      const cached = await this.cached_outcome({ evidence_id: id }, call);
      if (cached !== null) return cached;
    } catch (error) {
      return failedOutcome(`load evidence outcome cache \`${id}\``, error);
    }
    // Nothing is locked while the inner handler works.
    const outcome = await ask();
    const { interface_name, operation_name } = request.metadata;
    const entry = { evidence_id: id, interface_name, operation_name, outcome };
    try {
      await this.#lock.hold(() => call('cache.put', this.cache, { entry }));
    } catch (error) {
      return failedOutcome(`persist evidence outcome \`${id}\``, error);
    }
    return outcome;
  }

  async cached_outcome({ evidence_id }, call) {
    const entry = await this.#lock.hold(() => call('cache.get', this.cache, { evidence_id }));
    return entry?.outcome ?? null;
  }

  cache_snapshot(_, call) {
    return this.#lock.hold(() => call('cache.load', this.cache));
  }
}

/** Lets pieces of work follow each other, whatever becomes of each. */
class Lock {
  #last = Promise.resolve();

  hold(work) {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}
