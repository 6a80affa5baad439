// JSON whose integers keep all their digits: one that a number cannot hold becomes a BigInt.
//
// The same integer is always read in the same form, so `===` and Map keys work, and `<` compares
// the two forms with each other. Only arithmetic needs care.

const MARK = '\u0000integer';

/** Read a JSON text. Integers above 2^53-1 become BigInts. */
export function parse(text) {
  // Whatever has fewer digits in a row is exact as a number.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const marked = outsideTexts(text, (piece) =>
    piece.replace(/-?\d{16,}/g, (digits) => `{"\\u0000integer":"${digits}"}`),
  );
  return JSON.parse(marked, (_, value) =>
    value?.[MARK] === undefined ? value : exact(value[MARK]),
  );
}

/** Write a JSON text; BigInts become integers, what is undefined in an object is left out. */
export function stringify(value) {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => stringify(item ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${stringify(field)}`).join(',')}}`;
}

function exact(digits) {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

/** Change what stands outside of the texts in double quotes. */
function outsideTexts(text, change) {
  const pieces = [];
  let at = 0;
  for (let start; (start = text.indexOf('"', at)) >= 0;) {
    const end = endOfText(text, start);
    pieces.push(change(text.slice(at, start)), text.slice(start, end));
    at = end;
  }
  return pieces.join('') + change(text.slice(at));
}

function endOfText(text, start) {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
  } while (end >= 0 && isEscaped(text, end));
  return end < 0 ? text.length : end + 1;
}

function isEscaped(text, index) {
  let backslashes = 0;
  while (text[index - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}
