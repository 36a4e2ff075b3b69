/** Pictures are resized as by Pillow, to the bit. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Resizer } from "../../app/intab/browser/js/resize.mjs";

/** @type {[number, number, number, number, number, string][]} */
const CASES = JSON.parse(readFileSync(new URL("../golden/resizing.json", import.meta.url), "utf-8"));
const code = readFileSync(new URL("../../kernels/resize.wasm", import.meta.url));
const resizer = new Resizer(code);
const LEVELS = Float32Array.from({ length: 3 * 256 }, (_, i) => i % 256);

/** The noise of tests/golden/make_resizing.py. @param {number} height @param {number} width @param {number} seed */
function noise(height, width, seed) {
  return Uint8ClampedArray.from({ length: height * width * 4 }, (_, i) =>
    i % 4 === 3 ? 9 : Math.imul((i >> 2) * 3 + (i % 4) + seed, 2654435761 | 0) >>> 24,
  );
}

/** @param {Float32Array} planes [3, area] @returns {Uint8Array} [area, 3] */
function interleaved(planes) {
  const area = planes.length / 3;
  return Uint8Array.from(planes, (_, i) => planes[(i % 3) * area + Math.trunc(i / 3)]);
}

/** @param {number[]} sides */
function planOf([tall, wide], resample = 2) {
  return { resized: [tall, wide], made: [tall, wide], top: 0, left: 0, resample, fill: 0, order: [0, 1, 2] };
}

test("as Pillow resizes noise of many sizes", () => {
  for (const [height, width, tall, wide, resample, digest] of CASES) {
    const pixels = noise(height, width, height + width + tall + wide + resample);
    const found = interleaved(resizer.prepared(pixels, [height, width], planOf([tall, wide], resample), LEVELS));
    const name = createHash("sha256").update(found).digest("hex").slice(0, 16);
    assert.equal(name, digest, `${height} x ${width} to ${tall} x ${wide} by ${resample}`);
  }
});

test("what is cut is the part of the whole", () => {
  const pixels = noise(20, 30, 0);
  const whole = resizer.prepared(pixels, [20, 30], planOf([10, 12]), LEVELS);
  const cut = resizer.prepared(pixels, [20, 30], { ...planOf([10, 12]), made: [4, 5], top: -3, left: -2 }, LEVELS);
  const part = [0, 1, 2].flatMap((c) =>
    [3, 4, 5, 6].flatMap((y) => [2, 3, 4, 5, 6].map((x) => whole[c * 120 + y * 12 + x])),
  );
  assert.deepEqual([...cut], part);
});

test("what is around it, another order and the tables", () => {
  const pixels = Uint8ClampedArray.from([10, 20, 30, 0]);
  const tables = Float32Array.from({ length: 3 * 256 }, (_, i) => i / 2);
  const plan = { ...planOf([1, 1]), made: [2, 2], top: 1, left: 0, fill: 4, order: [2, 1, 0] };
  const [red, green, blue] = [0, 128, 256].map((start) => (/** @type {number} */ level) => start + level / 2);
  assert.deepEqual(
    [...resizer.prepared(pixels, [1, 1], plan, tables)],
    [[blue, 30], [green, 20], [red, 10]].flatMap(([of, level]) =>
      [4, 4, level, 4].map((each) => /** @type {any} */ (of)(each))),
  );
});
