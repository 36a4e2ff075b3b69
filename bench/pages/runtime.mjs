/**
 * An onnxruntime-web of its own from this version's `folder`, started; with the int8 kernel in it if
 * that is asked for, and then the `constants` of a session to come, else null.
 * @param {string} folder
 * @param {{kernel: boolean, threads: number}} asked
 */
export async function startRuntime(folder, { kernel, threads }) {
  const ort = await import(`${folder}ort/ort.wasm.min.mjs?${kernel}`);
  const original = new URL(`${folder}ort/ort-wasm-simd-threaded.mjs`, location.href).href;
  const hooked = new URL(`${folder}kernels/module.mjs?${encodeURIComponent(original)}`, location.href).href;
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: kernel ? hooked : original, wasm: original.replace(/mjs$/, "wasm") };
  await ort.InferenceSession.create(new Uint8Array(1)).catch(() => {}); // starts it, and the kernel with it
  if (!kernel) return { ort, constants: null };
  const found = (await import(hooked)).installed();
  if (!found.kernel) throw new Error(`the kernel is not in its place: ${found.reason}`);
  return { ort, constants: found.kernel.constants() };
}
