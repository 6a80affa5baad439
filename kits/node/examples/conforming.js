// Conforms: telltale-conformance check --command "node examples/conforming.js"

import { serve } from 'telltale-harness';

import { MemoryCache, MemoryLog } from './memory.js';

await serve({
  name: 'node-kit-memory',
  version: '0.1.0',
  capabilities: ['ordered-cache'],
  openLog: () => new MemoryLog(),
  openCache: () => new MemoryCache(),
});
