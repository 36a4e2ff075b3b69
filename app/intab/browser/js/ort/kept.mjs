/**
 * Tensors that stay between runs, by numbers that Python gives them (engine/runtime/keeping.py). They
 * may go from one network to another on the same device.
 */
import { pack, tensorsOf } from "./feeds.mjs";
import { exclusively, watched } from "./ort.mjs";

/** @typedef {import("../../../../../tools/js/types/ort.d.ts").CacheTensor} Tensor */

/** @type {Map<number, Tensor>} */
const kept = new Map();
const WHOLE = { batch: 0, rows: null, past: "", present: "", dtype: "", shape: [] };

/** How many there are; 0 when every session is closed. */
export function keptTensors() {
  return kept.size;
}

/**
 * Give tensors back; queued, since a run may still need one.
 * @param {string} told JSON of their numbers
 */
export function letGoOf(told) {
  return exclusively(() => drop(JSON.parse(told)));
}

/** @param {number[]} numbers */
function drop(numbers) {
  for (const number of numbers) {
    kept.get(number)?.dispose();
    kept.delete(number);
  }
}

/**
 * Run a network once. `told` is JSON: `infos` of the arrays that are fed, [[name, dtype, dims], ...],
 * whose bytes are in `values`; `held`: [[name, number], ...]; `read`: names; `keep`: [[name, number],
 * ...]; `gone`: numbers to be given back first. What is read as one array of bytes; of logits
 * [batch, rows, size] the last row alone.
 * @param {any} runner
 * @param {string} told
 * @param {Uint8Array[]} values
 */
export function compute(runner, told, values) {
  const { infos, held, read, keep, gone } = JSON.parse(told);
  return exclusively(async () => {
    drop(gone);
    const fed = tensorsOf(runner, infos, values);
    /** @type {Record<string, Tensor>} */
    let found;
    try {
      const taken = held.map((/** @type {[string, number]} */ [name, number]) => [name, kept.get(number)]);
      const names = keep.map((/** @type {[string, number]} */ [name]) => name);
      const feeds = { ...fed, ...Object.fromEntries(taken) };
      found = await watched(runner, () => runner.run(feeds, [...read, ...names]));
    } finally {
      Object.values(fed).forEach((tensor) => tensor.dispose());
    }
    for (const [name, number] of keep) kept.set(number, found[name]);
    /** @type {Record<string, Tensor>} */
    const wanted = {}; // which end once they are packed
    for (const name of read) wanted[name] = await lastRow(runner, found[name]);
    return pack(wanted, read);
  });
}

/**
 * @param {any} runner
 * @param {Tensor} tensor
 * @returns {Promise<Tensor>}
 */
async function lastRow(runner, tensor) {
  const { type, dims } = tensor;
  if (dims.length !== 3 || dims[1] < 2) return tensor;
  const data = await runner.rows(tensor, 1, 0);
  return { type, dims: [dims[0], 1, dims[2]], getData: () => data, dispose: () => {} };
}

/**
 * Keep tensors of these values: [[number, dtype, dims], ...] and the bytes of each.
 * @param {any} runner
 * @param {string} told JSON
 * @param {Uint8Array[]} values
 */
export function put(runner, told, values) {
  /** @type {[number, string, number[]][]} */
  const rows = JSON.parse(told);
  return exclusively(() => {
    const infos = rows.map(([number, dtype, dims]) => /** @type {any} */ ([String(number), dtype, dims]));
    const made = tensorsOf(runner, infos, values);
    for (const [number] of rows) kept.set(number, made[number]);
  });
}

/**
 * New tensors with some sequences of the first axis: [[from, to], ...] of numbers.
 * @param {any} runner
 * @param {string} told JSON
 * @param {string} chosen JSON of the sequences
 */
export function take(runner, told, chosen) {
  /** @type {[number, number][]} */
  const pairs = JSON.parse(told);
  const sequences = JSON.parse(chosen);
  return exclusively(async () => {
    for (const [from, to] of pairs) {
      const tensor = kept.get(from);
      kept.set(to, await part(runner, tensor, sequences));
    }
  });
}

/**
 * @param {any} runner
 * @param {any} tensor of whatever type: on a GPU one that was put may lie on this side
 * @param {number[]} sequences
 */
async function part(runner, tensor, sequences) {
  if (tensor.type !== "int64" && (!runner.device || tensor.gpuBuffer)) {
    return runner.part(tensor, WHOLE, sequences, 0, 0);
  }
  const data = await tensor.getData();
  const size = data.length / tensor.dims[0];
  const values = new data.constructor(size * sequences.length);
  sequences.forEach((from, to) => values.set(data.subarray(from * size, (from + 1) * size), to * size));
  return runner.tensor(tensor.type, [sequences.length, ...tensor.dims.slice(1)], values);
}
