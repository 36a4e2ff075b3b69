/**
 * Whether the kernel is right on this processor: in memory of its own, before anything depends on it.
 *
 * i32x4.relaxed_dot_i8x16_i7x16_add_s leaves to the processor what bytes above 127 are (int8/dot.h).
 * Two products tell which of the known habits it has; then some products of matrices are compared with
 * plain integers.
 */
const PAGES = 32;
// [1 x 200, 127 x 255 twice] -> how to read rows (flip), and how large two weights may be (limit).
/** @type {Record<string, {flip: number, limit: number, name: string}>} */
const HABITS = {
  "200,64770": { flip: 0, limit: 0x7fff, name: "unsigned" },
  "200,32767": { flip: 0, limit: 128, name: "unsigned, 16-bit pairs" },
  "-56,-254": { flip: 0x80, limit: 255, name: "signed" },
};
const SHAPES = [
  [1, 17, 33],
  [1, 32, 64],
  [2, 16, 4],
  [5, 35, 41],
  [9, 48, 130],
];

/** The habit of this processor; an Error says that there is none that the kernel knows, or that it
 * computes wrongly.
 * @param {WebAssembly.Module} module
 */
export function check(module) {
  const bench = new Bench(module);
  const habit = HABITS[`${bench.reads([1], [200])},${bench.reads([127, 127], [255, 255])}`];
  if (!habit) throw new Error("this processor reads bytes in an unknown way");
  bench.use(habit);
  for (const [m, n, k] of SHAPES) {
    for (const signs of [0, 1, 2, 3]) {
      const right = bench.isRight({ m, n, k, signedA: signs & 1, signedB: signs >> 1 });
      if (!right) throw new Error("the kernel computes wrongly on this processor");
    }
  }
  return habit;
}

/** An instance with memory and an allocator of its own, and products to try it on. */
export class Bench {
  /**
   * @param {WebAssembly.Module} module
   * @param {any} [pages]
   */
  constructor(module, pages = PAGES) {
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
    this.end = 16;
    this.seed = 1;
    this.table = new WebAssembly.Table({ initial: 4, element: "anyfunc" });
    this.context = this.allocate(20);
    const env = {
      memory: this.memory,
      __indirect_function_table: this.table,
      malloc: (/** @type {number} */ size) => this.allocate(size),
      free: () => {},
      context: new WebAssembly.Global({ value: "i32" }, this.context),
      shipped_unsigned: () => void this.left++,
      shipped_signed: () => void this.left++,
    };
    this.left = 0; // calls that were left to the shipped kernel
    /** @type {any} the kernel's functions: int8/gemm.c */
    this.exports = new WebAssembly.Instance(module, { env }).exports;
    this.registry = this.allocate(this.exports.registry_size());
  }

  /**
   * Memory is never given back: these are small products. 0 if there is none left.
   * @param {number} size
   */
  allocate(size) {
    const at = (this.end + 15) & ~15;
    if (at + size > this.memory.buffer.byteLength) return 0;
    this.end = at + size;
    return at;
  }

  get words() {
    return new Int32Array(this.memory.buffer);
  }

  get bytes() {
    return new Uint8Array(this.memory.buffer);
  }

  /** @param {any} values */
  put(values) {
    const at = this.allocate(Math.max(values.length, 1) + 16);
    this.bytes.set(values, at);
    return at;
  }

  /** @param {{flip: number, limit: number}} given */
  use({ flip, limit }) {
    this.words.set([this.registry, 0, 0, flip, limit], this.context / 4);
  }

  /**
   * What products of signed bytes with bytes that may be unsigned add up to.
   * @param {number[]} signed
   * @param {number[]} bytes
   */
  reads(signed, bytes) {
    const pad = (/** @type {any} */ values) => [...values, 0, 0, 0, 0].slice(0, 4);
    return this.exports.reads(this.put([...pad(signed), ...pad(bytes)]));
  }

  /**
   * @param {number} count
   * @param {any} [values]
   */
  random(count, values = 256) {
    return Array.from({ length: count }, () => {
      this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0;
      return (this.seed >>> 8) % values;
    });
  }

  /**
   * Whether a product of random bytes is right, when its weights are packed and when they are kept.
   * @param {any} product
   */
  isRight(product) {
    const { m, n, k } = product;
    const given = { a: this.random(m * k), b: this.random(k * n), zeros: this.random(n), zero: 77 };
    const wanted = plainProduct(product, given);
    return this.results(product, given, 2).every((found) =>
      found.every((value, at) => value === wanted[at]),
    );
  }

  /**
   * What each of `times` calls gives for the product of `given`, whose weights are known.
   * @param {{m: number, n: number, k: number, signedA: number, signedB: number, accumulate: any, single: any, parts: any}} values
   * @param {any} given
   * @param {number} times
   */
  results({ m, n, k, signedA, signedB, accumulate, single, parts }, given, times) {
    const { exports } = this;
    const [a, b, zeros] = [given.a, given.b, given.zeros].map((values) => this.put(values));
    const [c, shape, data] = [4 * m * n, 16, 44].map((size) => this.allocate(size + 16));
    this.words.set([m, n, k], shape / 4);
    this.bytes.set([signedA, signedB, accumulate ? 1 : 0], shape + 12);
    const perColumn = single ? 0 : 256;
    this.words.set([a, k, given.zero, b, n, zeros, perColumn, c, n, given.output ?? 0], data / 4);
    exports.know(exports.digest(0n, b, k * n));
    const found = Array.from({ length: times }, () => {
      this.words.set(given.c ?? new Array(m * n).fill(0), c / 4);
      for (const part of parts ?? [[0, m, 0, n]]) exports.gemm(shape, data, ...part);
      return [...this.words.subarray(c / 4, c / 4 + m * n)];
    });
    exports.forget_all();
    return found;
  }
}

/**
 * The same in plain integers.
 * @param {{m: number, n: number, k: number, signedA: number, signedB: number, accumulate: any, single: any}} values
 * @param {any} given
 */
export function plainProduct({ m, n, k, signedA, signedB, accumulate, single }, given) {
  const { a, b, zeros, zero, c } = given;
  const signed = (/** @type {number} */ value, /** @type {any} */ is) => (is ? (value << 24) >> 24 : value);
  return Array.from({ length: m * n }, (_, at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    let sum = accumulate ? c[at] : 0;
    for (let i = 0; i < k; i++) {
      const left = signed(a[row * k + i], signedA) - signed(zero, signedA);
      const right = signed(b[i * n + column], signedB) - signed(zeros[single ? 0 : column], signedB);
      sum += left * right;
    }
    return sum | 0;
  });
}
