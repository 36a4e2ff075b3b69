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
  const { Worker } = globalThis;
  const failure = new Promise((_, reject) => (globalThis.Worker = watched(Worker, reject)));
  try {
    instance = await Promise.race([original(config), failure]);
    return instance;
  } finally {
    globalThis.Worker = Worker;
  }
}

/** Threads are workers; the original waits for ever for one that does not load. */
function watched(Worker, reject) {
  return class extends Worker {
    constructor(...args) {
      super(...args);
      this.addEventListener("error", () => reject(new Error("a worker failed to load")));
    }
  };
}
