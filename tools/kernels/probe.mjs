/**
 * Makes sessions of one-node models and says which were refused for want of a kernel.
 * A WebGPU session may not fall back to the CPU, so a node without a WebGPU kernel is refused.
 */
// A kernel that is there may still refuse a node without shapes or sensible attributes.
const THERE = /\/core\/providers\/|\/contrib_ops\//;
const FALLBACK = { session: { disable_cpu_ep_fallback: "1" } };

/** For each model: "" where its kernel is there, else why not. */
export async function probe(device, models) {
  const ort = await import(device === "wasm" ? "/ort.wasm.min.mjs" : "/ort.webgpu.min.mjs");
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "fatal";
  const found = [];
  for (const model of models) found.push(await attempt(ort, device, model));
  return found;
}

async function attempt(ort, device, model) {
  const bytes = Uint8Array.from(atob(model), (c) => c.charCodeAt(0));
  const extra = device === "wasm" ? {} : FALLBACK;
  const options = { executionProviders: [device], logSeverityLevel: 4, extra };
  try {
    const session = await ort.InferenceSession.create(bytes, options);
    await session.release();
    return "";
  } catch (error) {
    return THERE.test(String(error)) ? "" : String(error);
  }
}
