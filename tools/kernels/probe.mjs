/**
 * Makes sessions of one-node models and says which were refused, and why.
 * A WebGPU session may not fall back to the CPU, so a node without a WebGPU kernel is refused.
 */
// A kernel that is there may still refuse a node without shapes or sensible attributes; and what
// describes a session's inputs in JavaScript knows fewer types than the kernels do.
const THERE = /\/core\/providers\/|\/contrib_ops\/|unsupported data type/;
// The last three: types that do not fit together, a type that this build leaves out, no provider.
const MISSING =
  /NOT_IMPLEMENTED|Could not find an implementation|Failed to find kernel|fallback to CPU EP|is not a registered|No Op registered|Type Error:|MLDataType for:|node_provider_type\.empty/;
const FALLBACK = { session: { disable_cpu_ep_fallback: "1" } };

/**
 * For each list of models of one node: "" where the kernel is there, "missing" where it is not,
 * else why no model of the list is valid.
 * @param {string} device
 * @param {any} nodes
 */
export async function probe(device, nodes) {
  const ort = await import(device === "wasm" ? "/ort.wasm.min.mjs" : "/ort.webgpu.min.mjs");
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "fatal";
  const found = [];
  for (const models of nodes) {
    let answer = "";
    for (const model of models) {
      answer = await attempt(ort, device, model);
      if (answer === "" || answer === "missing") break;
    }
    found.push(answer);
  }
  return found;
}

/**
 * @param {any} ort
 * @param {string} device
 * @param {string} model
 */
async function attempt(ort, device, model) {
  const extra = device === "wasm" ? {} : FALLBACK;
  const options = { executionProviders: [device], logSeverityLevel: 4, extra };
  try {
    const session = await ort.InferenceSession.create(bytesOf(model), options);
    await session.release();
    return "";
  } catch (error) {
    const reason = String(error);
    if (THERE.test(reason)) return "";
    return MISSING.test(reason) ? "missing" : reason;
  }
}

/**
 * The first output of each model for its feeds, as numbers; a text says why there is none.
 * @param {string} device
 * @param {any} cases
 */
export async function run(device, cases) {
  const ort = await import(device === "wasm" ? "/ort.wasm.min.mjs" : "/ort.webgpu.min.mjs");
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "fatal";
  const found = [];
  for (const { model, feeds } of cases) {
    found.push(await compute(ort, device, model, feeds).catch((error) => String(error)));
  }
  return found;
}

/** @type {Record<string, any>} */
const ARRAYS = { float32: Float32Array, int64: BigInt64Array, int32: Int32Array };

/**
 * @param {any} ort
 * @param {string} device
 * @param {string} model
 * @param {Record<string, any>} feeds
 */
async function compute(ort, device, model, feeds) {
  const extra = device === "wasm" ? {} : FALLBACK;
  const options = { executionProviders: [device], logSeverityLevel: 4, extra };
  const session = await ort.InferenceSession.create(bytesOf(model), options);
  const tensors = Object.entries(feeds).map(([name, [type, shape, data]]) => {
    return [name, new ort.Tensor(type, new ARRAYS[type](bytesOf(data).buffer), shape)];
  });
  const { o0 } = await session.run(Object.fromEntries(tensors), ["o0"]);
  const numbers = Array.from(o0.data);
  await session.release();
  return numbers;
}

/** @param {string} text */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
