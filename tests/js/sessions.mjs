/**
 * Runs scripts of calls on sessions over onnxruntime-web in Node.js, for test_sessions_in_node.py:
 * prints for each the logits of its steps, and how many cache tensors are left at its end.
 */
import { readdirSync, readFileSync } from "node:fs";

const { cases, heap } = JSON.parse(process.argv[2]);
const dist = new URL("../../node_modules/onnxruntime-web/dist/", import.meta.url);
const app = new URL("../../app/intab/browser/js/ort/", import.meta.url);
const names = ["session.mjs", "heap.mjs", "arrays.mjs", "kv_cache.mjs"];
const modules = await Promise.all(names.map((name) => import(new URL(name, app).href)));
const [{ Session }, { Heap }, { Arrays }, { liveTensors }] = modules;

// What ort_module.mjs does in the site: it keeps the instance.
/** @type {any} */
const kept = globalThis;
kept.keepInstance = (/** @type {any} */ instance) => (kept.instance = instance);
const original = new URL("ort-wasm-simd-threaded.mjs", dist).href;
const shim = `import original from ${JSON.stringify(original)};
export default async (config) => keepInstance(await original(config));`;
const ort = await import(new URL("ort.wasm.min.mjs", dist).href);
ort.env.logLevel = "error";
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { mjs: `data:text/javascript,${encodeURIComponent(shim)}` };
ort.env.wasm.wasmBinary = readFileSync(new URL("ort-wasm-simd-threaded.wasm", dist)).buffer;

/**
 * The network of the graphs in a folder.
 * @param {string} folder
 * @param {any} plan
 */
async function open(folder, plan) {
  /** @type {Record<string, any>} */
  const networks = {};
  for (const name of readdirSync(folder)) {
    const session = await ort.InferenceSession.create(readFileSync(`${folder}/${name}`));
    const runner = heap ? new Heap(kept.instance, session) : new Arrays(ort, session);
    networks[name] = { runner, plan };
  }
  const { "embed_tokens.onnx": embedder, ...rest } = networks;
  return { ...Object.values(rest)[0], embedder };
}

/** @param {{folder: string, plan: any, script: any}} given */
async function play({ folder, plan, script }) {
  const sessions = [Session.empty(await open(folder, plan), [0])];
  const answers = [];
  for (const [call, number, ...given] of script) {
    const session = sessions[number];
    if (call === "fork") sessions.push(session.fork());
    else if (call === "step") answers.push(await step(session, given[0], given[1]));
    else await session[call](...given);
  }
  for (const session of sessions) await session.close();
  return [...answers, liveTensors()];
}

/**
 * The last row of logits of each sequence.
 * @param {any} session
 * @param {number[][]} ids
 * @param {number} at
 */
async function step(session, ids, at) {
  const flat = await session.step(ids.flat(), 1, at);
  const size = flat.length / ids.length;
  return ids.map((_, i) => [...flat.slice(i * size, (i + 1) * size)]);
}

const found = [];
for (const one of cases) found.push(await play(one));
console.log(JSON.stringify(found));
