/**
 * Which files an ONNX graph has its weights in, read from the graph itself; engine/runtime/onnx_file.py is
 * the same in Python, and says more. The graph's bytes stay in JavaScript.
 */
import { Source } from "./protobuf.mjs";

// What may lie in what: kind of message -> field number -> kind.
/** @type {Record<string, Record<number, string>>} */
export const INSIDE = {
  model: { 7: "graph", 25: "function" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  function: { 7: "node" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
};
const MOST_LEVELS = 100; // of messages in messages; three to a subgraph
const KEY = 1; // of StringStringEntryProto, as is the next
const VALUE = 2;
export const RAW_DATA = 9; // of TensorProto, as are the next two
export const EXTERNAL_DATA = 13;
export const DATA_LOCATION = 14;
export const EXTERNAL = 1;

/** The names as they stand in the file, each once, as JSON; none where it is no such file, which
 * onnxruntime says better.
 * @param {import("./protobuf.mjs").Body} body
 */
export function externalFiles(body) {
  try {
    return JSON.stringify([...new Set(names(new Source(body)))]);
  } catch {
    return "[]";
  }
}

/**
 * @param {import("./protobuf.mjs").Source} source
 * @param {string} [kind]
 * @param {number} [start]
 * @param {number} [end]
 * @param {number} [level]
 * @returns {Generator<string>}
 */
function* names(source, kind = "model", start = 0, end = source.size, level = 0) {
  if (level > MOST_LEVELS) throw new Error("graphs in graphs in graphs");
  if (kind === "tensor") return yield* locations(source, [...source.fields(start, end)]);
  for (const { number, from, to } of source.fields(start, end)) {
    const inner = INSIDE[kind][number];
    if (inner) yield* names(source, inner, from, to, level + 1);
  }
}

/**
 * The names of a tensor's file; none where its data is in the tensor.
 * @param {import("./protobuf.mjs").Source} source
 * @param {import("./protobuf.mjs").Field[]} fields
 */
function* locations(source, fields) {
  if (!isOutside(source, fields)) return;
  for (const [key, value] of entries(source, fields)) if (key === "location") yield value;
}

/**
 * Whether a tensor's data is in another file.
 * @param {import("./protobuf.mjs").Source} source
 * @param {import("./protobuf.mjs").Field[]} fields
 */
function isOutside(source, fields) {
  const told = fields.filter(({ number }) => number === DATA_LOCATION).at(-1);
  return told && source.varint(told.from)[0] === EXTERNAL;
}

/**
 * What a tensor says of its data in another file: [key, value].
 * @param {import("./protobuf.mjs").Source} source
 * @param {import("./protobuf.mjs").Field[]} fields
 */
function* entries(source, fields) {
  for (const entry of fields.filter(({ number }) => number === EXTERNAL_DATA)) {
    const parts = [...source.fields(entry.from, entry.to)];
    const [key, value] = [KEY, VALUE].map((wanted) => parts.findLast(({ number }) => number === wanted));
    if (key) yield [source.text(key), value ? source.text(value) : ""];
  }
}

/** Where a tensor's data is in another file, {location, start, end}, the end NaN where nothing tells
 * it; undefined where it is in the tensor.
 * @param {import("./protobuf.mjs").Source} source
 * @param {import("./protobuf.mjs").Field[]} fields
 */
export function placeOf(source, fields) {
  if (!isOutside(source, fields)) return undefined;
  const { location, offset, length } = Object.fromEntries(entries(source, fields));
  const start = Number(offset ?? 0);
  return { location: location.replace(/^\.\//, ""), start, end: start + Number(length) };
}
