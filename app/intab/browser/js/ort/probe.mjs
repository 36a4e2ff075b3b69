/**
 * A spare worker that computes a short answer with the number of threads it is given, and tells the
 * seconds, 0 if it cannot. Its graph (tools/site/probe.py) has int8 products as models have them: a
 * prompt of some rows and then single rows, as an answer has them.
 */
const ORT = new URL("../ort/", import.meta.url).href;
const WIDTH = 576;
const PROMPT = 64;
const TOKENS = 16;
const ROUNDS = 5; // the least of them counts: whatever else the device does only makes it longer

onmessage = async ({ data: threads }) => {
  try {
    postMessage(await measure(threads));
  } catch {
    postMessage(0);
  }
};

/**
 * @param {number} threads
 */
async function measure(threads) {
  const ort = await import(`${ORT}ort.wasm.min.mjs`);
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = ORT;
  const graph = await (await fetch(new URL("probe.onnx", import.meta.url))).arrayBuffer();
  const session = await ort.InferenceSession.create(new Uint8Array(graph));
  const run = (/** @type {number} */ rows) =>
    session.run({ x: new ort.Tensor("float32", new Float32Array(rows * WIDTH), [rows, WIDTH]) });
  const answer = async () => {
    await run(PROMPT);
    for (let token = 0; token < TOKENS; token++) await run(1);
  };
  await answer(); // what runs for the first time
  const found = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    await answer();
    found.push((performance.now() - began) / 1000);
  }
  return Math.min(...found);
}
