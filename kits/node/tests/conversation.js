// Talks to a harness as the runner does, and to the same end: all lines are in its input at once.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Return the exit status of a program in this folder and the lines that it wrote. */
export function converse(program, lines) {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const input = lines.map((line) => `${line}\n`).join('');
  const ended = spawnSync(process.execPath, [path], { input, encoding: 'utf8', timeout: 60_000 });
  return {
    status: ended.status,
    said: ended.stdout.split('\n').slice(0, -1),
    complaint: ended.stderr,
  };
}
