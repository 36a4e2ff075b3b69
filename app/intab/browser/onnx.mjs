/**
 * onnxruntime-web behind two classes: a `Network` is a loaded graph, a `Session` one sequence in it.
 * The KV cache stays in tensors on this side; one call a token comes in, one row of logits goes out.
 * What to feed is decided in Python (engine/graph.py) and arrives as a plan.
 */
const ORT = new URL("../ort/", import.meta.url).href;
const BUILDS = {
  wasm: ["ort.wasm.min.mjs", "ort-wasm-simd-threaded"],
  webgpu: ["ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify"],
};
const ARRAYS = { int64: BigInt64Array, int32: Int32Array, bool: Uint8Array, float32: Float32Array };
const MAX_THREADS = 4; // more never helped a single token's row

const runtimes = new Map(); // device -> promise of the onnxruntime module
let lastRun = Promise.resolve();

/** onnxruntime-web cannot run two sessions at once, so runs queue. */
function exclusively(run) {
  const next = lastRun.then(run);
  lastRun = next.catch(() => {});
  return next;
}

/** The devices that can be asked for here, best default first. */
export function devices() {
  return navigator.gpu ? ["wasm", "webgpu"] : ["wasm"];
}

export function threads() {
  return crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency || 1) : 1;
}

/** Fetch and set up the onnxruntime build of `device`; cheap the second time. */
export function prepare(device) {
  if (!runtimes.has(device)) {
    const starting = start(device);
    starting.catch(() => runtimes.delete(device));
    runtimes.set(device, starting);
  }
  return runtimes.get(device);
}

async function start(device) {
  const [module, wasm] = BUILDS[device];
  const [ort, response] = await Promise.all([import(ORT + module), fetch(`${ORT}${wasm}.wasm`)]);
  if (!response.ok) throw new Error(`${wasm}.wasm: the server answered ${response.status}`);
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = threads();
  ort.env.wasm.wasmPaths = { mjs: `${ORT}${wasm}.mjs` };
  ort.env.wasm.wasmBinary = await response.arrayBuffer();
  return ort;
}

/** Make a network of a graph's bytes; `externalData` is [[path, bytes], ...]. */
export async function open(bytes, externalData, device, sessionOptions) {
  const ort = await prepare(device);
  const session = await exclusively(() =>
    ort.InferenceSession.create(bytes, {
      executionProviders: [device],
      externalData: externalData.map(([path, data]) => ({ path, data })),
      logSeverityLevel: 3, // errors: warnings about graphs are of no use to a page's visitor
      extra: nest(JSON.parse(sessionOptions)),
    }),
  );
  return new Network(ort, session, device);
}

/** onnxruntime-web takes configuration entries such as "session.x" as nested objects. */
function nest(entries) {
  const root = {};
  for (const [key, value] of Object.entries(entries)) {
    const path = key.split(".");
    const last = path.pop();
    path.reduce((node, name) => (node[name] ??= {}), root)[last] = value;
  }
  return root;
}

class Network {
  constructor(ort, session, device) {
    Object.assign(this, { ort, session, device, plan: null });
  }

  /** Inputs and outputs as JSON: [[name, dtype, shape], ...], unknown sizes null. */
  describe() {
    const list = (metadata) =>
      metadata.map(({ name, type, shape }) => [
        name,
        type,
        (shape ?? []).map((size) => (typeof size === "number" && size > 0 ? size : null)),
      ]);
    const { inputMetadata, outputMetadata } = this.session;
    return JSON.stringify([list(inputMetadata), list(outputMetadata)]);
  }

  usePlan(json) {
    this.plan = JSON.parse(json);
  }

  begin() {
    return new Session(this);
  }

  async release() {
    await exclusively(() => this.session.release());
  }
}

class Session {
  constructor(network) {
    Object.assign(this, { network, ids: [], cache: {} });
    const { Tensor } = network.ort;
    for (const { past, dtype, heads, dim } of network.plan.caches) {
      const empty = dtype === "float16" ? new Uint16Array(0) : new Float32Array(0);
      this.cache[past] = new Tensor(dtype, halves(empty, dtype), [1, heads, 0, dim]);
    }
  }

  /** Append `ids`; the logits after the last of them, as a copy of that row alone. */
  step(ids) {
    return exclusively(() => this.run(ids));
  }

  async run(ids) {
    const { plan, session } = this.network;
    this.ids.push(...ids);
    const count = plan.caches.length ? ids.length : this.ids.length;
    const wanted = ["logits", ...plan.caches.map(({ present }) => present)];
    const results = await session.run({ ...this.feeds(count), ...this.cache }, wanted);
    this.keep(results);
    const { logits } = results;
    const data = await logits.getData();
    const vocabulary = logits.dims.at(-1);
    const row = data.slice(data.length - vocabulary);
    logits.dispose();
    return row instanceof Float32Array ? row : new Uint16Array(row.buffer);
  }

  /** Tensors for the last `count` ids. */
  feeds(count) {
    const { plan } = this.network;
    const total = this.ids.length;
    const feeds = {};
    const put = (info, dims, values) => {
      if (info) feeds[info.name] = this.tensor(info, dims, values);
    };
    put(plan.input_ids, [1, count], this.ids.slice(-count));
    put(plan.attention_mask, [1, total], new Array(total).fill(1));
    put(plan.position_ids, [1, count], Array.from({ length: count }, (_, i) => total - count + i));
    put(plan.use_cache_branch, [1], [total > count ? 1 : 0]);
    put(plan.logits_to_keep, plan.logits_to_keep?.shape.length ? [1] : [], [1]);
    return feeds;
  }

  tensor({ dtype }, dims, values) {
    const data = ARRAYS[dtype].from(dtype === "int64" ? values.map(BigInt) : values);
    return new this.network.ort.Tensor(dtype, data, dims);
  }

  /** The present tensors become the past ones, which are given back. */
  keep(results) {
    for (const { past, present } of this.network.plan.caches) {
      this.cache[past].dispose();
      this.cache[past] = results[present];
    }
  }

  /** Queued, since a step that nobody waits for any more may still be running. */
  close() {
    return exclusively(() => {
      Object.values(this.cache).forEach((tensor) => tensor.dispose());
      this.cache = {};
    });
  }
}

/** onnxruntime-web wants Float16Array where the browser has it, Uint16Array elsewhere. */
function halves(empty, dtype) {
  return dtype === "float16" && globalThis.Float16Array ? new Float16Array(0) : empty;
}
