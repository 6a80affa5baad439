// A harness for the tests: a log in files, one operation of its own, and some bad habits.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Refused, serve } from 'telltale-harness';

import { parse, stringify } from '../src/exact-json.js';

class LineLog {
  constructor(directory) {
    this.path = join(directory, 'log.jsonl');
  }

  async append(entry) {
    console.log('a stray print');
    if (entry.operation_id === 'refused') throw new Refused('because');
    if (entry.operation_id === 'wordless') throw new Refused();
    if (entry.operation_id === 'broken') throw new TypeError('no such thing');
    appendFileSync(this.path, `${stringify(entry)}\n`);
    return 'a value that nobody asked for';
  }

  readSince(tick) {
    // An iterator, not an array.
    return this.load()
      .filter((entry) => entry.tick > tick)
      .values();
  }

  load() {
    if (!existsSync(this.path)) return [];
    return readFileSync(this.path, 'utf8').split('\n').slice(0, -1).map(parse);
  }
}

await serve({
  name: 'test',
  version: '1',
  durability: 'process',
  capabilities: ['exact-messages', 'reopen'],
  openLog: (directory) => new LineLog(directory),
  operations: {
    'entry.identity': ({ entry }, call) => call('wal.load', 9, { entry }),
  },
});
