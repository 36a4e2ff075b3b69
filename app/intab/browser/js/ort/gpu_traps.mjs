/**
 * Nodes that onnxruntime-web 1.30 computes wrongly on WebGPU without a word, or refuses only once they run:
 * a graph with one of them is not opened there. convert/gpu_traps.py is the same for graphs that are written.
 */
import { graphsOf, nodesOf, partsOf } from "./nodes.mjs";
import { RAW_DATA } from "./onnx_file.mjs";
import { Source } from "./protobuf.mjs";

const INITIALIZER = 5; // of GraphProto
const [FLOATS, TENSOR_NAME] = [4, 8]; // of TensorProto
const SMOOTH = ["linear", "cubic"];
const PADDING = 4; // MultiHeadAttention's key_padding_mask
const SCALES = 2; // Resize's

/** @typedef {import("./protobuf.mjs").Field} Field */
/** @typedef {import("./nodes.mjs").Node} Node */

/**
 * Why a graph is not for WebGPU, "" if nothing is known against it. Of a file that cannot be read onnxruntime says why.
 * @param {import("./protobuf.mjs").Body} body
 */
export function trapOf(body) {
  try {
    const source = new Source(body);
    return first(graphsOf(source), (graph) => within(source, graph));
  } catch {
    return "";
  }
}

/** What is against a graph, and those within its nodes. @param {Source} source @param {Field} graph @returns {string} */
function within(source, graph) {
  const nodes = nodesOf(source, graph);
  return first(nodes, (node) => trap(source, graph, nodes, node) || first(node.graphs, (inner) => within(source, inner)));
}

/** The first objection. @template T @param {T[]} items @param {(item: T) => string} objection */
function first(items, objection) {
  for (const item of items) {
    const found = objection(item);
    if (found) return found;
  }
  return "";
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
