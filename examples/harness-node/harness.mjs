#!/usr/bin/env node
// A backend in JavaScript, and the harness that puts it at the service of telltale-conformance.
//
//   telltale-conformance check --command "node examples/harness-node/harness.mjs"
//   telltale-conformance check --command "node examples/harness-node/harness.mjs --memory"
//
// Nothing here comes from another implementation: it is written from the requirements. The protocol
// part is the one that `telltale-conformance init node` writes.

import { serve } from '../../kits/node/src/protocol.js';
import { identityOf } from './agreement.mjs';
import { decodeArtifact, encodeArtifact } from './artifact.mjs';
import { EvidenceHandler, WalHandler } from './handlers.mjs';
import { recoveryPlan } from './recovery.mjs';
import { FileCache, FileLog, MemoryCache, MemoryLog } from './storage.mjs';

const inMemory = process.argv.includes('--memory');

const promises = {
  name: inMemory ? 'node-memory' : 'node-file',
  version: '0.1.0',
  capabilities: [
    'ordered-cache',
    'exact-messages',
    ...(inMemory ? [] : ['reopen', 'process-kill']),
  ],
  rejection_mode: 'clean-reject',
  durability_class: inMemory ? 'volatile' : 'process',
  concurrent_calls: true,
};

const logs = new Map();
const caches = new Map();
const handlers = new Map();

const storage = {
  'wal.open': ({ object, directory }) => {
    logs.set(object, inMemory ? new MemoryLog() : new FileLog(directory));
  },
  'wal.append': ({ object, entry }) => logs.get(object).append(entry),
  'wal.read_since': ({ object, tick }) => logs.get(object).readSince(tick),
  'wal.load': ({ object }) => ({ entries: logs.get(object).entries }),
  'wal.close': ({ object }) => {
    logs.delete(object);
  },
  'cache.open': ({ object, directory }) => {
    caches.set(object, inMemory ? new MemoryCache() : new FileCache(directory));
  },
  'cache.get': ({ object, evidence_id }) => caches.get(object).get(evidence_id),
  'cache.put': ({ object, entry }) => caches.get(object).put(entry),
  'cache.load': ({ object }) => ({ entries: caches.get(object).entries }),
  'cache.close': ({ object }) => {
    caches.delete(object);
  },
};

const making = {
  'wal_handler.make': ({ object, inner, wal, mode }) => {
    handlers.set(object, new WalHandler(inner, wal, mode));
  },
  'evidence_handler.make': ({ object, inner, cache, resolver }) => {
    handlers.set(object, new EvidenceHandler(inner, cache, resolver));
  },
  'handler.drop': ({ objects }) => {
    for (const object of objects) handlers.delete(object);
  },
};

// Each method of a handler has the name that the protocol gives it.
const METHODS = [
  'handler_identity',
  'handle_effect',
  'handle_send',
  'send_decision',
  'handle_recv',
  'handle_choose',
  'step',
  'handle_acquire',
  'handle_release',
  'supports_wal_sync',
  'wal_sync',
  'topology_events',
  'output_condition_hint',
  'wal_snapshot',
  'cached_outcome',
  'cache_snapshot',
];
const methods = Object.fromEntries(
  METHODS.map((name) => [
    `handler.${name}`,
    (request, call) => handlers.get(request.object)[name](request, call),
  ]),
);

const functions = {
  'recovery.plan': ({ checkpoint_tick, wal, cache }) => recoveryPlan(checkpoint_tick, wal, cache),
  'artifact.encode': ({ artifact }) => encodeArtifact(artifact).toString('hex'),
  'artifact.decode': ({ bytes }) => decodeArtifact(Buffer.from(bytes, 'hex')),
  'entry.identity': ({ entry }) => identityOf(entry),
};

await serve(promises, { ...storage, ...making, ...methods, ...functions });
