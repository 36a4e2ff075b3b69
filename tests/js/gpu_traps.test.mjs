/** What WebGPU computes wrongly is found wherever it stands in a graph. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { trapOf } from "../../app/intab/browser/js/ort/gpu_traps.mjs";
import { bodyOf, inner, node } from "./onnx_nodes.mjs";

const padded = node("MultiHeadAttention", ["q", "k", "v", "", "padding"], ["y"]);
const plain = node("MultiHeadAttention", ["q", "k", "v"], ["y"]);

test("a node of the graph", () => {
  assert.match(trapOf(bodyOf(plain, padded)), /key_padding_mask/);
  assert.equal(trapOf(bodyOf(plain)), "");
});

test("a node of a graph within, as decoders with two branches have", () => {
  const branches = (/** @type {Uint8Array[]} */ ...nodes) => node("If", ["c"], ["y"], inner("then_branch", nodes));
  assert.match(trapOf(bodyOf(branches(...padded))), /key_padding_mask/);
  assert.equal(trapOf(bodyOf(branches(...plain))), "");
});

test("of what is no graph nothing is said: onnxruntime says it", () => {
  assert.equal(trapOf({ size: 9, read: (from, to) => new Uint8Array(9).fill(255).subarray(from, to) }), "");
});
