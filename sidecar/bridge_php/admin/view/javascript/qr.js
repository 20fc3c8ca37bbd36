/**
 * A QR code, drawn as SVG.
 *
 *   <sidecar-qr value="9123456789012345" title="Card 9123 …"></sidecar-qr>
 *
 * Bytes of UTF-8, error correction M, versions 1 to 4: at most 62 bytes. Words as in ISO/IEC 18004.
 */

const {CodeElement} = await import(`./code.js${new URL(import.meta.url).search}`);

/** Of each version: blocks, data and correction codewords of a block, centre of the alignment pattern. */
const VERSIONS = [
  {blocks: 1, data: 16, correction: 10, centre: 0},
  {blocks: 1, data: 28, correction: 16, centre: 18},
  {blocks: 1, data: 44, correction: 26, centre: 22},
  {blocks: 2, data: 32, correction: 18, centre: 26},
];

/** Modules of white that a reader needs around it. */
const QUIET = 4;

/** Which modules each mask turns round. */
const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0,
  (x, y) => (x * y) % 2 + (x * y) % 3 === 0,
  (x, y) => ((x * y) % 2 + (x * y) % 3) % 2 === 0,
  (x, y) => ((x + y) % 2 + (x * y) % 3) % 2 === 0,
];

// -- codewords ---------------------------------------------------------------------------------

/** Powers of 2 in the field of 256 elements, and their logarithms. */
const POWERS = [1];
const LOGARITHMS = [];

for (let place = 0; place < 255; place++) {
  LOGARITHMS[POWERS[place]] = place;
  POWERS.push(POWERS[place] * 2 ^ (POWERS[place] > 127 ? 0x11d : 0));
}

function times(one, other) {
  return one && other ? POWERS[(LOGARITHMS[one] + LOGARITHMS[other]) % 255] : 0;
}

/** The codewords of Reed and Solomon for `data`. */
export function correction(data, count) {
  let divisor = [1];

  for (let root = 0; root < count; root++) {
    divisor = [...divisor, 0].map((each, place) => each ^ (place ? times(divisor[place - 1], POWERS[root]) : 0));
  }

  const rest = [...data, ...Array(count).fill(0)];

  for (let place = 0; place < data.length; place++) {
    const factor = rest[place];
    divisor.forEach((each, number) => { rest[place + number] ^= times(each, factor); });
  }

  return rest.slice(data.length);
}

/** All codewords in the order in which they are drawn. */
function codewords(bytes, {blocks, data, correction: count}) {
  const length = blocks * data;
  // The mode, how many bytes, the bytes, and an end: all of them half a codeword aside.
  const halves = [4, bytes.length >> 4, bytes.length & 15, ...bytes.flatMap((byte) => [byte >> 4, byte & 15]), 0];
  const words = [];

  for (let place = 0; place < halves.length; place += 2) {
    words.push(halves[place] << 4 | halves[place + 1]);
  }

  for (let filler = 0xec; words.length < length; filler ^= 0xec ^ 0x11) {
    words.push(filler);
  }

  const parts = Array.from({length: blocks}, (_, number) => words.slice(number * data, (number + 1) * data));
  const corrections = parts.map((part) => correction(part, count));

  return [parts, corrections].flatMap((each) => each[0].flatMap((_, place) => each.map((part) => part[place])));
}

// -- modules -----------------------------------------------------------------------------------

/** What is the same in every code of a size: null where data go. */
function frame(size, centre) {
  const modules = Array.from({length: size}, () => Array(size).fill(null));
  const set = (x, y, dark) => { if (modules[y]?.[x] !== undefined) modules[y][x] = dark; };

  for (const [left, top] of [[3, 3], [size - 4, 3], [3, size - 4]]) {
    for (let y = -4; y <= 4; y++) {
      for (let x = -4; x <= 4; x++) {
        const ring = Math.max(Math.abs(x), Math.abs(y));
        set(left + x, top + y, ring !== 2 && ring !== 4);
      }
    }
  }

  for (let y = -2; centre && y <= 2; y++) {
    for (let x = -2; x <= 2; x++) {
      set(centre + x, centre + y, Math.max(Math.abs(x), Math.abs(y)) !== 1);
    }
  }

  for (let place = 8; place < size - 8; place++) {
    set(place, 6, place % 2 === 0);
    set(6, place, place % 2 === 0);
  }

  format(set, size, 0);

  return modules;
}

