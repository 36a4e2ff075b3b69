/** Transformers.js makes vectors of texts, in a worker. */
import { env, pipeline } from "@huggingface/transformers";
import { serve } from "./jobs.mjs";

const wasm = /** @type {any} */ (env.backends.onnx.wasm);
const here = new URL("./", import.meta.url).href;
env.allowLocalModels = false;
env.useWasmCache = false; // its way there is a blob: script, which the Content-Security-Policy forbids
wasm.wasmPaths = {
  mjs: `${here}ort-wasm-simd-threaded.asyncify.mjs`,
  wasm: `${here}ort-wasm-simd-threaded.asyncify.wasm`,
};
const POOLED = { pooling: "mean", normalize: true };
/** @type {any} */
let extract = null;

/**
 * Load the model; `threads` 0 leaves their number to it.
 * @param {{base: string, threads: number}} given
 */
async function load({ base, threads }) {
  const { origin, pathname } = new URL(base);
  env.remoteHost = origin;
  env.remotePathTemplate = "{model}/";
  if (threads) wasm.numThreads = threads;
  /** @type {any} */
  const settings = { dtype: "q8", device: "wasm" };
  extract = await pipeline("feature-extraction", pathname.slice(1, -1), settings);
  return `q8, ${threads || "its own number of"} threads`;
}

/**
 * Seconds for all, so many at a time.
 * @param {{texts: any, batch: number}} given
 */
async function encode({ texts, batch }) {
  const start = performance.now();
  for (let at = 0; at < texts.length; at += batch) {
    const found = await extract(texts.slice(at, at + batch), POOLED);
    found.tolist();
    found.dispose();
  }
  return (performance.now() - start) / 1000;
}

/**
 * Milliseconds of each of several calls.
 * @param {{text: string, times: number}} given
 */
async function latency({ text, times }) {
  const found = [];
  for (let at = 0; at < times; at += 1) {
    const start = performance.now();
    (await extract(text, POOLED)).tolist();
    found.push(performance.now() - start);
  }
  return found;
}

/**
 * What a text becomes.
 * @param {{text: string}} given
 */
async function vector({ text }) {
  return (await extract(text, POOLED)).tolist()[0];
}

serve({ load, encode, latency, vector });
