/**
 * onnxruntime-web's own profile of a decode step, which it prints (bench/step.py reads it): nothing
 * but onnxruntime-web and the int8 kernel is used.
 */
import { withoutWeights } from "../../app/intab/browser/js/ort/weights.mjs";
import { Graph } from "./graphs.mjs";
import { startRuntime } from "./runtime.mjs";

const RUNS = 20;

/**
 * Milliseconds of the fastest of the steps after `context` tokens.
 * @param {string} folder of this version's runtime
 * @param {string} model of `intab convert`, q8
 * @param {{kernel: boolean, threads: number, context: number}} asked
 */
export async function profile(folder, model, { context, ...asked }) {
  const { ort, constants } = await startRuntime(folder, asked);
  const [name, file] = [model.split("/").at(-1) ?? "", await bodyOf(model)];
  const given = withoutWeights(name, file, [[`${name}_data`, await bodyOf(`${model}_data`)]], constants);
  const options = { externalData: given.externalData, enableProfiling: true };
  const session = await ort.InferenceSession.create(given.graph, options);
  const graph = new Graph(ort, session);
  const cache = await graph.run(context, graph.empty(), 0);
  const times = [];
  for (let run = 0; run < RUNS; run += 1) {
    const began = performance.now();
    await graph.run(1, cache, context - 1);
    times.push(performance.now() - began);
  }
  session.endProfiling();
  return Math.min(...times);
}

/**
 * A file in memory, as files/bodies.mjs has it.
 * @param {string} address
 */
async function bodyOf(address) {
  const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
  const nothing = () => null;
  const read = (/** @type {number} */ from, /** @type {number} */ to) => bytes.subarray(from, to);
  return { size: bytes.length, read, copyHeld: nothing, letGo: nothing, done: nothing };
}
