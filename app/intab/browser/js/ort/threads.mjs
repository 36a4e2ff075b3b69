/**
 * Measures onnxruntime-web with so many threads, one number after the other, each in a spare worker
 * (probe.mjs), while nothing else computes; what was found is kept for later visits. Which numbers,
 * whether with float weights too, and what to make of it, is decided in Python (engine/runtime/threads.py,
 * engine/runtime/float_weights.py).
 */
import { hasSharedMemory } from "../shared_memory.mjs";

const CACHE = "intab-device"; // localStorage is not for workers
const PLACE = new URL("measured-threads", import.meta.url).href; // another runtime: another address
const IDLE = 3000; // ms without a run: a reader of an answer leaves the processor alone
const LASTING = 7 * 24 * 3600 * 1000; // ms
const PATIENCE = 60_000; // ms for one of them: some browsers start a worker and never run it

// What probe.mjs computes (tools/site/probe.py): to choose threads, and to compare int8 with floats.
const [PLAIN, ...COMPARED] = ["probe.onnx", "probe_int8.onnx", "probe_float.onnx"];

/** @type {{threads: number, graph: string}[]} */
let wanted = []; // { threads, graph } to be measured; none: nobody asked, or it is done
let busy = 0;
let resting = 0; // the timer of a pause
/** @type {Worker | null} */
let spare = null;

/** Where measurements hold: a browser's update may change them, and another processor does. */
const device = () => ({ cores: cores(), agent: navigator.userAgent });

/** Threads that can run at once; 1 where a page can have no threads. */
export function cores() {
  return hasSharedMemory ? navigator.hardwareConcurrency || 1 : 1;
}

/** As JSON: the `seconds` of each number of threads, none before they were measured here, and how
 * many times as fast float weights are, by the number of threads too, 0 where they did not run;
 * whether all are `fresh`. A device that was busy elsewhere then gets another chance. */
export async function measuredThreads() {
  const kept = await read();
  const same = JSON.stringify(kept?.device) === JSON.stringify(device());
  const fresh = same && Date.now() - kept.date < LASTING;
  const { seconds, gains } = same ? kept : { seconds: {}, gains: {} };
  return JSON.stringify({ seconds, gains, fresh });
}

async function read() {
  try {
    return await (await caches.match(PLACE, { cacheName: CACHE }))?.json();
  } catch {
    return undefined; // no Cache API in this context, or something else has written there
  }
}

/** Measure these numbers of threads at the next pause, and int8 against floats with `comparing`
 * threads, 0 for not at all.
 * @param {Iterable<number>} counts
 * @param {number} comparing
 */
export function measureThreads(counts, comparing) {
  const forms = comparing ? COMPARED.map((graph) => ({ threads: comparing, graph })) : [];
  wanted = [...Array.from(counts, (threads) => ({ threads, graph: PLAIN })), ...forms];
  if (!busy) rest();
}

/**
 * Around each run: a measurement that has begun is given up for it, and begun again later.
 * @param {() => any} run
 */
export async function whileBusy(run) {
  busy += 1;
  clearTimeout(resting);
  stop();
  try {
    return await run();
  } finally {
    busy -= 1;
    if (!busy) rest();
  }
}

function rest() {
  clearTimeout(resting);
  if (wanted.length) resting = setTimeout(() => measure(wanted, []), IDLE);
}

function stop() {
  spare?.terminate();
  spare = null;
}

/** @param {{threads: number, graph: string}[]} jobs @param {object[]} found */
function measure([job, ...others], found) {
  const worker = new Worker(new URL("probe.mjs", import.meta.url), { type: "module" });
  const goOn = (/** @type {any} */ its) => {
    if (spare !== worker) return; // given up
    stop();
    const all = [...found, { ...job, its }];
    if (others.length) measure(others, all);
    else keep(all);
  };
  spare = worker;
  setTimeout(goOn, PATIENCE, 0);
  worker.onmessage = ({ data }) => goOn(data);
  worker.onerror = () => goOn(0);
  worker.postMessage(job);
}

/** @param {any} found */
async function keep(found) {
  wanted = [];
  try {
    await caches.delete(CACHE);
    const record = JSON.stringify({ device: device(), date: Date.now(), ...summary(found) });
    await (await caches.open(CACHE)).put(PLACE, new Response(record));
  } catch {
    // Nothing can be kept here: the next visit measures again.
  }
}

/** @param {{threads: number, graph: string, its: number}[]} found */
function summary(found) {
  const [plain, [int8], [floats]] = [PLAIN, ...COMPARED].map((name) =>
    found.filter(({ graph }) => graph === name),
  );
  const timed = plain.filter(({ its }) => its).map(({ threads, its }) => [threads, its]);
  const gain = floats?.its && int8.its / floats.its;
  return { seconds: Object.fromEntries(timed), gains: floats ? { [floats.threads]: gain } : {} };
}
