/** What this browser must have; one sentence for what is missing. */

// (module (func (result v128) i32.const 0 i8x16.splat)): valid only where wasm has SIMD.
const SIMD = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11,
]);

/** A sentence for the first feature that is missing, "" where all are there. */
export function missingFeature() {
  if (typeof WebAssembly !== "object") {
    return "This browser has no WebAssembly, or it is switched off: allow it or use another browser.";
  }
  if (!WebAssembly.validate(SIMD)) {
    return "This browser's WebAssembly has no SIMD, which the model needs: update the browser (Chrome 91, Firefox 89, Safari 16.4 or newer have it).";
  }
  return "";
}
