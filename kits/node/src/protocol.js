// The protocol telltale-conformance.harness.v1; nothing here needs to be filled in.
//
// The runner writes requests to our standard input and reads our answers, one JSON object a line.
// While a request is served, `call` asks for the runner's own objects. Everything waits with
// `await`, so a request that arrives before the answer to a call is served in between.

import { writeSync } from 'node:fs';

import { parse, stringify } from './exact-json.js';

const VERSION = 'telltale-conformance.harness.v1';
const SPECIFICATION = 'telltale.machine.durability.v1';

/** The declared error of a contract; the text is never empty. */
export class Refused extends Error {}

/** The operation is not served; its requirements are then not judged. */
export class Unsupported extends Error {}

/** What was returned has no form in the protocol; the requirement on the value is judged. */
export class WrongForm extends Error {
  constructor(value, expected) {
    const kind = value?.constructor?.name ?? String(value);
    super(`expected ${expected}, not ${kind}`);
    this.fault = { kind, text: this.message, returned: true };
  }
}

/** One of the runner's objects broke its contract, on purpose: let it pass through. */
export class CalleeFault extends Error {
  constructor(call, { kind, text }) {
    super(text);
    this.fault = { kind, text, call };
  }
}

const waiting = new Map(); // from the number of a call to what its answer resolves
let calls = 0;

/** Answer requests until the runner says `shutdown` or closes its end of the pipe. */
export async function serve(promises, operations) {
  // Standard output is for messages only, so a stray console.log goes to standard error instead.
  console.log = console.info = console.debug = console.error;
  const hello = { protocol: VERSION, specification: SPECIFICATION, ...promises };
  const all = { hello: () => hello, shutdown: () => null, ...operations };
  for await (const line of lines(process.stdin)) {
    const message = read(line);
    if (message.operation === undefined) {
      waiting.get(message.call)(message);
      waiting.delete(message.call);
    } else {
      answer(message, all);
    }
  }
  process.exit(0); // The runner has left.
}

/** Return the message of a line; the program ends at one that is none. */
function read(line) {
  let message;
  try {
    message = parse(line);
  } catch (error) {
    fail(`${error.message}: ${line}`);
  }
  const isRequest = typeof message?.operation === 'string' && message.id !== undefined;
  if (!isRequest && !waiting.has(message?.call)) fail(line);
  return message;
}

function fail(what) {
  console.error(`harness: not a message: ${what.slice(0, 200)}`);
  process.exit(1);
}

async function answer(request, operations) {
  const { id, operation } = request;
  let outcome;
  try {
    const serveIt = Object.hasOwn(operations, operation) ? operations[operation] : unknown;
    const value = await serveIt(request, (...asked) => call(id, ...asked));
    outcome = stringify({ id, ok: value ?? null });
  } catch (error) {
    outcome = stringify({ id, ...problem(error, operation) });
  }
  write(outcome);
  if (operation === 'shutdown') process.exit(0);
}

/** Return what one of the runner's objects answers while request `during` is served. */
async function call(during, operation, object, args = {}) {
  const number = ++calls;
  const answered = new Promise((resolve) => waiting.set(number, resolve));
  write(stringify({ call: number, during, operation, object, ...args }));
  const { ok, refused, fault } = await answered;
  if (refused !== undefined) throw new Refused(refused);
  if (fault !== undefined) throw new CalleeFault(number, fault);
  return ok;
}

function problem(error, operation) {
  // A text that is missing is the backend's fault (WAL-09), so nothing is put in its place.
  if (error instanceof Refused) return { refused: error.message };
  if (error instanceof Unsupported) {
    return { unsupported: error.message || `${operation} is not filled in` };
  }
  if (error instanceof CalleeFault || error instanceof WrongForm) return { fault: error.fault };
  console.error(error);
  return { fault: { kind: error?.name ?? typeof error, text: String(error?.message ?? error) } };
}

function unknown() {
  throw new Unsupported('this harness does not know the operation');
}

/** Yield the lines of a stream. Node's readline would also end one at U+2028, inside a text. */
async function* lines(stream) {
  let pieces = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end; (end = chunk.indexOf(0x0a, start)) >= 0; start = end + 1) {
      yield Buffer.concat([...pieces, chunk.subarray(start, end)]).toString();
      pieces = [];
    }
    pieces.push(chunk.subarray(start));
  }
  const rest = Buffer.concat(pieces);
  if (rest.length > 0) fail(`the input ended within a line: ${rest}`);
}

function write(text) {
  const bytes = Buffer.from(`${text}\n`);
  for (let start = 0; start < bytes.length;) {
    try {
      start += writeSync(1, bytes, start);
    } catch (error) {
      // The pipe is full for now.
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}
