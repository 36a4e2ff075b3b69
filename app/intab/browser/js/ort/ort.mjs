/**
 * Starting onnxruntime-web: which devices there are, one runtime for each, one run at a time.
 */
import { ofThisOrigin } from "../../../../../kernels/origins.mjs";
import { takeCompiled } from "../early_answers.mjs";
import { whileBusy } from "./threads.mjs";

const ORT = new URL("../ort/", import.meta.url).href;
// JSPI suspends WebAssembly itself; where it is missing, a larger and slower build does without.
const SUSPENDING = "Suspending" in WebAssembly;
const BUILDS = {
  wasm: ["ort.wasm.min.mjs", "ort-wasm-simd-threaded"],
  webgpu: SUSPENDING
    ? ["ort.jspi.min.mjs", "ort-wasm-simd-threaded.jspi"]
    : ["ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify"],
};
// Stands between onnxruntime-web and its plain build, to keep the instance (see ort_module.mjs).
const MODULE = new URL("ort_module.mjs", import.meta.url).href;
const HANDED_ON = (/** @type {string} */ quoted) => `export { default } from ${quoted};`;
const START_PATIENCE = 30_000; // ms: a thread that cannot start may never say so
// onnx.ModelProto of one Identity node: what starts onnxruntime-web before there is a model.
const NOTHING = "CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBE=";

// Of a device's memory, for the int8 weights of a graph a second time, as the kernel wants them.
const MOST_KEPT = 1 / 8;
const SUPPOSED = 4; // GiB, where a browser does not tell: Firefox, Safari

const runtimes = new Map(); // device -> promise of the onnxruntime module
const lostGpus = new Set();
const LOSS_PATIENCE = 200; // ms: a browser may tell of a loss after what ran there has failed
const DEAF = 100; // ms of runs without a break
const MOST_LOSSES = 1; // once may be a driver's update or a tab in the background
/** @type {import("../../../../../tools/js/types/ort.d.ts").OrtModule | null} */
let plain = null; // the plain build's WebAssembly module, where that is what computes
let spoilt = 0; // instances that did not start, or lost their GPU
let lastRun = Promise.resolve();
let heard = 0; // when messages from the page could last be heard
let inUse = 1; // threads of the plain build

/**
 * onnxruntime-web cannot run two sessions at once, so runs queue.
 * @param {() => any} run
 */
export function exclusively(run) {
  const next = lastRun.then(() => whileBusy(run));
  lastRun = next.catch(() => {});
  return next;
}

/** Let the page's messages in, Stop among them: fast runs follow each other in tasks that go before them. */
async function listen() {
  if (performance.now() - heard < DEAF) return;
  await new Promise((resolve) => setTimeout(resolve));
  heard = performance.now();
}

/** What `run` gives. If it fails since its GPU is gone, that is known before its error is heard of.
 * What is given back does not come here: it is never kept waiting by what the page says.
 * @param {any} runner
 * @param {() => any} run
 */
export async function watched(runner, run) {
  await listen();
  try {
    return await run();
  } catch (error) {
    const late = new Promise((resolve) => setTimeout(resolve, LOSS_PATIENCE));
    await (runner.device && Promise.race([runner.device.lost, late]));
    throw error;
  }
}

/** The devices that can be asked for here, best default first. */
export function devices() {
  return navigator.gpu ? ["wasm", "webgpu"] : ["wasm"];
}

/**
 * Why a graph should not be tried on the GPU, "" if nothing is against it; `halves`: has float16.
 * @param {boolean} halves
 */
export async function gpuObjection(halves) {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return "this browser gives no GPU";
  if (lostGpus.size > MOST_LOSSES) return `the GPU was lost ${lostGpus.size} times`;
  if (adapter.info?.isFallbackAdapter) return "the GPU is emulated here";
  if (halves && !adapter.features.has("shader-f16")) return "this GPU has no float16 (shader-f16)";
  return "";
}

/** How many WebAssembly computes with. */
export function threads() {
  return inUse;
}

/** What computes in WebAssembly: the site's runtime, whose address has a digest of its files, the
 * browser and the threads. */
export function identity() {
  return JSON.stringify([ORT, navigator.userAgent, navigator.hardwareConcurrency, inUse]);
}

