/** Which caches a graph writes into itself, read from its nodes. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { usesOf } from "../../app/intab/browser/js/ort/grouped.mjs";
import { encode, join, message } from "../../app/intab/browser/js/ort/protobuf.mjs";

const [GRAPH, NODE, INPUT, OUTPUT, OP_TYPE, ATTRIBUTE] = [7, 1, 1, 2, 4, 5];
const text = (/** @type {number} */ number, /** @type {string} */ value) => [...message(number, [encode(value)])];

/**
 * A node's field of its graph.
 * @param {string} kind
 * @param {string[]} inputs
 * @param {string[]} outputs
 * @param {Uint8Array[]} more
 */
function node(kind, inputs, outputs, more = []) {
  const names = [...inputs.flatMap((name) => text(INPUT, name)), ...outputs.flatMap((name) => text(OUTPUT, name))];
  return [...message(NODE, [...names, ...text(OP_TYPE, kind), ...more])];
}

/** @param {Uint8Array[][]} nodes */
function bodyOf(...nodes) {
  const bytes = join(message(GRAPH, nodes.flat()));
  return { size: bytes.length, read: (/** @type {number} */ from, /** @type {number} */ to) => bytes.subarray(from, to) };
}

const attention = (/** @type {string} */ value) =>
  node("GroupQueryAttention", ["qkv", "", "", "k", value, "lengths", "total"], ["y", "new_k", "new_v"]);

test("keys and values that attention alone takes", () => {
  const { presents, takers } = usesOf(bodyOf(node("Gather", ["table", "ids"], ["qkv"]), attention("v")));
  assert.deepEqual([...presents], [["k", "new_k"], ["v", "new_v"]]);
  assert.deepEqual(takers.get("ids"), ["Gather"]);
});

test("what something else looks at too is left out", () => {
  const looked = usesOf(bodyOf(attention("v"), node("Shape", ["k"], ["s"])));
  assert.deepEqual([...looked.presents], [["v", "new_v"]]);
  const given = usesOf(bodyOf(attention("v"), node("Shape", ["new_v"], ["s"])));
  assert.deepEqual([...given.presents], [["k", "new_k"]]);
  assert.equal(usesOf(bodyOf(attention("k"))).presents.size, 0);
  assert.equal(usesOf(bodyOf(node("Concat", ["k", "x"], ["new_k"]))).presents.size, 0);
});

test("of a graph with graphs within nothing is said, nor of what is none", () => {
  const branch = [...message(ATTRIBUTE, [...text(1, "then_branch"), ...message(6, [])])];
  assert.equal(usesOf(bodyOf(attention("v"), node("If", ["c"], ["z"], branch))).presents.size, 0);
  const cut = { size: 9, read: (/** @type {number} */ from, /** @type {number} */ to) => new Uint8Array(9).fill(255).subarray(from, to) };
  assert.equal(usesOf(cut).presents.size, 0);
});
