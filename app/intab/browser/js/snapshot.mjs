/**
 * Python that has started already: the interpreter's memory as it is after Pyodide's start, made when
 * the site is (tools/site/snapshot.mjs). Starting from it takes a fifth of the time. It is 5 MB that
 * a first visit does not wait for: the service worker keeps it with all else for the next ones.
 *
 * Pyodide's `_makeSnapshot` and `_loadSnapshot` are not documented; where anything is off, Python
 * starts as it always does.
 */
import { integrityOf } from "../../../page/digests.mjs";

// Python would have begun otherwise with one of these.
const OTHER_STARTS = ["args", "createPyodideModule", "env", "fsInit", "jsglobals", "stdLibURL"];
// As CPython finds the time zone when it starts; Emscripten's `time` has no tzset.
const RENEW = `
import os, random, sys, time
from pyodide.ffi import run_sync
os.environ["LANG"] = f"{language}.UTF-8"
random.seed()
year = time.localtime().tm_year
halves = [time.localtime(time.mktime((year, month, 1, 12, 0, 0, 0, 0, -1))) for month in (1, 7)]
standard, summer = sorted(halves, key=lambda half: half.tm_gmtoff)
time.timezone, time.altzone = -standard.tm_gmtoff, -summer.tm_gmtoff
time.daylight = int(standard.tm_gmtoff != summer.tm_gmtoff)
time.tzname = standard.tm_zone, summer.tm_zone
f"{id(run_sync)} {sys.__dict__.pop('run_sync_with_jspi')}"`;
const SNAPSHOTS = ["_loadSnapshot", "_makeSnapshot"];

/**
 * The snapshot at `address` if the service worker keeps it and it has that integrity, else undefined.
 * @param {string} address
 * @param {string} integrity
 * @returns {Promise<Uint8Array | undefined>}
 */
export async function keptSnapshot(address, integrity) {
  const found = await globalThis.caches?.match(address, { ignoreVary: true }).catch(() => undefined);
  if (!found) return undefined;
  const bytes = await found.arrayBuffer().catch(() => new ArrayBuffer(0));
  if ((await integrityOf(bytes)) === integrity) return new Uint8Array(bytes);
  await forget(address);
  return undefined;
}

/** It is fetched again after the visit.
 * @param {string} address
 */
export async function forget(address) {
  for (const name of await caches.keys()) await (await caches.open(name)).delete(address);
}

/** Whether Python starts as the snapshot did.
 * @param {Record<string, any>} options of loadPyodide
 */
export function startsAlike(options) {
  return ![...OTHER_STARTS, ...SNAPSHOTS].some((name) => name in options);
}

/** Where Python keeps the function that calls others for it: WebAssembly's own, where the browser has
 * its garbage collection, and else one of JavaScript's, in whose calls nothing can be suspended.
 * @param {any} module
 */
function trampoline(module) {
  const offset = module.HEAPU32[module.__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET >> 2];
  return (module.__PyRuntime + offset) >> 2;
}

/** What makes Pyodide's module: it remembers what the snapshot is about to write over.
 * @param {string} address
 */
export function makerOf(address) {
  return async (/** @type {any} */ settings) => {
    const { default: make } = await import(address);
    const module = await make(settings);
    module.kept = module.HEAPU32[trampoline(module)];
    return module;
  };
}

/**
 * What is of this visit and not of the machine that made the snapshot: random numbers, which would be
 * the same in every visit, the names of the time zone, the visitor's language as Emscripten tells it,
 * whether Python can be suspended.
 * Pyodide would keep the snapshot's 31 MB with its options.
 * @param {any} python
 */
export function renew(python) {
  delete python._api.config._loadSnapshot;
  const { _module: module } = python;
  const [standard, summer] = [0, 1].map((i) => module.HEAPU32[(module._tzname >> 2) + i]);
  module.__tzset_js(module._timezone, module._daylight, standard, summer);
  const language = (navigator.language || "C").replace("-", "_");
  const locals = python.toPy({ language });
  const [runSync, withJspi] = python.runPython(RENEW, { locals }).split(" ").map(Number);
  locals.destroy();
  module.HEAPU32[trampoline(module)] = module.kept;
  // Node.js has no JSPI: there `run_sync`, and time.sleep with it, was made one that only refuses.
  const { HEAPU32: words } = module;
  if (module.jspiSupported) words[(words[(runSync + 8) >> 2] + 4) >> 2] = withJspi;
}
