/**
 * Finds a graph's int8 weights, for pages that give onnxruntime-web the bytes of a model: what has two
 * dimensions and bytes, as int8 products take it. Field numbers:
 * https://github.com/onnx/onnx/blob/v1.19.0/onnx/onnx.proto3
 */
const GRAPH = 7; // of ModelProto
const INITIALIZER = 5; // of GraphProto
const DIMS = 1; // of TensorProto, as are the next two
const DATA_TYPE = 2;
const RAW_DATA = 9;
const PACKED = 2; // the wire type of several numbers in one field
const INT8 = [2, 3]; // TensorProto.DataType: UINT8, INT8

/** Tell `constants` (int8.mjs) the int8 weights in the bytes of a model, a Uint8Array. `source` reads
 * them (protobuf.mjs).
 * @param {any} constants
 * @param {import("../app/intab/browser/js/ort/protobuf.mjs").Source} source
 */
export function addConstants(constants, source) {
  for (const graph of numbered(source.fields(0, source.size), GRAPH)) {
    for (const { from, to } of numbered(source.fields(graph.from, graph.to), INITIALIZER)) {
      const fields = [...source.fields(from, to)];
      const [raw] = numbered(fields, RAW_DATA);
      if (raw && isInt8Matrix(source, fields)) constants.add(source.bytes(raw.from, raw.to));
    }
  }
}

/**
 * Whether a tensor, given its fields, is one.
 * @param {import("../app/intab/browser/js/ort/protobuf.mjs").Source} source
 * @param {Iterable<import("../app/intab/browser/js/ort/protobuf.mjs").Field>} fields
 */
export function isInt8Matrix(source, fields) {
  const [type] = numbered(fields, DATA_TYPE);
  const counts = numbered(fields, DIMS).map((field) => numbers(source, field));
  const rank = counts.reduce((sum, count) => sum + count, 0);
  return rank === 2 && type !== undefined && INT8.includes(source.varint(type.from)[0]);
}

/**
 * @param {Iterable<import("../app/intab/browser/js/ort/protobuf.mjs").Field>} fields
 * @param {number} wanted
 */
function numbered(fields, wanted) {
  return [...fields].filter(({ number }) => number === wanted);
}

/**
 * How many numbers a field has.
 * @param {import("../app/intab/browser/js/ort/protobuf.mjs").Source} source
 * @param {{start: number, from: number, to: number}} given
 */
function numbers(source, { start, from, to }) {
  if (source.varint(start)[0] % 8 !== PACKED) return 1;
  let count = 0;
  for (let at = from; at < to; count += 1) [, at] = source.varint(at);
  return count;
}
