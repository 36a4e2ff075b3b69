/**
 * What a graph does with its inputs, read from its nodes: which of them GroupQueryAttention alone takes
 * as past keys and values and gives back longer. Its kernel on the GPU writes the new rows into the
 * tensor it was given, if its output is bound to the same buffer, and looks at no row that the
 * lengths beside it do not tell of. Whatever else may look at a shape is no such graph.
 */
import { Source } from "./protobuf.mjs";

const GRAPH = 7; // of ModelProto
const NODE = 1; // of GraphProto
const [INPUT, OUTPUT, OP_TYPE, ATTRIBUTE] = [1, 2, 4, 5]; // of NodeProto
const SUBGRAPHS = [6, 11]; // of AttributeProto
const ATTENTION = "GroupQueryAttention";
const PAST = [3, 4]; // its inputs, keys and values
const PRESENT = [1, 2]; // its outputs

/** @typedef {{inputs: string[], outputs: string[], kind: string}} Node */

/**
 * The kinds of nodes that take each value, and which present output takes the place of which past
 * input; nothing of a graph that has graphs within, or cannot be read.
 * @param {import("./protobuf.mjs").Body} body
 */
export function usesOf(body) {
  /** @type {Map<string, string[]>} */
  const takers = new Map();
  /** @type {[string, string][]} */
  const pairs = [];
  try {
    for (const { inputs, outputs, kind } of nodes(new Source(body))) {
      for (const name of inputs) takers.set(name, [...(takers.get(name) ?? []), kind]);
      if (kind !== ATTENTION) continue;
      for (const [i, at] of PAST.entries()) pairs.push([inputs[at], outputs[PRESENT[i]]]);
    }
  } catch {
    return { takers: new Map(), presents: new Map() };
  }
  const alone = pairs.filter(([past, present]) => takers.get(past)?.length === 1 && present && !takers.has(present));
  return { takers, presents: new Map(alone) };
}

/** @param {Source} source */
function* nodes(source) {
  for (const graph of source.fields(0, source.size)) {
    if (graph.number !== GRAPH) continue;
    for (const node of source.fields(graph.from, graph.to)) {
      if (node.number === NODE) yield read(source, node);
    }
  }
}

/**
 * @param {Source} source
 * @param {import("./protobuf.mjs").Field} node
 * @returns {Node}
 */
function read(source, node) {
  /** @type {Node} */
  const found = { inputs: [], outputs: [], kind: "" };
  for (const field of source.fields(node.from, node.to)) {
    if (field.number === INPUT) found.inputs.push(source.text(field));
    else if (field.number === OUTPUT) found.outputs.push(source.text(field));
    else if (field.number === OP_TYPE) found.kind = source.text(field);
    else if (field.number === ATTRIBUTE) refuseSubgraphs(source, field);
  }
  return found;
}

/**
 * @param {Source} source
 * @param {import("./protobuf.mjs").Field} attribute
 */
function refuseSubgraphs(source, { from, to }) {
  for (const { number } of source.fields(from, to)) {
    if (SUBGRAPHS.includes(number)) throw new Error("graphs within may take any value");
  }
}
