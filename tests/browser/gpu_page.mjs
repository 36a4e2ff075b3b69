/**
 * The browser's networks on WebGPU in a plain page, without Python: what is found in rows of logits,
 * and what each step of a session asks of the GPU. Served beside the modules themselves (gpu.py).
 */
const ORT = "/app/intab/browser/js/ort/";

/** What was asked of the GPU since the last look. @type {Record<string, number>} */
const asked = {};

/**
 * Have a method of a class told of before each call.
 * @param {any} owner
 * @param {string} name
 * @param {(...given: any[]) => void} tell
 */
function watch(owner, name, tell) {
  const original = owner.prototype[name];
  owner.prototype[name] = function (/** @type {any[]} */ ...given) {
    tell(...given);
    return original.apply(this, given);
  };
}

/**
 * What graphs give on WebGPU by onnxruntime-web alone, or why not; and why ours does not open them, "" if it does.
 * @param {Record<string, {bytes: string, x: number[], dims: number[]}>} graphs
 */
export async function traps(graphs) {
  const ort = await import(`${ORT}ort.webgpu.min.mjs`);
  const { trapOf } = await import(`${ORT}gpu_traps.mjs`);
  Object.assign(ort.env, { logLevel: "error" });
  ort.env.wasm.numThreads = 1;
  /** @type {Record<string, {found: any, refused: string}>} */
  const all = {};
  for (const [name, { bytes, x, dims }] of Object.entries(graphs)) {
    const graph = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
    const read = (/** @type {number} */ from, /** @type {number} */ to) => graph.subarray(from, to);
    const refused = trapOf({ size: graph.length, read });
    all[name] = { found: await resultOf(ort, graph, new ort.Tensor("float32", Float32Array.from(x), dims)), refused };
  }
  return all;
}

/** @param {any} ort @param {Uint8Array} graph @param {any} x */
async function resultOf(ort, graph, x) {
  const session = await ort.InferenceSession.create(graph, { executionProviders: ["webgpu"] });
  try {
    return [...(await session.run({ x })).y.data];
  } catch (error) {
    return String(error);
  } finally {
    await session.release();
  }
}

function countFromNow() {
  const add = (/** @type {string} */ name, count = 1) => (asked[name] = (asked[name] ?? 0) + count);
  watch(GPUDevice, "createBuffer", () => add("buffers"));
  watch(GPUQueue, "submit", (buffers) => (add("submits"), add("commands", buffers.length)));
  watch(GPUComputePassEncoder, "dispatchWorkgroups", () => add("dispatches"));
  watch(GPUBuffer, "mapAsync", (_mode, _from, size) => add("read", size));
}

function look() {
  const seen = { buffers: 0, submits: 0, commands: 0, dispatches: 0, read: 0, ...asked };
  Object.keys(asked).forEach((name) => delete asked[name]);
  return seen;
}

/**
 * What comes of the last `rows` rows of logits whose bits are given, with `top` and without, of each case.
 * @param {{type: string, dims: number[], bits: number[], rows: number, top: number}[]} cases
 */
export async function largest(cases) {
  const { Gpu } = await import(`${ORT}gpu.mjs`);
  const adapter = await navigator.gpu.requestAdapter();
  const device = await /** @type {GPUAdapter} */ (adapter).requestDevice();
  const gpu = new Gpu(/** @type {any} */ ({}), /** @type {any} */ ({}), device);
  const found = [];
  for (const { type, dims, bits, rows, top } of cases) {
    const logits = { type, dims, gpuBuffer: uploaded(device, type, bits), dispose: () => {} };
    const some = await gpu.rows(logits, rows, top);
    const all = await gpu.rows(logits, rows, 0);
    found.push({ kind: some.constructor.name, found: bitsOf(some), all: bitsOf(all) });
  }
  gpu.release();
  device.destroy();
  return found;
}

/** @param {GPUDevice} device @param {string} type @param {number[]} bits */
function uploaded(device, type, bits) {
  const values = type === "float32" ? Uint32Array.from(bits) : Uint16Array.from(bits);
  const size = Math.ceil(values.byteLength / 16) * 16;
  const padded = new Uint8Array(size);
  padded.set(new Uint8Array(values.buffer));
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const buffer = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
  device.queue.writeBuffer(buffer, 0, padded);
  return buffer;
}

/** @param {any} values */
function bitsOf(values) {
  return [...(values instanceof Float32Array ? new Uint32Array(values.buffer) : values)];
}

/** A file in memory, as withoutWeights reads it. */
class Body {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.size = bytes.length;
  }

  read(/** @type {number} */ start, /** @type {number} */ end) {
    return this.bytes.subarray(start, end);
  }

  copyHeld() {
    return null;
  }

  letGo() {}

  done() {}
}

/**
 * A script of calls on the sessions of a graph: for each step the last row's bits, and what it asked.
 * A step whose ids are null goes on with the best of the step before.
 * @param {{graph: string, plan: any, top: number, script: any[], growing?: boolean, limit?: number}} given
 * `growing`: as if the graph could not write into its caches; `limit`: bytes of the largest buffer.
 */
export async function steps({ graph, plan, top, script, growing = false, limit = 0 }) {
  const [{ open }, { prepare }, { liveTensors }] = await Promise.all(
    ["network", "ort", "kv_cache"].map((name) => import(`${ORT}${name}.mjs`)),
  );
  await prepare("webgpu");
  const bytes = new Uint8Array(await (await fetch(graph)).arrayBuffer());
  const network = await open("model.onnx", new Body(bytes), [], "webgpu", "{}", true);
  if (growing) network.uses = null;
  network.usePlan(JSON.stringify(plan), undefined);
  if (limit) network.runner.device = withLimit(network.runner.device, limit);
  const sessions = [network.begin([0])];
  countFromNow();
  /** @type {any[]} */
  const found = [];
  for (const [call, number, ...given] of script) {
    const session = sessions[number];
    if (call === "fork") sessions.push(session.fork());
    else if (call !== "step") await session[call](...given);
    else {
      look();
      const [ids, at] = [given[0] ?? [[best(found.at(-1)?.row)]], given[1]];
      try {
        const row = await session.step(ids.flat(), 1, at, top);
        found.push({ row: bitsOf(row), ...look() });
      } catch (error) {
        found.push({ error: /** @type {Error} */ (error).message, row: [] });
      }
    }
  }
  for (const session of sessions) await session.close();
  await network.release();
  return { found, live: liveTensors() };
}

/**
 * A device whose buffers are said to be no larger.
 * @param {GPUDevice} device
 * @param {number} limit
 */
function withLimit(device, limit) {
  const limits = { maxBufferSize: limit, maxStorageBufferBindingSize: limit };
  return new Proxy(device, {
    get: (target, name) => {
      const value = name === "limits" ? limits : Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/**
 * The place of the largest of a row: of all its numbers, or of a finding of one.
 * @param {number[] | undefined} row
 */
function best(row = []) {
  const values = new Float32Array(Uint32Array.from(row).buffer);
  return row.length < 100 ? row[5] : values.indexOf(Math.max(...values));
}
