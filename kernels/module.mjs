/**
 * What a page without Python gives to onnxruntime-web as its module (docs/kernels.md):
 *
 *     ort.env.wasm.wasmPaths = { mjs: "/kernels/module.mjs?/ort/ort-wasm-simd-threaded.mjs" };
 *
 * `installed()` is then the kernel in its place, or null with the reason.
 */
import { start } from "./hook.mjs";
import { load } from "./int8.mjs";

const ADDRESS = new URL(decodeURIComponent(new URL(import.meta.url).search.slice(1)), import.meta.url).href;
const loading = load();
const importing = import(ADDRESS);
/** @type {{module: any, kernel: any, reason: string}} */
let result = { module: null, kernel: null, reason: "onnxruntime-web has not started" };

export function installed() {
  const { kernel, reason } = result;
  return { kernel, reason };
}

/** @param {any} config */
export default async function (config) {
  result = await start((await importing).default, ADDRESS, config, loading);
  return result.module;
}
