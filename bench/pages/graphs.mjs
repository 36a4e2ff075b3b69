/**
 * Times a graph on onnxruntime-web's public API alone: a prompt, and tokens after a shorter one.
 * The cache crosses the boundary in every run, as it does for whoever uses that API.
 */
const NEW = { int64: (values) => BigInt64Array.from(values, BigInt) };

/** Seconds: `prefill` of one prompt, and of each of `count` tokens after `context` ones. */
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

/** A file's bytes, null where there is none. */
async function read(address) {
  const response = await fetch(address);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
}

async function timed(work) {
  const began = performance.now();
  const result = await work();
  return [(performance.now() - began) / 1000, result];
}

class Graph {
  constructor(ort, session) {
    Object.assign(this, { ort, session });
    this.pasts = session.inputMetadata.filter(({ name }) => name.startsWith("past_key_values."));
  }

  empty() {
    const none = ({ name, shape }) => [name, this.tensor("float32", [], [1, shape[1], 0, shape[3]])];
    return Object.fromEntries(this.pasts.map(none));
  }

  /** Run `count` ids after `past` ones; the cache for the next run. */
  async run(count, cache, past) {
    const total = past + count;
    const ids = Array.from({ length: count }, (_, i) => i % 100);
    const known = {
      input_ids: this.tensor("int64", ids, [1, count]),
      attention_mask: this.tensor("int64", new Array(total).fill(1), [1, total]),
      position_ids: this.tensor("int64", ids.map((_, i) => past + i), [1, count]),
      num_logits_to_keep: this.tensor("int64", [1], []),
    };
    const asked = Object.entries(known).filter(([name]) => this.session.inputNames.includes(name));
    const found = await this.session.run({ ...Object.fromEntries(asked), ...cache });
    delete found.logits;
    const renamed = ([name, value]) => [name.replace("present", "past_key_values"), value];
    return Object.fromEntries(Object.entries(found).map(renamed));
  }

  tensor(dtype, values, dims) {
    const data = dtype === "int64" ? NEW.int64(values) : Float32Array.from(values);
    return new this.ort.Tensor(dtype, data, dims);
  }
}
