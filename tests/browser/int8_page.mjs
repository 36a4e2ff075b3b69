/**
 * onnxruntime-web in a plain page, with the int8 kernel or without: what graphs give for rows of
 * numbers, and what the kernel keeps of them. `runtime` is the address of the site's runtime folder.
 */
const bytesOf = async (/** @type {string} */ address) => new Uint8Array(await (await fetch(address)).arrayBuffer());

/**
 * @param {any} ort
 * @param {any} session
 * @param {any} inputs
 * @param {number[]} rows
 */
async function resultsOf(ort, session, inputs, rows) {
  const results = [];
  for (const count of rows.flatMap((each) => [each, each])) {
    const feeds = Object.entries(inputs).map(([input, made]) => [input, tensor(ort, made, count)]);
    const { y } = await session.run(Object.fromEntries(feeds));
    results.push(await digest(y.data));
  }
  return results;
}

/** @param {{runtime: any, graphs: any, threads: number, kernel: any, tell?: any}} given */
export async function run({ runtime, graphs, threads, kernel, tell = true }) {
  const ort = await import(`${runtime}ort/ort.wasm.min.mjs`);
  const build = `${runtime}ort/ort-wasm-simd-threaded`;
  const address = `${runtime}kernels/module.mjs?${encodeURIComponent(`${build}.mjs`)}`;
  const mjs = kernel ? address : `${build}.mjs`;
  Object.assign(ort.env, { logLevel: "error" });
  Object.assign(ort.env.wasm, { numThreads: threads, wasmPaths: { mjs, wasm: `${build}.wasm` } });
  /** @type {Record<string, object>} */
  const found = {};
  /** @type {any} */
  let module = null;
  for (const [name, { inputs, rows }] of Object.entries(graphs)) {
    const bytes = await bytesOf(`/graphs/${name}.onnx`);
    if (kernel && !module) {
      await start(ort);
      module = await import(address);
    }
    const { kernel: installed, reason } = module?.installed() ?? SHIPPED;
    const constants = installed && tell ? await told(installed, bytes, runtime) : null;
    const session = await ort.InferenceSession.create(bytes);
    const results = await resultsOf(ort, session, inputs, rows);
    const kept = keptBy(installed);
    constants?.release();
    found[name] = { results, kept, reason, having: threadsOf(installed), left: keptBy(installed) };
    await session.release();
  }
  return found;
}

const SHIPPED = { kernel: null, reason: "" };
const threadsOf = (/** @type {any} */ installed) => installed?.threads ?? 0;
const keptBy = (/** @type {any} */ installed) => installed?.kept ?? 0;

/**
 * Start onnxruntime-web before there is a graph whose constants could be told: one Identity node.
 * @param {any} ort
 */
async function start(ort) {
  const nothing = "CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBE=";
  const graph = Uint8Array.from(atob(nothing), (byte) => byte.charCodeAt(0));
  await (await ort.InferenceSession.create(graph)).release();
}

/**
 * @param {any} installed
 * @param {Uint8Array} bytes
 * @param {any} runtime
 */
async function told(installed, bytes, runtime) {
  const { addConstants } = await import(`${runtime}kernels/constants.mjs`);
  const { Source } = await import(`${runtime}kernels/protobuf.mjs`);
  const constants = installed.constants();
  const body = { size: bytes.length, read: (/** @type {number} */ from, /** @type {number} */ to) => bytes.subarray(from, to) };
  addConstants(constants, new Source(body));
  return constants;
}

/**
 * The same numbers each time for the same shape; `made` is [type, shape], -1 standing for the rows.
 * @param {any} ort
 * @param {any[]} given
 * @param {number} rows
 */
function tensor(ort, [type, shape], rows) {
  const dims = shape.map((/** @type {number} */ size) => (size < 0 ? rows : size));
  /** @type {Record<string, any>} */
  const arrays = { float32: Float32Array, uint8: Uint8Array, int8: Int8Array };
  const data = new arrays[type](dims.reduce((/** @type {any} */ product, /** @type {number} */ size) => product * size, 1));
  let seed = 1;
  for (let at = 0; at < data.length; at++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    data[at] = type === "float32" ? (seed >>> 8) / 2 ** 22 - 2 : seed >>> 24;
  }
  return new ort.Tensor(type, data, dims);
}

/** @param {any} data */
async function digest(data) {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(sha256.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
