/**
 * Times a graph on onnxruntime-web's public API alone: a prompt, and tokens after a shorter one.
 * The cache crosses the boundary in every run, as it does for whoever uses that API.
 */
const BLOCK = 128; // rows by which the room of a cache that is written in place grows

/**
 * Seconds: `prefill` of one prompt, and of each of `count` tokens after `context` ones.
 * @param {any} runtime
 * @param {string} model
 * @param {any} prompt
 * @param {any} context
 * @param {number} count
 */
export async function measure(runtime, model, prompt, context, count) {
  const ort = await import(`${runtime}ort.wasm.min.mjs`);
  ort.env.wasm.numThreads = Math.min(4, navigator.hardwareConcurrency);
  ort.env.wasm.wasmPaths = runtime;
  const bytes = await read(model);
  const data = await read(`${model}_data`);
  const path = `${model}_data`.split("/").at(-1);
  const externalData = data ? [{ path, data }] : [];
  const options = { executionProviders: ["wasm"], externalData };
  const session = await ort.InferenceSession.create(bytes, options);
  const graph = new Graph(ort, session);
  await graph.run(16, graph.empty(), 0); // the first run pays for the memory
  const [prefill] = await timed(() => graph.run(prompt, graph.empty(), 0));
  let [, cache] = await timed(() => graph.run(context, graph.empty(), 0));
  const decode = [];
  for (let past = context; past < context + count; past++) {
    const [seconds, next] = await timed(() => graph.run(1, cache, past));
    decode.push(seconds);
    cache = next;
  }
  await session.release();
  return { prefill, decode };
}

/**
 * A file's bytes, null where there is none.
 * @param {string} address
 */
async function read(address) {
  const response = await fetch(address);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
}

/** @param {(given?: any) => any} work */
async function timed(work) {
  const began = performance.now();
  const result = await work();
  return [(performance.now() - began) / 1000, result];
}

export class Graph {
  /**
   * @param {any} ort
   * @param {any} session
   */
  constructor(ort, session) {
    this.ort = ort;
    this.session = session;
    this.pasts = session.inputMetadata.filter((/** @type {any} */ { name }) => name.startsWith("past_key_values."));
    this.inPlace = session.inputNames.includes("cache_position");
  }

  empty() {
    const none = (/** @type {any} */ { name, shape }) => [name, this.tensor("float32", [], [1, shape[1], 0, shape[3]])];
    return Object.fromEntries(this.pasts.map(none));
  }

  /**
   * Run `count` ids after `past` ones; the cache for the next run.
   * @param {number} count
   * @param {any} cache
   * @param {number} past
   */
  async run(count, cache, past) {
    const room = Object.values(cache)[0].dims[2];
    const mask = Array.from({ length: room + count }, (_, at) => (at < past || at >= room ? 1 : 0));
    const ids = Array.from({ length: count }, (_, i) => i % 100);
    const places = ids.map((_, i) => past + i);
    const known = {
      input_ids: this.tensor("int64", ids, [1, count]),
      attention_mask: this.tensor("int64", mask, [1, mask.length]),
      position_ids: this.tensor("int64", places, [1, count]),
      cache_position: this.tensor("int64", places, [count]),
      num_logits_to_keep: this.tensor("int64", [1], []),
    };
    const asked = Object.entries(known).filter(([name]) => this.session.inputNames.includes(name));
    const found = await this.session.run({ ...Object.fromEntries(asked), ...cache });
    delete found.logits;
    const kept = (/** @type {[string, any]} */ [name, value]) => {
      const its = name.replace("present", "past_key_values");
      return [its, this.inPlace ? this.written(value, cache[its], past) : value];
    };
    return Object.fromEntries(Object.entries(found).map(kept));
  }

  /**
   * The old rows with the new ones behind the first `past`, in a tensor that has room for both.
   * @param {any} rows
   * @param {any} old
   * @param {number} past
   */
  written(rows, old, past) {
    const [, heads, count, dim] = rows.dims;
    const room = Math.ceil((past + count) / BLOCK) * BLOCK;
    const whole = room > old.dims[2] ? this.tensor("float32", [], [1, heads, room, dim]) : old;
    for (let head = 0; head < heads; head++) {
      if (whole !== old) copyRows(old, whole, head, 0, past);
      copyRows(rows, whole, head, past, count);
    }
    return whole;
  }

  /**
   * @param {string} dtype
   * @param {any} values
   * @param {readonly number[]} dims
   */
  tensor(dtype, values, dims) {
    const size = dims.reduce((product, n) => product * n, 1);
    const data = dtype === "int64" ? BigInt64Array.from(values, BigInt) : new Float32Array(size);
    return new this.ort.Tensor(dtype, data, dims);
  }
}

/**
 * Copies the first rows of a head to row `at` of that head in another tensor.
 * @param {any} source
 * @param {any} target
 * @param {any} head
 * @param {number} at
 * @param {number} count
 */
function copyRows(source, target, head, at, count) {
  const dim = source.dims[3];
  const from = head * source.dims[2] * dim;
  const to = (head * target.dims[2] + at) * dim;
  target.data.set(source.data.subarray(from, from + count * dim), to);
}
