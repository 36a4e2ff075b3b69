/** The nodes of an ONNX file, read from its bytes: https://github.com/onnx/onnx/blob/v1.19.0/onnx/onnx.proto3 */
const GRAPH = 7; // of ModelProto
const NODE = 1; // of GraphProto
const [INPUT, OUTPUT, OP_TYPE, ATTRIBUTE] = [1, 2, 4, 5]; // of NodeProto
const [NAME, INT, STRING, TENSOR, INNER, INNERS] = [1, 3, 4, 5, 6, 11]; // of AttributeProto

/** @typedef {import("./protobuf.mjs").Source} Source */
/** @typedef {import("./protobuf.mjs").Field} Field */
/**
 * `attributes`: a whole number, a text, or the place of a tensor; `graphs` within it.
 * @typedef {{kind: string, inputs: string[], outputs: string[], attributes: Map<string, any>, graphs: Field[]}} Node
 */

/** The graph of a model. @param {Source} source */
export function graphsOf(source) {
  return partsOf(source, { from: 0, to: source.size }, GRAPH);
}

/** @param {Source} source @param {{from: number, to: number}} graph */
export function nodesOf(source, graph) {
  return partsOf(source, graph, NODE).map((field) => read(source, field));
}

/** The fields of one number. @param {Source} source @param {{from: number, to: number}} whole @param {number} wanted */
export function partsOf(source, { from, to }, wanted) {
  return [...source.fields(from, to)].filter(({ number }) => number === wanted);
}

/** @param {Source} source @param {Field} field @returns {Node} */
function read(source, field) {
  /** @type {Node} */
  const node = { kind: "", inputs: [], outputs: [], attributes: new Map(), graphs: [] };
  for (const part of source.fields(field.from, field.to)) {
    if (part.number === INPUT) node.inputs.push(source.text(part));
    else if (part.number === OUTPUT) node.outputs.push(source.text(part));
    else if (part.number === OP_TYPE) node.kind = source.text(part);
    else if (part.number === ATTRIBUTE) readAttribute(source, part, node);
  }
  return node;
}

/** @param {Source} source @param {Field} field @param {Node} node */
function readAttribute(source, { from, to }, node) {
  let name = "";
  let value;
  for (const part of source.fields(from, to)) {
    if (part.number === NAME) name = source.text(part);
    else if (part.number === INT) [value] = source.varint(part.from);
    else if (part.number === STRING) value = source.text(part);
    else if (part.number === TENSOR) value = part;
    else if (part.number === INNER || part.number === INNERS) node.graphs.push(part);
  }
  node.attributes.set(name, value);
}
