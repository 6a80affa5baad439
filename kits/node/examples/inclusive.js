// Fails WAL-05: it also returns the entries of the tick itself.

import { serve } from 'telltale-harness';

import { MemoryLog } from './memory.js';

class InclusiveLog extends MemoryLog {
  readSince(tick) {
    return this.entries.filter((entry) => entry.tick >= tick);
  }
}

await serve({
  name: 'node-kit-inclusive',
  version: '0.1.0',
  openLog: () => new InclusiveLog(),
});
