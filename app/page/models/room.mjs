/** Whether a model will fit, in words; "" where it will. */

const GB = 1e9;
const MOST = 3.5 * GB; // of WebAssembly's 4 GB, which the runtime itself needs some of

/**
 * @param {number} bytes of the download
 * @param {number | undefined} room that the browser says it still has, in bytes
 */
export function roomText(bytes, room) {
  // Chromium alone says how much memory there is, and never more than 8 GB.
  const memory = /** @type {any} */ (navigator).deviceMemory;
  if (bytes > MOST) return "Too large for a browser tab.";
  if (memory && bytes > (memory * GB) / 2) return "It may be too large for this device's memory.";
  if (room !== undefined && bytes > room) return "This browser has too little room to keep it: it would be downloaded on each visit.";
  return "";
}
