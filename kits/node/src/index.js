// The kit: a log and a cache with a few methods each, put at the service of telltale-conformance.
//
// What is on the pipe is in protocol.js; here the operations on logs and caches find the object
// that was opened under a number, and the durability says which capabilities are announced.

import { serve as serveOperations, WrongForm } from './protocol.js';

export { CalleeFault, Refused, Unsupported, WrongForm } from './protocol.js';

// What each durability promises; the capabilities are those that the protocol wants for it.
const ANNOUNCED = {
  volatile: [],
  restart: ['reopen'],
  process: ['reopen', 'process-kill'],
  power: ['reopen', 'process-kill', 'power-loss'],
};

/**
 * A log. Methods may be async; what they throw is a fault, unless it is a `Refused`.
 *
 * @typedef {object} Log
 * @property {(entry: object) => void} append store at the end, or throw `Refused`
 * @property {(tick: number | bigint) => object[]} readSince the entries with a tick above this
 * @property {() => object[]} load all entries, in stored order
 * @property {() => void} [close]
 */

/**
 * A cache of evidence outcomes; methods as those of a log.
 *
 * @typedef {object} Cache
 * @property {(evidenceId: string) => object | null | undefined} get the entry of exactly this id
 * @property {(entry: object) => void} put store in place of any other with its `evidence_id`
 * @property {() => object[]} load all entries
 * @property {() => void} [close]
 */

/**
 * Serve a backend until the runner leaves. What is not given is not judged.
 *
 * @param {object} backend
 * @param {string} backend.name
 * @param {string} backend.version
 * @param {'volatile' | 'restart' | 'process' | 'power'} [backend.durability]
 *   what it survives: nothing, an orderly close, the death of its process, a loss of power
 * @param {string[]} [backend.capabilities] further promises, such as `ordered-cache`
 * @param {'clean-reject' | 'unknown-outcome' | 'keeps-rejected'} [backend.rejectionMode]
 *   what a refused append leaves
 * @param {boolean} [backend.concurrentCalls] whether requests are served side by side
 * @param {string[]} [backend.mends] findings that it mends
 * @param {(directory: string) => Log | Promise<Log>} [backend.openLog] opens or reopens
 * @param {(directory: string) => Cache | Promise<Cache>} [backend.openCache] opens or reopens
 * @param {Record<string, (request: object, call: Function) => unknown>} [backend.operations]
 *   any other operations of the protocol by name: handlers, recovery, codec
 */
export function serve(backend) {
  const operations = {
    ...(backend.openLog && logOperations(backend.openLog)),
    ...(backend.openCache && cacheOperations(backend.openCache)),
    ...backend.operations,
  };
  return serveOperations(promisesOf(backend), operations);
}

function promisesOf(backend) {
  const { durability = 'volatile', capabilities = [], mends } = backend;
  if (!Object.hasOwn(ANNOUNCED, durability)) {
    throw new TypeError(`durability is one of ${Object.keys(ANNOUNCED)}, not ${durability}`);
  }
  return {
    name: backend.name,
    version: backend.version,
    capabilities: [...new Set([...ANNOUNCED[durability], ...capabilities])],
    rejection_mode: backend.rejectionMode ?? 'clean-reject',
    durability_class: durability,
    concurrent_calls: backend.concurrentCalls ?? false,
    mends,
  };
}

function logOperations(open) {
  const logs = new Opened('log', open);
  return {
    'wal.open': (request) => logs.open(request),
    'wal.append': async ({ object, entry }) => nothing(await logs.get(object).append(entry)),
    'wal.read_since': async ({ object, tick }) => list(await logs.get(object).readSince(tick)),
    'wal.load': async ({ object }) => ({ entries: list(await logs.get(object).load()) }),
    'wal.close': ({ object }) => logs.close(object),
  };
}

function cacheOperations(open) {
  const caches = new Opened('cache', open);
  return {
    'cache.open': (request) => caches.open(request),
    'cache.get': ({ object, evidence_id }) => caches.get(object).get(evidence_id),
    'cache.put': async ({ object, entry }) => nothing(await caches.get(object).put(entry)),
    'cache.load': async ({ object }) => ({ entries: list(await caches.get(object).load()) }),
    'cache.close': ({ object }) => caches.close(object),
  };
}

/** The logs or caches that are open, by the runner's numbers. */
class Opened {
  #things = new Map();
  #kind;
  #open;

  constructor(kind, open) {
    this.#kind = kind;
    this.#open = open;
  }

  async open({ object, directory }) {
    this.#things.set(object, await this.#open(directory));
  }

  get(object) {
    const thing = this.#things.get(object);
    if (thing === undefined) throw new RangeError(`no ${this.#kind} is open as ${object}`);
    return thing;
  }

  async close(object) {
    const thing = this.get(object);
    this.#things.delete(object);
    await thing.close?.();
  }
}

/** Drop what a method returned that has no value, such as the new length of an array. */
const nothing = () => null;

/** Return a list as it is; anything else is no list of entries, however it looks as JSON. */
function list(value) {
  if (!Array.isArray(value)) throw new WrongForm(value, 'an array of entries');
  return value;
}