/** Fetch and start the onnxruntime build of `device`, with that many threads in WebAssembly; cheap
 * once it has started.
 * @param {"wasm" | "webgpu"} device
 * @param {number} [count]
 */
export function prepare(device, count = 1) {
  if (!runtimes.has(device)) {
    const starting = start(device, count);
    starting.catch(() => forget(device));
    runtimes.set(device, starting);
  }
  return runtimes.get(device);
}

/** @param {"wasm" | "webgpu"} device */
function forget(device) {
  runtimes.delete(device);
  spoilt += 1;
}

/**
 * @param {"wasm" | "webgpu"} device
 * @param {number} count
 */
async function start(device, count) {
  const [module, wasm] = BUILDS[device];
  // A module that is spoilt stays so: the next is another instance, of the same file.
  const address = `${ORT}${module}${spoilt ? `#${spoilt}` : ""}`;
  const binary = `${ORT}${wasm}.wasm`;
  const making = device === "wasm" ? giveCompiled(binary) : bytesOf(binary);
  const [ort, bytes] = await Promise.all([import(address), making]);
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = count;
  ort.env.wasm.initTimeout = count > 1 ? START_PATIENCE : 0;
  const mjs = device === "wasm" ? ofThisOrigin(MODULE, HANDED_ON) : `${ORT}${wasm}.mjs`;
  ort.env.wasm.wasmPaths = { mjs, wasm: binary };
  ort.env.wasm.wasmBinary = bytes;
  const graph = Uint8Array.from(atob(NOTHING), (byte) => byte.charCodeAt(0));
  const session = await ort.InferenceSession.create(graph, { executionProviders: [device] });
  await session.release();
  ort.env.wasm.wasmBinary = undefined; // megabytes that nobody needs any more
  if (device === "wasm") inUse = count;
  return ort;
}

/**
 * Compiles the plain build while the int8 kernel is proved on this processor. Twice, since a failure
 * here would be taken for one of the threads.
 * @param {string} binary
 */
async function giveCompiled(binary) {
  const importing = import(MODULE);
  const compiled = await takeCompiled(binary).catch(() => takeCompiled(binary));
  (await importing).giveCompiled(compiled);
}

/**
 * Likewise the bytes of another build.
 * @param {string} binary
 */
async function bytesOf(binary) {
  const response = await fetch(binary).catch(() => fetch(binary));
  if (!response.ok) throw new Error(`${binary.split("/").at(-1)}: the server answered ${response.status}`);
  return response.arrayBuffer();
}

/**
 * The WebAssembly module that `device` computes in, null where it is not at hand.
 * @param {"wasm" | "webgpu"} device
 */
export async function wasmModule(device) {
  plain = device === "wasm" ? (await import(MODULE)).ortModule() : null;
  return plain;
}

/** Why onnxruntime's own int8 kernel computes on wasm, "" if ours does: a promise. */
export async function int8Objection() {
  return (await import(MODULE)).int8Objection();
}

function memoryOf() {
  return (navigator.deviceMemory ?? SUPPOSED) * 2 ** 30;
}

/** Where the int8 constants of a graph of `size` bytes are given before its session is made, null where
 * the shipped kernel computes, or where there is no room for a second copy of them.
 * @param {"wasm" | "webgpu"} device
 * @param {number} size
 */
export async function int8Constants(device, size) {
  const kernel = device === "wasm" ? (await import(MODULE)).int8Kernel() : null;
  return kernel && size <= MOST_KEPT * memoryOf() ? kernel.constants() : null;
}

/**
 * Bytes of WebAssembly memory, Python's and onnxruntime's, which only ever grow; undefined where
 * there is more than these. Browsers tell workers nothing else: `performance.memory` and
 * `measureUserAgentSpecificMemory` are for pages alone.
 * @param {any} pyodide
 */
export function peakMemory(pyodide) {
  if (!plain || runtimes.size > 1) return undefined;
  plain.getValue(0, "i8"); // renews HEAPU8 where another thread made the heap grow
  return pyodide._module.HEAPU8.buffer.byteLength + plain.HEAPU8.buffer.byteLength;
}

/**
 * Remember that a GPU was lost: the next network gets a new runtime.
 * @param {any} gpu
 */
export function noteLoss(gpu) {
  lostGpus.add(gpu);
  forget("webgpu");
}
