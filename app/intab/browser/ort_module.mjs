/**
 * What onnxruntime-web imports as its WebAssembly module: the original, whose instance is kept for
 * heap.mjs. Served as it is, under an address of its own, since `env.wasm.wasmPaths.mjs` names it.
 */
import original from "../ort/ort-wasm-simd-threaded.mjs";

let instance = null;

/** The running instance, null before onnxruntime-web has started. */
export function ortModule() {
  return instance;
}

export default async function start(config) {
  instance = await original(config);
  return instance;
}
