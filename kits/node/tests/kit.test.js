import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { serve } from 'telltale-harness';

import { converse } from './conversation.js';

const GREATEST = '18446744073709551615';

function directoryFor(t) {
  const directory = mkdtempSync(join(tmpdir(), 'kit-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const append = (id, operation) =>
  `{"id":${id},"operation":"wal.append","object":1,"entry":{"operation_id":"${operation}"}}`;

test('announces what its durability promises, once, and no more', () => {
  const { status, said } = converse('harness.js', ['{"id":0,"operation":"hello"}']);
  assert.equal(status, 0); // the end of the input ends it
  assert.deepEqual(JSON.parse(said[0]), {
    id: 0,
    ok: {
      protocol: 'telltale-conformance.harness.v1',
      specification: 'telltale.machine.durability.v1',
      name: 'test',
      version: '1',
      capabilities: ['reopen', 'process-kill', 'exact-messages'],
      rejection_mode: 'clean-reject',
      durability_class: 'process',
      concurrent_calls: false,
    },
  });
});

test('a log is found again under another number, with ticks exact to 2^64-1', (t) => {
  const directory = JSON.stringify(directoryFor(t));
  const entry = `{"operation_id":"\u2028 \\"9007199254740993","tick":${GREATEST}}`;
  const { status, said } = converse('harness.js', [
    `{"id":1,"operation":"wal.open","object":1,"directory":${directory}}`,
    `{"id":2,"operation":"wal.append","object":1,"entry":${entry}}`,
    '{"id":3,"operation":"wal.close","object":1}',
    `{"id":4,"operation":"wal.open","object":2,"directory":${directory}}`,
    '{"id":5,"operation":"wal.load","object":2}',
    '{"id":6,"operation":"shutdown"}',
  ]);
  assert.equal(status, 0);
  assert.deepEqual(said, [
    '{"id":1,"ok":null}',
    '{"id":2,"ok":null}',
    '{"id":3,"ok":null}',
    '{"id":4,"ok":null}',
    `{"id":5,"ok":{"entries":[${entry}]}}`,
    '{"id":6,"ok":null}',
  ]);
});

test('tells refusals, faults and values of another form apart', (t) => {
  const directory = JSON.stringify(directoryFor(t));
  const { said } = converse('harness.js', [
    `{"id":1,"operation":"wal.open","object":1,"directory":${directory}}`,
    append(2, 'refused'),
    append(3, 'wordless'),
    append(4, 'broken'),
    '{"id":5,"operation":"wal.read_since","object":1,"tick":0}',
    '{"id":6,"operation":"wal.load","object":7}',
  ]);
  const answers = said.map((line) => JSON.parse(line)).sort((one, other) => one.id - other.id);
  assert.deepEqual(answers.slice(1, 4), [
    { id: 2, refused: 'because' },
    { id: 3, refused: '' }, // WAL-09 is broken, and has to be seen
    { id: 4, fault: { kind: 'TypeError', text: 'no such thing' } },
  ]);
  assert.equal(answers[4].fault.returned, true);
  assert.equal(answers[5].fault.kind, 'RangeError');
});

test('what was not given is not supported, nor what nobody knows', () => {
  const names = ['cache.open', 'recovery.plan', 'wal.compact', 'toString'];
  const lines = names.map((name, id) => JSON.stringify({ id, operation: name, object: 1 }));
  const { said } = converse('harness.js', lines);
  assert.equal(said.length, names.length);
  for (const line of said) assert.ok(JSON.parse(line).unsupported, line);
});

test('serves what comes while a call waits, and passes its answer on', () => {
  const ask = (id) => `{"id":${id},"operation":"entry.identity","entry":${GREATEST}}`;
  const { said } = converse('harness.js', [
    ask(1),
    ask(2),
    '{"call":2,"fault":{"kind":"OSError","text":"no disk"}}',
    '{"call":1,"refused":"no"}',
  ]);
  const asked = (call) => {
    const rest = `"operation":"wal.load","object":9,"entry":${GREATEST}`;
    return `{"call":${call},"during":${call},${rest}}`;
  };
  assert.deepEqual(said, [
    asked(1),
    asked(2),
    '{"id":2,"fault":{"kind":"OSError","text":"no disk","call":2}}',
    '{"id":1,"refused":"no"}',
  ]);
});

for (const line of ['{"id":1,', '', '7', '{"id":1}', '{"operation":"hello"}', '{"call":5}']) {
  test(`ends at a line that is no message: ${line || 'an empty one'}`, () => {
    const hello = '{"id":0,"operation":"hello"}';
    const { status, said, complaint } = converse('harness.js', [hello, line, hello]);
    assert.equal(status, 1);
    assert.equal(said.length, 1);
    assert.match(complaint, /not a message/);
  });
}

test('names a durability that there is not', () => {
  assert.throws(() => serve({ name: 'a', version: '1', durability: 'forever' }), /forever/);
});

test('the log of the README appends and reads', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const program = readme.split('```js\n')[1].split('```')[0];
  const lines = [
    '{"id":1,"operation":"wal.open","object":1,"directory":"/"}',
    '{"id":2,"operation":"wal.append","object":1,"entry":{"tick":2}}',
    '{"id":3,"operation":"wal.read_since","object":1,"tick":1}',
    '{"id":4,"operation":"wal.read_since","object":1,"tick":2}',
  ];
  const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: new URL('..', import.meta.url),
    input: lines.map((line) => `${line}\n`).join(''),
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.deepEqual(ended.stdout.split('\n'), [
    '{"id":1,"ok":null}',
    '{"id":2,"ok":null}',
    '{"id":3,"ok":[{"tick":2}]}',
    '{"id":4,"ok":[]}',
    '',
  ]);
});
