/**
 * Times int8 products on onnxruntime-web with the kernel of `kernels/` and with its own, one thread,
 * in one page, the two in turn (bench/kernel.py).
 */
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
 * @param {boolean} isOurs
 */
async function open(folder, bytes, isOurs) {
  const ort = await import(`${folder}ort/ort.wasm.min.mjs?${isOurs}`);
  const original = new URL(`${folder}ort/ort-wasm-simd-threaded.mjs`, location.href).href;
  const hooked = new URL(`${folder}kernels/module.mjs?${encodeURIComponent(original)}`, location.href).href;
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { mjs: isOurs ? hooked : original, wasm: original.replace(/mjs$/, "wasm") };
  await ort.InferenceSession.create(new Uint8Array(1)).catch(() => {}); // starts it, and the kernel with it
  if (isOurs) await tell((await import(hooked)).installed(), folder, bytes);
  return { ort, session: await ort.InferenceSession.create(bytes.slice()) };
}

/**
 * @param {{kernel: any, reason: string}} installed
 * @param {string} folder
 * @param {Uint8Array} bytes
 */
async function tell({ kernel, reason }, folder, bytes) {
  if (!kernel) throw new Error(`the kernel is not in its place: ${reason}`);
  const { addConstants } = await import(`${folder}kernels/constants.mjs`);
  const { Source } = await import(`${folder}kernels/protobuf.mjs`);
  const read = (/** @type {number} */ from, /** @type {number} */ to) => bytes.subarray(from, to);
  addConstants(kernel.constants(), new Source({ size: bytes.length, read }));
}
