/** What can be held here. Memory of WebGPU is not told anywhere, so that a GPU says so by failing. */
const GIB = 2 ** 30;
const MOST_TOLD = 8; // navigator.deviceMemory names no more than this in older browsers

/**
 * The Limits of engine/runtime/limits.py for a device, as JSON.
 * @param {string} device
 */
export function limits(device) {
  /** @type {Record<string, number>} */
  const total = {};
  // onnxruntime-web is 32-bit WebAssembly; a GPU's weights only pass through it.
  if (device === "wasm") total["WebAssembly's memory"] = 4 * GIB;
  const { deviceMemory } = navigator;
  if (deviceMemory && deviceMemory < MOST_TOLD) total["this device's memory"] = deviceMemory * GIB;
  // It asks for weights by 32-bit places in their file.
  const memory = deviceMemory ? deviceMemory * GIB : null;
  return JSON.stringify({ total, file: 4 * GIB - 1, memory });
}
