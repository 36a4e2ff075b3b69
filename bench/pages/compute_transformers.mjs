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
/** @type {any} */
let model = null;

/**
 * Seconds until a model is ready; `threads` 0 leaves the number to it.
 * @param {{base: string, threads: number}} given
 */
async function load({ base, threads }) {
  const { origin, pathname } = new URL(base);
  env.remoteHost = origin;
  env.remotePathTemplate = "{model}/";
  if (threads) wasm.numThreads = threads;
  const start = performance.now();
  /** @type {any} */
  const settings = { dtype: "q8", device: "wasm" };
  model = await AutoModelForCausalLM.from_pretrained(pathname.slice(1, -1), settings);
  return (performance.now() - start) / 1000;
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
