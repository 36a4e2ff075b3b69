/** Transformers.js computes, in a worker: ids are made up, since speed asks for no text. */
import { AutoModelForCausalLM, env, Tensor } from "@huggingface/transformers";
import { figures, serve } from "./jobs.mjs";

const wasm = /** @type {any} */ (env.backends.onnx.wasm);
const here = new URL("./", import.meta.url).href;
env.allowLocalModels = false;
env.useWasmCache = false; // its way there is a blob: script, which the Content-Security-Policy forbids
wasm.wasmPaths = {
  mjs: `${here}ort-wasm-simd-threaded.asyncify.mjs`,
  wasm: `${here}ort-wasm-simd-threaded.asyncify.wasm`,
};
const PLAIN = `${here}ort/ort-wasm-simd-threaded`;
const HOOKED = `${here}kernels/module.mjs?${encodeURIComponent(`${PLAIN}.mjs`)}`;
/** @type {any} */
let model = null;

/**
 * Seconds until a model is ready; `threads` 0 leaves the number to it. `plain`: with the build of
 * onnxruntime-web that ours has, `kernel`: and with our int8 kernel in it (docs/kernels.md).
 * @param {{base: string, threads: number, plain?: boolean, kernel?: boolean}} given
 */
async function load({ base, threads, plain, kernel }) {
  if (plain) wasm.wasmPaths = { mjs: kernel ? HOOKED : `${PLAIN}.mjs`, wasm: `${PLAIN}.wasm` };
  const { origin, pathname } = new URL(base);
  env.remoteHost = origin;
  env.remotePathTemplate = "{model}/";
  if (threads) wasm.numThreads = threads;
  const start = performance.now();
  /** @type {any} */
  const settings = { dtype: "q8", device: "wasm" };
  model = await AutoModelForCausalLM.from_pretrained(pathname.slice(1, -1), settings);
  if (kernel) await tellConstants(`${base}onnx/model_quantized.onnx`);
  return (performance.now() - start) / 1000;
}

/** Before anything runs.
 * @param {string} address of the model
 */
async function tellConstants(address) {
  const [{ installed }, { addConstants }, { Source }] = await Promise.all([
    import(HOOKED),
    import(`${here}kernels/constants.mjs`),
    import(`${here}kernels/protobuf.mjs`),
  ]);
  const { kernel, reason } = installed();
  if (!kernel) throw new Error(`the kernel is not in its place: ${reason}`);
  const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
  const read = (/** @type {number} */ from, /** @type {number} */ to) => bytes.subarray(from, to);
  addConstants(kernel.constants(), new Source({ size: bytes.length, read }));
}

/**
 * Seconds to the first token; tokens a second in the prompt, and after it.
 * @param {{text: string, tokens: any}} given
 */
async function answer({ text, tokens }) {
  const ids = BigInt64Array.from(text, (letter) => BigInt(letter.charCodeAt(0)));
  const dims = [1, ids.length];
  /** @type {number[]} */
  const stamps = [];
  const start = performance.now();
  await model.generate({
    inputs: new Tensor("int64", ids, dims),
    attention_mask: new Tensor("int64", ids.map(() => 1n), dims),
    max_new_tokens: tokens,
    min_new_tokens: tokens,
    do_sample: false,
    streamer: { put: () => stamps.push(performance.now()), end() {} },
  });
  return figures(start, stamps.slice(1), ids.length); // the first put is the prompt
}

serve({ load, answer });
