// Run in the worker: finds every WebAssembly memory that is used from now on. onnxruntime's glue asks
// for `buffer` at each access, since shared memory may have grown in another thread.
{
  /** @type {any} */
  const { get } = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, "buffer");
  const seen = new Set();
  Object.defineProperty(WebAssembly.Memory.prototype, "buffer", {
    configurable: true,
    get() {
      seen.add(this);
      return get.call(this);
    },
  });
  /** The size of all shared memories; Pyodide's own is not shared. */
  /** @type {any} */ (globalThis).sharedBytes = () =>
    [...seen]
      .map((memory) => get.call(memory))
      .filter((buffer) => buffer instanceof SharedArrayBuffer)
      .reduce((sum, buffer) => sum + buffer.byteLength, 0);
}
