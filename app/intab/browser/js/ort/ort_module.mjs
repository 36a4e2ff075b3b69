/**
 * What onnxruntime-web imports as its WebAssembly module: the original, with the int8 kernel in it if
 * that serves here, whose instance is kept for heap.mjs. Served as it is, under an address of its own,
 * since `env.wasm.wasmPaths.mjs` names it.
 */
import { start as startHooked } from "../kernels/hook.mjs";
import { load } from "../kernels/int8.mjs";
import original from "../ort/ort-wasm-simd-threaded.mjs";

const ADDRESS = new URL("../ort/ort-wasm-simd-threaded.mjs", import.meta.url).href;
const loading = load();
const loaded = loading.then(
  () => "",
  (error) => error.message,
);

/** @type {any} */
let instance = null;
/** @type {any} */
let kernel = null;
let reason = ""; // why it is not in its place, once there was an attempt

/** @type {{module: WebAssembly.Module, size: number} | null} */
let compiled = null;

/** What the next instance is made of.
 * @param {{module: WebAssembly.Module, size: number}} given
 */
export function giveCompiled(given) {
  compiled = given;
}

/** The running instance, null before onnxruntime-web has started. */
export function ortModule() {
  return instance;
}

/** Why the shipped int8 kernel computes, "" if ours does, or can. */
export async function int8Objection() {
  return (await loaded) || reason;
}

/** The int8 kernel in its place (kernels/int8.mjs), null if the shipped one computes. */
export function int8Kernel() {
  return kernel;
}

/** @param {any} config */
export default async function start(config) {
  const started = await startHooked(original, ADDRESS, { ...config, compiled }, loading);
  compiled = null; // megabytes that nobody needs any more
  [instance, kernel, reason] = [started.module, started.kernel, started.reason];
  return instance;
}
