/**
 * Starting onnxruntime-web: which devices there are, one runtime for each, one run at a time.
 */
const ORT = new URL("../ort/", import.meta.url).href;
const BUILDS = {
  wasm: ["ort.wasm.min.mjs", "ort-wasm-simd-threaded"],
  webgpu: ["ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify"],
};
// Stands between onnxruntime-web and its plain build, to keep the instance (see ort_module.mjs).
const MODULE = new URL("ort_module.mjs", import.meta.url).href;
const MAX_THREADS = 4; // more never helped a single token's row

const runtimes = new Map(); // device -> promise of the onnxruntime module
const lostGpus = new Set();
const MOST_LOSSES = 1; // once may be a driver's update or a tab in the background
let plain = null; // the plain build's WebAssembly module, where that is what computes
let lastRun = Promise.resolve();

/** onnxruntime-web cannot run two sessions at once, so runs queue. */
export function exclusively(run) {
  const next = lastRun.then(run);
  lastRun = next.catch(() => {});
  return next;
}

/** The devices that can be asked for here, best default first. */
export function devices() {
  return navigator.gpu ? ["wasm", "webgpu"] : ["wasm"];
}

/** Why a graph should not be tried on the GPU, "" if nothing is against it; `halves`: has float16. */
export async function gpuObjection(halves) {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return "this browser gives no GPU";
  if (lostGpus.size > MOST_LOSSES) return `the GPU was lost ${lostGpus.size} times`;
  if (adapter.info?.isFallbackAdapter) return "the GPU is emulated here";
  if (halves && !adapter.features.has("shader-f16")) return "this GPU has no float16 (shader-f16)";
  return "";
}

export function threads() {
  return crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency || 1) : 1;
}

/** Fetch and set up the onnxruntime build of `device`; cheap the second time. */
export function prepare(device) {
  if (!runtimes.has(device)) {
    const starting = start(device);
    starting.catch(() => runtimes.delete(device));
    runtimes.set(device, starting);
  }
  return runtimes.get(device);
}

async function start(device) {
  const [module, wasm] = BUILDS[device];
  // A module holds on to its GPU, so a lost one needs another instance.
  const address = `${ORT}${module}${device === "webgpu" && lostGpus.size ? `?${lostGpus.size}` : ""}`;
  const [ort, response] = await Promise.all([import(address), fetch(`${ORT}${wasm}.wasm`)]);
  if (!response.ok) throw new Error(`${wasm}.wasm: the server answered ${response.status}`);
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = threads();
  ort.env.wasm.wasmPaths = { mjs: device === "wasm" ? MODULE : `${ORT}${wasm}.mjs` };
  ort.env.wasm.wasmBinary = await response.arrayBuffer();
  return ort;
}

/** The WebAssembly module that `device` computes in, null where it is not at hand. */
export async function wasmModule(device) {
  plain = device === "wasm" ? (await import(MODULE)).ortModule() : null;
  return plain;
}

/**
 * Bytes of WebAssembly memory, Python's and onnxruntime's, which only ever grow; undefined where
 * there is more than these. Browsers tell workers nothing else: `performance.memory` and
 * `measureUserAgentSpecificMemory` are for pages alone.
 */
export function peakMemory(pyodide) {
  if (!plain || runtimes.size > 1) return undefined;
  plain.getValue(0, "i8"); // renews HEAPU8 where another thread made the heap grow
  return pyodide._module.HEAPU8.buffer.byteLength + plain.HEAPU8.buffer.byteLength;
}

/** Remember that a GPU was lost: the next network gets a new runtime. */
export function noteLoss(gpu) {
  lostGpus.add(gpu);
  runtimes.delete("webgpu");
}
