/** What the worker of transformers.html does: the jobs of delivery_jobs.py that a peer can do. */
import { AutoModelForCausalLM, env } from "@huggingface/transformers";

const wasm = /** @type {any} */ (env.backends.onnx.wasm);
const here = new URL("./", import.meta.url).href;
env.allowLocalModels = false;
env.useWasmCache = false; // it would import a module from a blob:, which the page does not allow
wasm.wasmPaths = {
  mjs: `${here}ort-wasm-simd-threaded.asyncify.mjs`,
  wasm: `${here}ort-wasm-simd-threaded.asyncify.wasm`,
};
wasm.numThreads = Math.min(4, navigator.hardwareConcurrency);

/**
 * Seconds until a model is ready: `base` is the address of its folder.
 * @param {{base: string, external: any}} given
 */
async function load({ base, external }) {
  const { origin, pathname } = new URL(base);
  env.remoteHost = origin;
  env.remotePathTemplate = "{model}/";
  const start = performance.now();
  /** @type {any} */ (globalThis).model = await AutoModelForCausalLM.from_pretrained(pathname.slice(1, -1), {
    dtype: "q8",
    device: "wasm",
    use_external_data_format: external,
  });
  return (performance.now() - start) / 1000;
}

const desk = new URL(import.meta.url).searchParams.get("desk") ?? "";
/** @type {unknown} */
let result = "ready";
for (;;) {
  await fetch(desk, { method: "POST", body: JSON.stringify(result) });
  const job = await (await fetch(desk)).json();
  result = await load(job).catch((error) => ({ error: `${error.stack}` }));
}
