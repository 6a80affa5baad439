// CBOR, as far as artifacts need it: the canonical writer, and a reader of everything well-formed.

const DEPTH_MAX = 256;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A document in the making: shortest heads and definite lengths only (WIRE-01). */
export class CborWriter {
  #pieces = [];

  unsigned = (integer) => this.#head(0, integer);
  array = (length) => this.#head(4, length);
  map = (length) => this.#head(5, length);
  boolean = (value) => this.#pieces.push(Buffer.of(value ? 0xf5 : 0xf4));
  null = () => this.#pieces.push(Buffer.of(0xf6));

  text(text) {
    const bytes = Buffer.from(text);
    this.#head(3, bytes.length);
    this.#pieces.push(bytes);
  }

  bytes() {
    return Buffer.concat(this.#pieces);
  }

  #head(major, integer) {
    const kind = major << 5;
    let head;
    if (integer < 24) {
      head = Buffer.of(kind | Number(integer));
    } else if (integer < 2 ** 8) {
      head = Buffer.of(kind | 24, Number(integer));
    } else if (integer < 2 ** 16) {
      head = Buffer.of(kind | 25, 0, 0);
      head.writeUInt16BE(Number(integer), 1);
    } else if (integer < 2 ** 32) {
      head = Buffer.of(kind | 26, 0, 0, 0, 0);
      head.writeUInt32BE(Number(integer), 1);
    } else {
      head = Buffer.concat([Buffer.of(kind | 27), Buffer.alloc(8)]);
      head.writeBigUInt64BE(BigInt(integer), 1);
    }
    this.#pieces.push(head);
  }
}

/**
 * Read the first item of some bytes, or throw.
 *
 * An item is `{ type, value }`; the value of a map is a list of pairs, in order and with
 * repetitions, since only the caller knows which keys may come twice.
 */
export function readCbor(bytes) {
  return new CborReader(bytes).item(0);
}

class CborReader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  item(depth) {
    const start = this.#at;
    const first = this.#take(1)[0];
    const [major, info] = [first >> 5, first & 31];
    if (major === 7) return this.#simple(info, start);
    const length = info === 31 ? null : this.#argument(info, start);
    if (length === null && (major < 2 || major === 6)) throw new Error(`Syntax(${start})`);
    switch (major) {
      case 0:
        return { type: 'unsigned', value: length };
      case 1:
        return { type: 'negative', value: -1n - BigInt(length) };
      case 2:
        return { type: 'bytes', value: Buffer.concat([...this.#chunks(2, length)]) };
      case 3: {
        // Each chunk has to be whole text by itself.
        const chunks = [...this.#chunks(3, length)];
        return { type: 'text', value: chunks.map((chunk) => utf8(chunk, start)).join('') };
      }
    }
    if (depth === DEPTH_MAX) throw new Error('RecursionLimitExceeded');
    switch (major) {
      case 4:
        return { type: 'array', value: this.#items(length, () => this.item(depth + 1)) };
      case 5: {
        const pair = () => [this.item(depth + 1), this.item(depth + 1)];
        return { type: 'map', value: this.#items(length, pair) };
      }
      default:
        return { type: 'tag', value: this.item(depth + 1) };
    }
  }

  #items(length, next) {
    const items = [];
    while (length === null ? !this.#isBreak() : items.length < length) items.push(next());
    return items;
  }

  *#chunks(major, length) {
    if (length !== null) {
      yield this.#take(length);
      return;
    }
    while (!this.#isBreak()) {
      const first = this.#take(1)[0];
      if (first >> 5 !== major || (first & 31) === 31) throw new Error(`Syntax(${this.#at - 1})`);
      yield this.#take(this.#argument(first & 31, this.#at - 1));
    }
  }

  #isBreak() {
    if (this.#bytes[this.#at] !== 0xff) return false;
    this.#at += 1;
    return true;
  }

  #argument(info, start) {
    if (info < 24) return info;
    if (info > 27) throw new Error(`Syntax(${start})`);
    const bytes = this.#take(1 << (info - 24));
    if (info < 27) return bytes.readUIntBE(0, bytes.length);
    const integer = bytes.readBigUInt64BE();
    return integer > Number.MAX_SAFE_INTEGER ? integer : Number(integer);
  }

  #simple(info, start) {
    const names = { 20: false, 21: true, 22: null, 23: undefined };
    const number = info === 24 ? this.#take(1)[0] : info;
    if (number in names && info <= 24) return { type: 'simple', value: names[number] };
    if (info < 25 || info > 27) throw new Error(`Syntax(${start})`);
    this.#take(1 << (info - 24));
    return { type: 'float', value: null };
  }

  #take(length) {
    if (length > this.#bytes.length - this.#at) throw new Error('UnexpectedEof');
    const start = this.#at;
    this.#at += Number(length);
    return this.#bytes.subarray(start, this.#at);
  }
}

function utf8(bytes, start) {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Error(`Syntax(${start})`);
  }
}
