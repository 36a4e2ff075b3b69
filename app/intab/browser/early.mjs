/**
 * Asks for a model's files and for onnxruntime's WebAssembly while the interpreter is still on its way
 * (start.mjs). Whoever asks for one of them later takes the answer over, and judges it as any other;
 * nothing depends on what was early. Served as it is, since two modules share what it holds.
 */
const MODELS = new URL("../../models/", import.meta.url).href;
const RUNTIME = new URL("../ort/ort-wasm-simd-threaded.wasm", import.meta.url).href;
const STORED = "https://intab.invalid/"; // as in stores.mjs
const ONE_PIECE = 8 * 1024 * 1024; // bytes: as in engine/ranges.py
const PARTS = 6; // of a larger file: as many as are fetched at a time
const FOR_GPU = ["q4", "q4f16"]; // as in engine/ladder.py

const LASTING = 60_000; // ms: what nobody took by then is neither fresh nor worth its memory

const answers = new Map(); // address and range -> promise of a response whose body has come

/** What was asked for early, once; rejected where it was not, or failed. */
export function take(address, range = "") {
  const key = `${address} ${range}`;
  const answer = answers.get(key);
  answers.delete(key);
  return answer ?? Promise.reject(new Error("not asked for early"));
}

/** Ask for the model in that folder of models/, or at that address; what is stored is not needed. */
export async function begin(model) {
  setTimeout(() => answers.clear(), LASTING);
  const folder = new URL(`${model.replace(/\/$/, "")}/`, MODELS).href;
  const { files, dtypes } = await manifest(folder);
  if (!navigator.gpu || !FOR_GPU.some((dtype) => dtype in dtypes)) ask(RUNTIME);
  if (await isStored(folder)) return;
  const graphs = Object.values(dtypes).flat();
  const sure = Object.keys(dtypes).length === 1; // else the engine chooses, by what this device can do
  for (const [name, entry] of Object.entries(files)) {
    if (sure || !graphs.includes(name)) askFor(folder + name, entry);
  }
}

async function manifest(folder) {
  ask(`${folder}intab.json`);
  const response = await answers.get(`${folder}intab.json `);
  return response.clone().json();
}

async function isStored(folder) {
  const record = `=${encodeURIComponent(folder)}/=/=record`; // as in engine/keys.py
  return Boolean(await globalThis.caches?.match(STORED + record));
}

function askFor(address, { size, chunk_size: chunk }) {
  if (size <= ONE_PIECE) return ask(address);
  for (let i = 0; chunk && i < PARTS && i * chunk < size; i += 1) {
    ask(address, `bytes=${i * chunk}-${Math.min((i + 1) * chunk, size) - 1}`);
  }
}

/** As fetch.mjs does, with the body in memory: a stream that nobody reads would soon stand still. */
function ask(address, range = "") {
  const how = range ? { headers: { Range: range }, cache: "no-store" } : { cache: "no-cache" };
  const answer = fetch(address, how).then(async (response) => {
    return new Response(await response.arrayBuffer(), response);
  });
  answer.catch(() => {}); // whoever takes it hears of that, and asks again
  answers.set(`${address} ${range}`, answer);
}
