/**
 * Starts onnxruntime-web's plain build with the int8 kernel in it.
 *
 * The build's script makes its instance by `config.instantiateWasm`, if that is given, and its threads
 * by `new Worker`: both are ours while it starts.
 */
import { ofThisOrigin } from "./origins.mjs";

const THREAD = new URL("thread.mjs", import.meta.url);
const BINARY = "ort-wasm-simd-threaded.wasm";

/**
 * Start `original`, the default export of ort-wasm-simd-threaded.mjs, which was imported from
 * `address`. Gives its module, and as `kernel` what int8.mjs has installed there, or null with the
 * `reason`. `loading` is int8.mjs's load(). `config.compiled` may have {module, size} of the WebAssembly;
 * else it is compiled here. Rejects if a thread does not load.
 * @param {(config: object) => Promise<any>} original
 * @param {string} address
 * @param {any} config
 * @param {Promise<any>} loading
 */
export async function start(original, address, config, loading) {
  /** @type {{module: any, kernel: any, reason: string}} */
  const result = { module: null, kernel: null, reason: "" };
  const leave = (/** @type {Error} */ error) => void (result.reason = error.message);
  const loaded = await loading.catch(leave);
  const { Worker } = globalThis;
  /** @type {Worker[]} */
  const workers = [];
  try {
    result.module = await new Promise((resolve, reject) => {
      const thread = loaded && `${THREAD.href}?${encodeURIComponent(address)}`;
      const global = /** @type {any} */ (globalThis);
      global.Worker = watched(Worker, workers, thread, reject);
      /** @type {(instance: WebAssembly.Instance, imports: WebAssembly.Imports, size: number) => void} */
      const install = (instance, imports, size) => {
        if (!loaded) return;
        try {
          result.kernel = loaded.install(instance, imports, size, workers);
        } catch (error) {
          leave(/** @type {Error} */ (error));
        }
      };
      const ours = loaded || config.compiled;
      const hooked = ours && { instantiateWasm: instantiation(config, address, install, reject) };
      original({ ...config, ...hooked }).then(resolve, reject);
    });
  } finally {
    globalThis.Worker = Worker;
  }
  return result;
}

/**
 * What `config.instantiateWasm` is to be: `install` sees the instance before anything runs in it.
 * @param {any} config
 * @param {string} address
 * @param {(instance: WebAssembly.Instance, imports: WebAssembly.Imports, size: number) => void} install
 * @param {(error: Error) => void} reject
 */
function instantiation(config, address, install, reject) {
  return (/** @type {WebAssembly.Imports} */ imports, /** @type {any} */ receive) => {
    const instantiate = async () => {
      const { module, size } = config.compiled ?? (await compile(config, address));
      const instance = await WebAssembly.instantiate(/** @type {WebAssembly.Module} */ (module), imports);
      install(instance, imports, size);
      receive(instance, module);
    };
    instantiate().catch(reject);
  };
}

/**
 * @param {any} config
 * @param {string} address
 */
async function compile(config, address) {
  const bytes = await binaryOf(config, address);
  return { module: await WebAssembly.compile(bytes), size: bytes.byteLength };
}

/**
 * @param {{wasmBinary: ArrayBuffer | undefined, locateFile: ((name: string, folder: string) => string) | undefined}} given
 * @param {string} address
 */
async function binaryOf({ wasmBinary, locateFile }, address) {
  if (wasmBinary) return wasmBinary;
  const response = await fetch(locateFile?.(BINARY, "") ?? new URL(BINARY, address));
  if (!response.ok) throw new Error(`${BINARY}: the server answered ${response.status}`);
  return response.arrayBuffer();
}

/** Workers that are kept in a list, at `thread` if that is given; the original waits for ever for one
 * that does not load.
 * @param {any} Worker
 * @param {Worker[]} workers
 * @param {string | undefined} thread
 * @param {(error: Error) => void} reject
 */
function watched(Worker, workers, thread, reject) {
  return class extends Worker {
    /**
     * @param {string} address
     * @param {any} options
     */
    constructor(address, options) {
      super(ofThisOrigin(thread || address), options);
      this.addEventListener("error", () => reject(new Error("a worker failed to load")));
      workers.push(/** @type {any} */ (this));
    }
  };
}
