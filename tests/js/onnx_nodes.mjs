/** Graphs as ONNX files have them, made of nodes. */
import { encode, join, message } from "../../app/intab/browser/js/ort/protobuf.mjs";

const [GRAPH, NODE, INPUT, OUTPUT, OP_TYPE, ATTRIBUTE, NAME, INNER] = [7, 1, 1, 2, 4, 5, 1, 6];
const text = (/** @type {number} */ number, /** @type {string} */ value) => [...message(number, [encode(value)])];

/**
 * A node's field of its graph.
 * @param {string} kind
 * @param {string[]} inputs
 * @param {string[]} outputs
 * @param {Uint8Array[]} more
 */
export function node(kind, inputs, outputs, more = []) {
  const names = [...inputs.flatMap((name) => text(INPUT, name)), ...outputs.flatMap((name) => text(OUTPUT, name))];
  return [...message(NODE, [...names, ...text(OP_TYPE, kind), ...more])];
}

/** An attribute that is a graph of nodes. @param {string} name @param {Uint8Array[]} nodes */
export function inner(name, nodes) {
  return [...message(ATTRIBUTE, [...text(NAME, name), ...message(INNER, nodes)])];
}

/** @param {Uint8Array[][]} nodes */
export function bodyOf(...nodes) {
  const bytes = join(message(GRAPH, nodes.flat()));
  return { size: bytes.length, read: (/** @type {number} */ from, /** @type {number} */ to) => bytes.subarray(from, to) };
}