/** Write the error correction M and the mask, twice. */
function format(set, size, mask) {
  let rest = mask << 10;

  for (let bit = 14; bit >= 10; bit--) {
    rest ^= rest >> bit & 1 ? 0x537 << (bit - 10) : 0;
  }

  const bits = (mask << 10 | rest) ^ 0x5412;

  for (let bit = 0; bit < 15; bit++) {
    const dark = (bits >> bit & 1) === 1;
    const along = bit < 6 ? bit : bit < 8 ? bit + 1 : size - 15 + bit;
    set(8, along, dark);
    set(bit < 8 ? size - 1 - bit : bit === 8 ? 7 : 14 - bit, 8, dark);
  }

  set(8, size - 8, true);
}

/** Where data go, in order: two columns at a time from the right, up and down in turn. */
function* places(modules) {
  const size = modules.length;
  let upwards = true;

  for (let right = size - 1; right > 0; right -= 2) {
    right -= right === 6 ? 1 : 0;

    for (let step = 0; step < size; step++) {
      const y = upwards ? size - 1 - step : step;

      for (const x of [right, right - 1]) {
        if (modules[y][x] === null) {
          yield [x, y];
        }
      }
    }

    upwards = !upwards;
  }
}

/** How hard a code is to read: runs, blocks, what looks like a corner, and too much of one colour. */
function penalty(modules) {
  const size = modules.length;
  const lines = [...modules, ...modules[0].map((_, x) => modules.map((row) => row[x]))].map((line) => line.map(Number).join(''));
  let found = 0;

  for (const line of lines) {
    for (const run of line.match(/0{5,}|1{5,}/g) || []) {
      found += run.length - 2;
    }

    found += 40 * [...line.matchAll(/(?=10111010000|00001011101)/g)].length;
  }

  for (let y = 1; y < size; y++) {
    for (let x = 1; x < size; x++) {
      const dark = modules[y][x];
      found += dark === modules[y - 1][x] && dark === modules[y][x - 1] && dark === modules[y - 1][x - 1] ? 3 : 0;
    }
  }

  const dark = modules.flat().filter(Boolean).length;

  return found + 10 * Math.floor(Math.abs(dark * 20 - size * size * 10) / (size * size));
}

/** Rows of modules, true where dark. Throws a RangeError where the text is too long. */
export function qr(text) {
  const bytes = [...new TextEncoder().encode(text)];
  const version = VERSIONS.findIndex((each) => each.blocks * each.data >= bytes.length + 2);

  if (version < 0) {
    throw new RangeError('a QR code holds 62 bytes');
  }

  const kind = VERSIONS[version];
  const size = 21 + 4 * version;
  const empty = frame(size, kind.centre);
  const bits = codewords(bytes, kind).flatMap((word) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (word >> bit & 1) === 1));
  const made = MASKS.map((turns, mask) => {
    const modules = empty.map((row) => [...row]);
    let place = 0;

    for (const [x, y] of places(empty)) {
      modules[y][x] = (bits[place++] ?? false) !== turns(x, y);
    }

    format((x, y, dark) => { modules[y][x] = dark; }, size, mask);

    return modules;
  });

  return made.reduce((best, each) => (penalty(each) < penalty(best) ? each : best));
}

// -- drawing -----------------------------------------------------------------------------------

export class SidecarQr extends CodeElement {
  static code(value) {
    const modules = qr(value);
    const size = modules.length + 2 * QUIET;
    const path = modules.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : ''))).join('');

    return {path, across: size, down: size, shown: {width: 5 * size, height: 5 * size}};
  }
}

if (!customElements.get('sidecar-qr')) {
  customElements.define('sidecar-qr', SidecarQr);
}
