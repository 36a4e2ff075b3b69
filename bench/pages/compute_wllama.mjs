/** wllama computes: it starts a worker of its own. */
import { Wllama } from "@wllama/wllama";
import { figures, serve } from "./jobs.mjs";

const wllama = new Wllama(
  { default: new URL("wllama.wasm", import.meta.url).href },
  { suppressNativeLog: true },
);

/**
 * Seconds until a model is ready; `threads` 0 leaves the number to it.
 * @param {{base: string, threads: number}} given
 */
async function load({ base, threads }) {
  const start = performance.now();
  const settings = { n_ctx: 2048, n_gpu_layers: 0, ...(threads ? { n_threads: threads } : {}) };
  await wllama.loadModelFromUrl(`${base}model.gguf`, settings);
  return (performance.now() - start) / 1000;
}

/**
 * Seconds to the first token; tokens a second in the prompt, and after it.
 * @param {{text: string, tokens: any}} given
 */
async function answer({ text, tokens }) {
  /** @type {number[]} */
  const stamps = [];
  const start = performance.now();
  const chunks = await wllama.createCompletion(/** @type {any} */ ({
    prompt: text,
    max_tokens: tokens,
    temperature: 0,
    cache_prompt: false,
    ignore_eos: true,
    stream: true,
  }));
  const reader = /** @type {any} */ (chunks)[Symbol.asyncIterator]();
  while (!(await reader.next()).done) stamps.push(performance.now());
  return figures(start, stamps.slice(0, tokens), text.length);
}

serve({ load, answer });
