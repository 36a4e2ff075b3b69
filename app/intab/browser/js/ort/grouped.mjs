/**
 * What a graph does with its inputs, read from its nodes: which of them GroupQueryAttention alone takes
 * as past keys and values and gives back longer. Its kernel on the GPU writes the new rows into the
 * tensor it was given, if its output is bound to the same buffer, and looks at no row that the
 * lengths beside it do not tell of. Whatever else may look at a shape is no such graph.
 */
import { graphsOf, nodesOf } from "./nodes.mjs";
import { Source } from "./protobuf.mjs";

const ATTENTION = "GroupQueryAttention";
const PAST = [3, 4]; // its inputs, keys and values
const PRESENT = [1, 2]; // its outputs

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
    const source = new Source(body);
    const nodes = graphsOf(source).flatMap((graph) => nodesOf(source, graph));
    if (nodes.some(({ graphs }) => graphs.length)) throw new Error("graphs within may take any value");
    for (const { inputs, outputs, kind } of nodes) {
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
