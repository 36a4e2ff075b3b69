/**
 * Asks for a model's files and for onnxruntime's WebAssembly while the interpreter is still on its way
 * (start.mjs). Who asks for one of them later takes the answer over, and judges it as any other;
 * nothing depends on what was early. A bundle by itself, since two others share what it holds.
 */
import { AT_A_TIME, CHUNK, GPU_DTYPES, RECORD_KEY, TEXT_ENDINGS } from "./constants.mjs";
import { compiled } from "./compiled.mjs";
import { ADDRESS } from "./files/address.mjs";

const MODELS = new URL("../../models/", import.meta.url).href;
const RUNTIME = new URL("../ort/ort-wasm-simd-threaded.wasm", import.meta.url).href;
const LASTING = 600_000; // ms: what nobody took by then is neither fresh nor worth its memory

/** @type {Map<string, {answer: Promise<Response>, stopping: AbortController}>} */
const asked = new Map(); // address and range -> {answer, stopping}: a promise of a response
/** @type {ReturnType<typeof compiled> | null} */
let runtime = null; // while nobody took it

/**
 * What was asked for early, once, ended by `signal`; rejected where it was not, or failed.
 * @param {string} address
 * @param {string} [range] a Range header
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
export function take(address, range = "", signal = undefined) {
  const key = `${address} ${range}`;
  const found = asked.get(key);
  asked.delete(key);
  if (!found) return Promise.reject(new Error("not asked for early"));
  signal?.addEventListener("abort", () => found.stopping.abort());
  return found.answer;
}

/** The WebAssembly at an address, compiled: what was begun early, else from now on.
 * @param {string} address
 */
export function takeCompiled(address) {
  const begun = address === RUNTIME ? runtime : null;
  runtime = begun ? null : runtime;
  return begun ? begun.catch(() => compiled(address)) : compiled(address);
}

/** Ask for the model in that folder of models/, or at that whole address; what is stored in the Cache
 * API is not needed. `told(address, bytes)` hears how much of a file has come.
 * @param {string} model
 * @param {(address: string, loaded: number) => void} [told]
 */
export async function begin(model, told = undefined) {
  setTimeout(drop, LASTING);
  const folder = new URL(`${model.replace(/\/$/, "")}/`, MODELS).href;
  const { files, dtypes } = await manifest(folder);
  if (!navigator.gpu || !GPU_DTYPES.some((dtype) => dtype in dtypes)) beginRuntime();
  if (await isStored(folder)) return;
  const graphs = Object.values(dtypes).flat();
  const sure = Object.keys(dtypes).length === 1; // else the engine chooses, by what this device can do
  for (const [name, entry] of Object.entries(files)) {
    if (sure || !graphs.includes(name)) askFor(folder + name, entry, told);
  }
}

function beginRuntime() {
  runtime = compiled(RUNTIME);
  runtime.catch(() => {}); // the one who takes it begins again
}

function drop() {
  runtime = null;
  for (const { stopping } of asked.values()) stopping.abort();
  asked.clear();
}

/** @param {string} folder */
async function manifest(folder) {
  const response = await ask(`${folder}intab.json`);
  return response.clone().json();
}

/** @param {string} folder */
async function isStored(folder) {
  return Boolean(await globalThis.caches?.match(ADDRESS + recordKey(folder)));
}

/**
 * Under which key the engine keeps its note about a model: Python's `quote` knows fewer characters.
 * @param {string} folder
 */
export function recordKey(folder) {
  const code = (/** @type {string} */ one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`;
  return RECORD_KEY.replace("FOLDER", () => encodeURIComponent(folder).replace(/[!'()*]/g, code));
}

/**
 * @param {string} address
 * @param {{size: number, chunk_size: any}} given
 * @param {((address: string, loaded: number) => void) | undefined} told
 */
function askFor(address, { size, chunk_size: chunk }, told) {
  const isText = TEXT_ENDINGS.some((ending) => address.endsWith(ending));
  if (size <= CHUNK || isText) return ask(address, "", isText ? undefined : told);
  for (let i = 0; chunk && i < AT_A_TIME && i * chunk < size; i += 1) {
    ask(address, `bytes=${i * chunk}-${Math.min((i + 1) * chunk, size) - 1}`);
  }
}

/** How to ask for a file, or for a part of it where `range` is a Range header. Parts stay out of the
 * HTTP cache, since they go into a store of ours. No server learns which page asks.
 * @param {string} [range]
 * @returns {RequestInit} */
export function asking(range) {
  const headers = range ? { Range: range } : undefined;
  return { headers: headers ?? {}, cache: range ? "no-store" : "no-cache", referrerPolicy: "no-referrer" };
}

/** As fetch.mjs does; the body comes though nobody reads it yet. A server without ranges would send
 * the whole file for each part.
 * @param {string} address
 * @param {string} [range]
 * @param {(address: string, loaded: number) => void} [told]
 */
function ask(address, range = "", told = undefined) {
  const stopping = new AbortController();
  const answer = fetch(address, { ...asking(range), signal: stopping.signal }).then((response) => {
    if (range && response.status !== 206) {
      stopping.abort();
      throw new Error("no ranges");
    }
    const unread = new TransformStream(counting(address, told), undefined, { highWaterMark: Infinity });
    return new Response(response.body?.pipeThrough(unread), response);
  });
  answer.catch(() => {}); // the one who takes it hears of that, and asks again
  asked.set(`${address} ${range}`, { answer, stopping });
  return answer;
}

/**
 * @param {string} address
 * @param {((address: string, loaded: number) => void) | undefined} told
 * @returns {Transformer<Uint8Array, Uint8Array>}
 */
function counting(address, told) {
  if (!told) return {};
  let loaded = 0;
  return {
    transform(chunk, controller) {
      loaded += chunk.byteLength;
      told(address, loaded);
      controller.enqueue(chunk);
    },
  };
}
