/** Transformers.js makes vectors of texts, a text of sounds, or a text of another, in a worker. */
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
let pipe = null;

/**
 * Load the model; `threads` 0 leaves their number to it.
 * @param {{base: string, threads: number, task?: any, dtype?: string}} given
 */
async function load({ base, threads, task = "feature-extraction", dtype = "q8" }) {
  const { origin, pathname } = new URL(base);
  env.remoteHost = origin;
  env.remotePathTemplate = "{model}/";
  if (threads) wasm.numThreads = threads;
  /** @type {any} */
  const settings = { dtype, device: "wasm" };
  pipe = await pipeline(task, pathname.slice(1, -1), settings);
  return `${dtype}, ${threads || "its own number of"} threads`;
}

/**
 * Seconds that a sound took, and what it says; the sound is float32 at an address.
 * @param {{sound: string}} given
 */
async function listen({ sound }) {
  const samples = new Float32Array(await (await fetch(sound)).arrayBuffer());
  const start = performance.now();
  const { text } = await pipe(samples);
  return [(performance.now() - start) / 1000, text];
}

/**
 * Seconds that a text of so many tokens took, and the text.
 * @param {{text: string, tokens: number}} given
 */
async function rewrite({ text, tokens }) {
  const start = performance.now();
  const [found] = await pipe(text, { max_new_tokens: tokens, min_new_tokens: tokens });
  return [(performance.now() - start) / 1000, found.summary_text];
}

/**
 * Seconds for all, so many at a time.
 * @param {{texts: any, batch: number}} given
 */
async function encode({ texts, batch }) {
  const start = performance.now();
  for (let at = 0; at < texts.length; at += batch) {
    const found = await pipe(texts.slice(at, at + batch), POOLED);
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
    (await pipe(text, POOLED)).tolist();
    found.push(performance.now() - start);
  }
  return found;
}

/**
 * What a text becomes.
 * @param {{text: string}} given
 */
async function vector({ text }) {
  return (await pipe(text, POOLED)).tolist()[0];
}

serve({ load, listen, rewrite, encode, latency, vector });
