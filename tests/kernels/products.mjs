/**
 * Random products of the kernel against plain integers, for one habit of processors (int8/dot.h):
 * `node products.mjs HABIT` prints what differed, as JSON. The habits are played by modules that were
 * made of the same source, so that each is tried on any machine, and in Node.
 */
import { readFileSync } from "node:fs";
import { Bench, check, plainProduct } from "../../kernels/self_test.mjs";

const PAGES = 4096;
const MOST_ROWS = 70;
const EXTREMES = [0, 1, 127, 128, 129, 255];
// (type (func (param i32 x 7))) (import "e" "f" (func)) (export "f" (func 0))
const SEVEN = "0061736d01000000010b0160077f7f7f7f7f7f7f0002070101650166000007050101660000";

const folder = new URL("../../kernels/", import.meta.url);
const habit = JSON.parse(process.argv[2]);
const module = new WebAssembly.Module(readFileSync(new URL(`tests/habit${habit}.wasm`, folder)));
const found = check(module);
let bench = new Bench(module, PAGES);
bench.use(found);

/**
 * The output processor of a fused operator: its first virtual function halves what is finished.
 * @param {any} calls
 */
function processor(calls) {
  const bytes = Uint8Array.from(SEVEN.match(/../g) ?? [], (hex) => parseInt(hex, 16));
  /** @type {(...numbers: number[]) => void} */
  const process = (self, c, m, n, rows, columns, ldc) => {
    calls.push([m, n, rows, columns]);
    for (let i = m; i < m + rows; i++) {
      for (let j = n; j < n + columns; j++) bench.words[c / 4 + i * ldc + j] ^= 0x55;
    }
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { f: process } });
  bench.table.set(3, exports.f);
  const virtual = bench.allocate(16);
  const object = bench.allocate(16);
  bench.words[virtual / 4] = 3;
  bench.words[object / 4] = virtual;
  return object;
}

/**
 * As threads share a product: by rows, and by columns at multiples of 16.
 * @param {number} m
 * @param {number} n
 * @param {any} byRows
 * @param {any} byColumns
 */
function split(m, n, byRows, byColumns) {
  const rows = byRows ? Math.floor(m / 2) : 0;
  const columns = byColumns ? Math.min(n, 16 * Math.ceil(n / 32)) : 0;
  const halves = (/** @type {any} */ all, /** @type {any} */ first) => [[0, first], [first, all - first]].filter(([, count]) => count);
  return halves(m, rows).flatMap((r) => halves(n, columns).map((c) => [...r, ...c]));
}

/** @param {any} values */
function random(values) {
  return bench.random(1, values)[0];
}

/** @param {number} m */
function wrong(m) {
  const [n, k] = [1 + random(90), 1 + random(140)];
  const flag = () => random(2);
  /** @type {any} */
  const product = { m, n, k, signedA: flag(), signedB: flag(), accumulate: flag(), single: flag() };
  product.parts = split(m, n, flag(), flag());
  const extreme = flag();
  const bytes = (/** @type {number} */ count) =>
    extreme ? bench.random(count, EXTREMES.length).map((at) => EXTREMES[at]) : bench.random(count);
  /** @type {any} */
  const given = { a: bytes(m * k), b: bytes(k * n), zeros: bytes(n), zero: bytes(1)[0] };
  given.c = bench.random(m * n, 2000);
  /** @type {number[][]} */
  const calls = [];
  const fused = !product.accumulate && flag();
  if (fused) given.output = processor(calls);
  const wanted = plainProduct(product, given).map((value) => (fused ? value ^ 0x55 : value));
  const results = bench.results(product, given, 2);
  const same = results.every((result) => result.every((value, at) => value === wanted[at]));
  const processed = calls.reduce((sum, [, , rows, columns]) => sum + rows * columns, 0);
  const whole = !fused || processed === 2 * m * n;
  return same && whole ? [] : [{ ...product, extreme, fused, processed }];
}

const differ = [];
for (let m = 1; m <= MOST_ROWS; m++) {
  for (let time = 0; time < 4; time++) differ.push(...wrong(m));
  bench = new Bench(module, PAGES);
  bench.seed = 7 * m;
  bench.use(found);
}
console.log(JSON.stringify({ habit: found.name, differ }));
