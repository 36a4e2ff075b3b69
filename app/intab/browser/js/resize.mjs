/**
 * A picture resized as Pillow resizes 8-bit ones: with antialiasing, columns before rows, in whole
 * numbers with 22 bits behind the point, and rounded to 8 bits between the two. So each number equals
 * Pillow's, which the canvas' own scaling does not. The sums are kernels/resize/resize.c's.
 */

/** @type {Record<number, {reach: number, weight: (x: number) => number}>} by Pillow's numbers */
const FILTERS = {
  2: { reach: 1, weight: (x) => Math.max(1 - x, 0) }, // bilinear
  3: { reach: 2, weight: (x) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : (((x - 5) * x + 8) * x - 4) * -0.5) }, // bicubic
};
const BITS = 22;
const MOST_KEPT = 16;
const CHANNELS = 3;
const PIXEL = 4; // bytes
const LEVELS = 256;
const VECTOR = 16; // bytes, which rows in WebAssembly's memory are multiples of
const PAGE = 65536;

/** @typedef {{starts: Int32Array, counts: Int32Array, weights: Int32Array, width: number}} Taps
 * for each number of an output: the first of those that it is made of, how many, and what each counts,
 * `width` apart */

/**
 * How a side of `have` pixels becomes one of `want`.
 * @param {number} have
 * @param {number} want
 * @param {number} resample
 * @returns {Taps}
 */
function makeTaps(have, want, resample) {
  if (have === want) return unchanged(have);
  const { reach, weight } = FILTERS[resample];
  const scale = have / want;
  const stretch = Math.max(scale, 1);
  const support = reach * stretch;
  const width = Math.ceil(support) * 2 + 1;
  const [starts, counts, weights] = [new Int32Array(want), new Int32Array(want), new Int32Array(want * width)];
  for (let place = 0; place < want; place += 1) {
    const centre = (place + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const count = Math.min(Math.trunc(centre + support + 0.5), have) - start;
    const parts = Array.from({ length: count }, (_, i) => {
      const x = Math.abs((i + start - centre + 0.5) * (1 / stretch));
      return x < reach ? weight(x) : 0;
    });
    const sum = parts.reduce((all, part) => all + part, 0);
    parts.forEach((part, i) => (weights[place * width + i] = whole(sum ? part / sum : part)));
    starts[place] = start;
    counts[place] = count;
  }
  return { starts, counts, weights, width };
}

/** @param {number} value */
function whole(value) {
  return Math.trunc(value * 2 ** BITS + (value < 0 ? -0.5 : 0.5));
}

/** @param {number} size @returns {Taps} */
function unchanged(size) {
  const weights = new Int32Array(size).fill(1 << BITS);
  return { starts: Int32Array.from(weights.keys()), counts: new Int32Array(size).fill(1), weights, width: 1 };
}

/** @type {Map<string, Taps>} */
const kept = new Map(); // a camera's frames are alike

/** @param {number} have @param {number} want @param {number} resample */
function tapsOf(have, want, resample) {
  const key = `${have} ${want} ${resample}`;
  const found = kept.get(key) ?? makeTaps(have, want, resample);
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, found);
  return found;
}

/**
 * What a model takes of a picture: `resized` is its size, `top` and `left` where that lies in the
 * result of the size `made` (less than 0 if it is cut, more if `fill` is around it), `order` which
 * channel comes first. Sizes are [height, width].
 * @typedef {{resized: number[], made: number[], top: number, left: number, resample: number, fill: number,
 *   order: number[]}} Plan
 */

/** How many numbers a plan makes. @param {Plan} plan */
export function sizeOf({ made }) {
  return CHANNELS * made[0] * made[1];
}

/**
 * The part of a side that is shown: from, to.
 * @param {number} have
 * @param {number} made
 * @param {number} offset
 */
function shown(have, made, offset) {
  return [Math.max(-offset, 0), Math.min(have, made - offset)];
}

/** @param {number} size bytes */
function aligned(size) {
  return Math.ceil(size / VECTOR) * VECTOR;
}

/** @param {ArrayBufferView} view */
function bytesOf({ buffer, byteOffset, byteLength }) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export class Resizer {
  /** @param {BufferSource} code of kernels/resize.wasm */
  constructor(code) {
    this.memory = new WebAssembly.Memory({ initial: 2 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory: this.memory } });
    this.kernel = /** @type {any} */ (exports);
  }

  /**
   * A picture as [3, height, width]: each level as `tables` has it, 256 numbers a channel. `out` may
   * have room for it.
   * @param {Uint8ClampedArray} pixels RGBA
   * @param {number[]} size [height, width]
   * @param {Plan} plan
   * @param {Float32Array} tables
   * @param {Float32Array<ArrayBuffer>} [out]
   */
  prepared(pixels, size, plan, tables, out = new Float32Array(sizeOf(plan))) {
    const { resized, made, top, left } = plan;
    const [rows, columns] = [0, 1].map((side) => tapsOf(size[side], resized[side], plan.resample));
    const [up, down] = shown(resized[0], made[0], top);
    const [from, to] = shown(resized[1], made[1], left);
    const first = rows.starts[up];
    const count = rows.starts[down - 1] + rows.counts[down - 1] - first;
    const line = PIXEL * size[1];
    const pitch = aligned(PIXEL * (to - from));
    const [source, starts, counts, weights, ofRows, levels, narrow, row, planes] = this.lay([
      pixels.subarray(first * line, (first + count) * line), columns.starts, columns.counts, columns.weights,
      rows.weights, tables, count * pitch, pitch, out.byteLength,
    ]);
    this.kernel.across(source, size[1], 0, count, starts, counts, weights, columns.width, from, to, narrow, pitch);
    const found = new Float32Array(this.memory.buffer, planes, out.length);
    const area = made[0] * made[1];
    if (down - up < made[0] || to - from < made[1]) surround(found, plan, tables);
    for (let y = up; y < down; y += 1) {
      const apart = 4 * y * rows.width;
      this.kernel.down(narrow + (rows.starts[y] - first) * pitch, pitch, rows.counts[y], ofRows + apart, row);
      const place = (y + top) * made[1] + from + left;
      plan.order.forEach((channel, plane) =>
        this.kernel.spread(row + channel, to - from, levels + 4 * LEVELS * channel, planes + 4 * (plane * area + place)),
      );
    }
    out.set(found);
    return out;
  }

  /**
   * Where arrays, and room of so many bytes, lie in memory from now on.
   * @param {(ArrayBufferView | number)[]} parts
   */
  lay(parts) {
    let end = 0;
    const places = parts.map((part) => {
      const place = end;
      end += aligned(typeof part === "number" ? part : part.byteLength);
      return place;
    });
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    const memory = new Uint8Array(this.memory.buffer);
    parts.forEach((part, i) => typeof part !== "number" && memory.set(bytesOf(part), places[i]));
    return places;
  }
}

/**
 * Everything as what is around the picture.
 * @param {Float32Array} planes
 * @param {Plan} plan
 * @param {Float32Array} tables
 */
function surround(planes, { made, order, fill }, tables) {
  const area = made[0] * made[1];
  order.forEach((channel, plane) => planes.fill(tables[channel * LEVELS + fill], plane * area, (plane + 1) * area));
}
