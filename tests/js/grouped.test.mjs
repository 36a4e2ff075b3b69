/** Which caches a graph writes into itself, read from its nodes. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { usesOf } from "../../app/intab/browser/js/ort/grouped.mjs";
import { bodyOf, inner, node } from "./onnx_nodes.mjs";

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
  const branch = inner("then_branch", []);
  assert.equal(usesOf(bodyOf(attention("v"), node("If", ["c"], ["z"], branch))).presents.size, 0);
  const cut = { size: 9, read: (/** @type {number} */ from, /** @type {number} */ to) => new Uint8Array(9).fill(255).subarray(from, to) };
  assert.equal(usesOf(cut).presents.size, 0);
});
