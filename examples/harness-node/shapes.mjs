// Shapes: how a value of the specification's JSON form is written as CBOR, and read back.
//
// A shape has `write(value, writer)` and `read(item)`; a shape that may be missing from a map has
// what it reads as then, `missing()`.

const fail = (text) => {
  throw new Error(text);
};

const expect = (item, type) => (item.type === type ? item.value : fail(`expected ${type}`));

export const u64 = {
  write: (value, writer) => writer.unsigned(value),
  read: (item) => expect(item, 'unsigned'),
};

export const u32 = {
  ...u64,
  read: (item) => (u64.read(item) < 2 ** 32 ? item.value : fail('expected u32')),
};

/** Seconds and nanoseconds; a second's worth of the latter is carried, as the specification does. */
export const duration = {
  write: (value, writer) => secondsAndNanos.write(value, writer),
  read: (item) => {
    for (const [key] of expect(item, 'map')) known(['secs', 'nanos'], text.read(key));
    const { secs, nanos } = secondsAndNanos.read(item);
    const whole = BigInt(secs) + BigInt(Math.floor(nanos / 1e9));
    if (whole >= 2n ** 64n) fail('overflow in Duration');
    return { secs: exactInteger(whole), nanos: nanos % 1e9 };
  },
};

export const text = {
  write: (value, writer) => writer.text(value),
  read: (item) => expect(item, 'text'),
};

export const boolean = {
  write: (value, writer) => writer.boolean(value),
  read: (item) => (typeof item.value === 'boolean' ? item.value : fail('expected a boolean')),
};

export const option = (shape) => ({
  write: (value, writer) => (value === null ? writer.null() : shape.write(value, writer)),
  // Both null and undefined stand for nothing.
  read: (item) => (item.type === 'simple' && item.value == null ? null : shape.read(item)),
  missing: () => null,
});

export const list = (shape) => ({
  write: (value, writer) => {
    writer.array(value.length);
    for (const item of value) shape.write(item, writer);
  },
  read: (item) => expect(item, 'array').map(shape.read),
});

export const listOrMissing = (shape) => ({ ...list(shape), missing: () => [] });

/** A text of a fixed set. */
export const oneOf = (...names) => ({
  write: text.write,
  read: (item) => known(names, text.read(item)),
});

/** A map with these fields, in this order. */
export const record = (fields) => ({
  write: (value, writer) => {
    writer.map(Object.keys(fields).length);
    writeFields(fields, value, writer);
  },
  read: (item) => readFields(fields, item),
});

/** A map that says in its field `tag` which fields are the others (serde's internal tag). */
export const tagged = (tag, variants) => ({
  write: (value, writer) => {
    const fields = { [tag]: text, ...variants[value[tag]] };
    writer.map(Object.keys(fields).length);
    writeFields(fields, value, writer);
  },
  read: (item) => {
    const name = known(Object.keys(variants), readFields({ [tag]: text }, item)[tag]);
    return readFields({ [tag]: text, ...variants[name] }, item);
  },
});

/** A name by itself, or a map with a name as its only key (serde's external tag). */
export const named = (variants) => ({
  write: (value, writer) => {
    if (typeof value === 'string') return writer.text(value);
    const [[name, content]] = Object.entries(value);
    writer.map(1);
    writer.text(name);
    return variants[name].write(content, writer);
  },
  read: (item) => {
    const names = Object.keys(variants);
    if (item.type === 'text') {
      const name = known(names, item.value);
      return variants[name] === null ? name : fail(`${name} has no content`);
    }
    const pairs = expect(item, 'map');
    if (pairs.length !== 1) fail('expected a map with a single key');
    const name = known(names, text.read(pairs[0][0]));
    if (variants[name] === null) return fail(`${name} has content`);
    return { [name]: variants[name].read(pairs[0][1]) };
  },
});

/** A list of fixed length. */
export const tuple = (...shapes) => ({
  write: (value, writer) => {
    writer.array(shapes.length);
    shapes.forEach((shape, index) => shape.write(value[index], writer));
  },
  read: (item) => {
    const items = expect(item, 'array');
    if (items.length !== shapes.length) fail(`expected ${shapes.length} items`);
    return items.map((each, index) => shapes[index].read(each));
  },
});

/** A shape that is worked out when it is needed, for one that contains itself. */
export const lazily = (shape) => ({
  write: (value, writer) => shape().write(value, writer),
  read: (item) => shape().read(item),
});

const secondsAndNanos = record({ secs: u64, nanos: u32 });

function exactInteger(integer) {
  return integer > Number.MAX_SAFE_INTEGER ? integer : Number(integer);
}

function writeFields(fields, value, writer) {
  for (const [name, shape] of Object.entries(fields)) {
    writer.text(name);
    shape.write(value[name], writer);
  }
}

/** Read the known fields of a map, which may come in any order; others are left alone. */
function readFields(fields, item) {
  const found = new Map();
  for (const [key, value] of expect(item, 'map')) {
    const name = text.read(key);
    if (!Object.hasOwn(fields, name)) continue;
    if (found.has(name)) fail(`duplicate field \`${name}\``);
    found.set(name, value);
  }
  const read = ([name, shape]) => {
    if (found.has(name)) return [name, shape.read(found.get(name))];
    return [name, shape.missing ? shape.missing() : fail(`missing field \`${name}\``)];
  };
  return Object.fromEntries(Object.entries(fields).map(read));
}

function known(names, name) {
  return names.includes(name) ? name : fail(`unknown variant \`${name}\``);
}
