/**
 * Measures onnxruntime-web with so many threads, one number after the other, each in a spare worker
 * (probe.mjs), while nothing else computes; what was found is kept for later visits. Which numbers,
 * and what to make of it, is decided in Python (engine/runtime/threads.py).
 */
import { ofThisOrigin } from "../../../../../kernels/origins.mjs";
import { hasSharedMemory } from "../shared_memory.mjs";

const CACHE = "intab-device"; // localStorage is not for workers
const PLACE = new URL("measured-threads", import.meta.url).href; // another runtime: another address
const IDLE = 3000; // ms without a run: a reader of an answer leaves the processor alone
const LASTING = 7 * 24 * 3600 * 1000; // ms
const PATIENCE = 60_000; // ms for one of them: some browsers start a worker and never run it

/** @type {number[]} */
let wanted = []; // numbers of threads to be measured; none: nobody asked, or it is done
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

/** As JSON: the `seconds` of each number of threads, none before they were measured here; whether
 * they are `fresh`. A device that was busy elsewhere then gets another chance. */
export async function measuredThreads() {
  const kept = await read();
  const same = JSON.stringify(kept?.device) === JSON.stringify(device());
  const fresh = same && Date.now() - kept.date < LASTING;
  return JSON.stringify({ seconds: same ? kept.seconds : {}, fresh });
}

async function read() {
  try {
    return await (await caches.match(PLACE, { cacheName: CACHE }))?.json();
  } catch {
    return undefined; // no Cache API in this context, or something else has written there
  }
}

/** Measure these numbers of threads at the next pause.
 * @param {Iterable<number>} counts
 */
export function measureThreads(counts) {
  wanted = [...counts];
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

/** @param {number[]} counts @param {[number, number][]} found */
function measure([threads, ...others], found) {
  const worker = new Worker(ofThisOrigin(new URL("probe.mjs", import.meta.url)), { type: "module" });
  const goOn = (/** @type {number} */ seconds) => {
    if (spare !== worker) return; // given up
    stop();
    if (seconds) found.push([threads, seconds]);
    if (others.length) measure(others, found);
    else keep(Object.fromEntries(found));
  };
  spare = worker;
  setTimeout(goOn, PATIENCE, 0);
  worker.onmessage = ({ data }) => goOn(data);
  worker.onerror = () => goOn(0);
  worker.postMessage(threads);
}

/** @param {Record<string, number>} seconds */
async function keep(seconds) {
  wanted = [];
  try {
    await caches.delete(CACHE);
    const record = JSON.stringify({ device: device(), date: Date.now(), seconds });
    await (await caches.open(CACHE)).put(PLACE, new Response(record));
  } catch {
    // Nothing can be kept here: the next visit measures again.
  }
}
