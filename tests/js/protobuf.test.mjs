/** protobuf.mjs and onnx_file.mjs: messages are read where they lie, and written. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { externalFiles, placeOf } from "../../app/intab/browser/js/ort/onnx_file.mjs";
import { encode, join, message, Source, varint } from "../../app/intab/browser/js/ort/protobuf.mjs";

/** @param {Uint8Array} bytes */
const bodyOf = (bytes) => ({
  size: bytes.length,
  read: (/** @type {number} */ from, /** @type {number} */ to) => bytes.subarray(from, to),
});

/** @param {Iterable<Uint8Array>} parts */
const sourceOf = (parts) => new Source(bodyOf(join(parts)));

/** @param {string} key @param {string} value */
const entry = (key, value) => [
  ...message(13, [...message(1, [encode(key)]), ...message(2, [encode(value)])]),
];

/** TensorProto whose data is in another file: data_location is EXTERNAL.
 * @param {Record<string, string>} told */
const outside = (told) => [
  ...Object.entries(told).flatMap(([key, value]) => entry(key, value)),
  Uint8Array.of(14 * 8, 1),
];

/** A model with one graph with these initializers.
 * @param {Uint8Array[][]} tensors */
const model = (tensors) => join(message(7, tensors.flatMap((parts) => [...message(5, parts)])));

for (const number of [0, 1, 127, 128, 300, 2 ** 31, 2 ** 40 + 5]) {
  test(`a number is read as it was written: ${number}`, () => {
    const bytes = Uint8Array.from(varint(number));
    assert.deepEqual(new Source(bodyOf(bytes)).varint(0), [number, bytes.length]);
  });
}

test("fields of every wire type are places", () => {
  const source = sourceOf([
    ...message(3, [encode("ab")]),
    Uint8Array.of(1 * 8, 200, 1),
    Uint8Array.of(2 * 8 + 5, 0, 0, 0, 0),
    Uint8Array.of(4 * 8 + 1, 0, 0, 0, 0, 0, 0, 0, 0),
  ]);
  const found = [...source.fields(0, source.size)].map(({ number, from, to }) => [number, to - from]);
  assert.deepEqual(found, [[3, 2], [1, 2], [2, 4], [4, 8]]);
});

test("a window that moves back reads the same", () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
  const source = new Source(bodyOf(bytes));
  for (const [from, to] of [[150_000, 150_010], [5, 9], [0, 130_000], [199_990, 200_000]]) {
    assert.deepEqual(source.bytes(from, to), bytes.subarray(from, to));
  }
});

for (const [name, bytes] of Object.entries({
  "a length beyond the end": [1 * 8 + 2, 100, 0],
  "a number without an end": [1 * 8, 255],
  "an unknown wire type": [1 * 8 + 3],
})) {
  test(`what is cut off is an error: ${name}`, () => {
    const source = new Source(bodyOf(Uint8Array.from(bytes)));
    assert.throws(() => [...source.fields(0, source.size)], /not ONNX, or it is cut off/);
  });
}

test("the files of external data are named once, as they stand there", () => {
  const [one, two] = [outside({ location: "./a.data", offset: "8" }), outside({ location: "b" })];
  assert.equal(externalFiles(bodyOf(model([one, two, one]))), '["./a.data","b"]');
});

test("what is no ONNX file names none", () => {
  assert.equal(externalFiles(bodyOf(encode("<html>"))), "[]");
  assert.equal(externalFiles(bodyOf(new Uint8Array(0))), "[]");
});

test("the place of a tensor's data", () => {
  const place = (/** @type {Uint8Array[]} */ parts) => {
    const source = sourceOf(parts);
    return placeOf(source, [...source.fields(0, source.size)]);
  };
  const told = { location: "./a", offset: "8", length: "4" };
  assert.deepEqual(place(outside(told)), { location: "a", start: 8, end: 12 });
  assert.deepEqual(place(outside({ location: "a" })), { location: "a", start: 0, end: NaN });
  assert.equal(place(entry("location", "a")), undefined);
});
