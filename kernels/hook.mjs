/**
 * Starts onnxruntime-web's plain build with the int8 kernel in it.
 *
 * The build's script makes its instance by `config.instantiateWasm`, if that is given, and its threads
 * by `new Worker`: both are ours while it starts.
 */

const THREAD = new URL("thread.mjs", import.meta.url);
const BINARY = "ort-wasm-simd-threaded.wasm";

/**
 * Start `original`, the default export of ort-wasm-simd-threaded.mjs, which was imported from
 * `address`. Gives its module, and as `kernel` what int8.mjs has installed there, or null with the
 * `reason`. `loading` is int8.mjs's load(). Rejects if a thread does not load.
 */
export async function start(original, address, config, loading) {
  const result = { module: null, kernel: null, reason: "" };
  const leave = (error) => void (result.reason = error.message);
  const loaded = await loading.catch(leave);
  const { Worker } = globalThis;
  const workers = [];
  try {
    result.module = await new Promise((resolve, reject) => {
      const thread = loaded && `${THREAD.href}?${encodeURIComponent(address)}`;
      globalThis.Worker = watched(Worker, workers, thread, reject);
      const install = (instance, imports, size) => {
        try {
          result.kernel = loaded.install(instance, imports, size, workers);
        } catch (error) {
          leave(error);
        }
      };
      const hooked = loaded && { instantiateWasm: instantiation(config, address, install, reject) };
      original({ ...config, ...hooked }).then(resolve, reject);
    });
  } finally {
    globalThis.Worker = Worker;
  }
  return result;
}

/** What `config.instantiateWasm` is to be: `install` sees the instance before anything runs in it. */
function instantiation(config, address, install, reject) {
  return (imports, receive) => {
    const instantiate = async () => {
      const bytes = await binaryOf(config, address);
      const { instance, module } = await WebAssembly.instantiate(bytes, imports);
      install(instance, imports, bytes.byteLength);
      receive(instance, module);
    };
    instantiate().catch(reject);
  };
}

async function binaryOf({ wasmBinary, locateFile }, address) {
  if (wasmBinary) return wasmBinary;
  const response = await fetch(locateFile?.(BINARY, "") ?? new URL(BINARY, address));
  if (!response.ok) throw new Error(`${BINARY}: the server answered ${response.status}`);
  return response.arrayBuffer();
}

/** Workers that are kept in a list, at `thread` if that is given; the original waits for ever for one
 * that does not load. */
function watched(Worker, workers, thread, reject) {
  return class extends Worker {
    constructor(address, options) {
      super(thread || address, options);
      this.addEventListener("error", () => reject(new Error("a worker failed to load")));
      workers.push(this);
    }
  };
}
