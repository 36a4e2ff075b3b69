/**
 * Nodes that onnxruntime-web 1.30 computes wrongly on WebGPU without a word, or refuses only once they run:
 * a graph with one of them is not opened there. convert/gpu_traps.py is the same for graphs that are written.
 */
import { RAW_DATA } from "./onnx_file.mjs";
import { Source } from "./protobuf.mjs";

const GRAPH = 7; // of ModelProto
const [NODE, INITIALIZER] = [1, 5]; // of GraphProto
const [INPUT, OUTPUT, OP_TYPE, ATTRIBUTE] = [1, 2, 4, 5]; // of NodeProto
const [NAME, INT, STRING, TENSOR] = [1, 3, 4, 5]; // of AttributeProto
const [FLOATS, TENSOR_NAME] = [4, 8]; // of TensorProto
const SMOOTH = ["linear", "cubic"];
const PADDING = 4; // MultiHeadAttention's key_padding_mask
const SCALES = 2; // Resize's

/** @typedef {import("./protobuf.mjs").Field} Field */
/** @typedef {{kind: string, inputs: string[], outputs: string[], attributes: Map<string, any>}} Node */

/**
 * Why a graph is not for WebGPU, "" if nothing is known against it. Of a file that cannot be read onnxruntime says why.
 * @param {import("./protobuf.mjs").Body} body
 */
export function trapOf(body) {
  try {
    const source = new Source(body);
    const graphs = [...source.fields(0, source.size)].filter(({ number }) => number === GRAPH);
    for (const graph of graphs) {
      const nodes = partsOf(source, graph, NODE).map((field) => read(source, field));
      const found = nodes.map((node) => trap(source, graph, nodes, node)).find(Boolean);
      if (found) return found;
    }
  } catch {
    return "";
  }
  return "";
}

/** @param {Source} source @param {Field} field @param {number} wanted */
function partsOf(source, { from, to }, wanted) {
  return [...source.fields(from, to)].filter(({ number }) => number === wanted);
}

/** @param {Source} source @param {Field} field @returns {Node} */
function read(source, field) {
  /** @type {Node} */
  const node = { kind: "", inputs: [], outputs: [], attributes: new Map() };
  for (const part of source.fields(field.from, field.to)) {
    if (part.number === INPUT) node.inputs.push(source.text(part));
    else if (part.number === OUTPUT) node.outputs.push(source.text(part));
    else if (part.number === OP_TYPE) node.kind = source.text(part);
    else if (part.number === ATTRIBUTE) node.attributes.set(...attribute(source, part));
  }
  return node;
}

/** A whole number, a text, or the place of a tensor. @param {Source} source @param {Field} field @returns {[string, any]} */
function attribute(source, { from, to }) {
  let name = "";
  let value;
  for (const part of source.fields(from, to)) {
    if (part.number === NAME) name = source.text(part);
    else if (part.number === INT) [value] = source.varint(part.from);
    else if (part.number === STRING) value = source.text(part);
    else if (part.number === TENSOR) value = part;
  }
  return [name, value];
}

/** @param {Source} source @param {Field} graph @param {Node[]} nodes @param {Node} node */
function trap(source, graph, nodes, { kind, inputs, outputs, attributes }) {
  if (kind === "ReduceLogSumExp") return "its ReduceLogSumExp is infinite there for large numbers";
  if (kind === "MaxPool" && outputs[1]) return "there is no MaxPool there that tells its indices";
  if (kind === "MultiHeadAttention" && inputs[PADDING]) return "its MultiHeadAttention takes no key_padding_mask there";
  if (kind !== "Resize") return "";
  if (attributes.get("antialias") === 1) return "there is no Resize with antialias there";
  if (!SMOOTH.includes(attributes.get("mode")) || !inputs[SCALES]) return "";
  const [, height, , channels] = constant(source, graph, nodes, inputs[SCALES]);
  const last = channels === 1 && height !== 1;
  return last ? "its Resize gives other numbers there for pictures with channels last" : "";
}

/**
 * The numbers of a constant: an initializer, or what a Constant gives; none if it is computed.
 * @param {Source} source @param {Field} graph @param {Node[]} nodes @param {string} name
 */
function constant(source, graph, nodes, name) {
  const node = nodes.find(({ kind, outputs }) => kind === "Constant" && outputs[0] === name);
  const given = partsOf(source, graph, INITIALIZER).find((field) => nameOf(source, field) === name);
  const tensor = node?.attributes.get("value") ?? given;
  return tensor ? floatsOf(source, tensor) : [];
}

/** @param {Source} source @param {Field} tensor */
function nameOf(source, tensor) {
  const [name] = partsOf(source, tensor, TENSOR_NAME);
  return name && source.text(name);
}

/** @param {Source} source @param {Field} tensor */
function floatsOf(source, tensor) {
  const [field] = [...partsOf(source, tensor, RAW_DATA), ...partsOf(source, tensor, FLOATS)];
  return field ? [...new Float32Array(source.bytes(field.from, field.to).slice().buffer)] : [];
}
