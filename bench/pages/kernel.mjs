/**
 * Times int8 products on onnxruntime-web with the kernel of `kernels/` and with its own, one thread,
 * in one page, the two in turn (bench/kernel.py).
 */
import { Source } from "../../app/intab/browser/js/ort/protobuf.mjs";
import { addConstants } from "../../kernels/constants.mjs";
import { startRuntime } from "./runtime.mjs";

const ROUNDS = 15;

/**
 * Milliseconds of a run, the least of all rounds, by rows: [with the kernel, with the shipped one].
 * @param {string} folder of this version's runtime
 * @param {string} model
 * @param {{inputs: number, rows: number[]}} given
 */
export async function compare(folder, model, { inputs, rows }) {
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const ours = await open(folder, bytes, true);
  const shipped = await open(folder, bytes, false);
  /** @type {Record<number, number[]>} */
  const least = {};
  for (const count of rows) {
    const data = Uint8Array.from({ length: count * inputs }, (_, i) => (i * 7919) % 256);
    least[count] = [Infinity, Infinity];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [at, { ort, session }] of [ours, shipped].entries()) {
        const began = performance.now();
        await session.run({ x: new ort.Tensor("uint8", data, [count, inputs]) });
        least[count][at] = Math.min(least[count][at], performance.now() - began);
      }
    }
  }
  return least;
}

/**
 * A session in an onnxruntime-web of its own.
 * @param {string} folder
 * @param {Uint8Array} bytes
 * @param {boolean} kernel
 */
async function open(folder, bytes, kernel) {
  const { ort, constants } = await startRuntime(folder, { kernel, threads: 1 });
  const read = (/** @type {number} */ from, /** @type {number} */ to) => bytes.subarray(from, to);
  if (constants) addConstants(constants, new Source({ size: bytes.length, read }));
  return { ort, session: await ort.InferenceSession.create(bytes.slice()) };
}
