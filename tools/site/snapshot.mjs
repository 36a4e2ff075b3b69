/**
 * Makes Python's snapshot (app/intab/browser/js/snapshot.mjs): `node snapshot.mjs PYODIDE TARGET`,
 * where PYODIDE is the folder of the interpreter. The same bytes each time, since they are part of
 * the runtime's address: chance and time stand still while Python starts.
 */
import crypto from "node:crypto";
import { writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [folder, target] = process.argv.splice(2);
process.argv[1] = "./this.program"; // what Emscripten calls it in browsers: Python keeps it
const TIME = 1_767_225_600_000; // ms: 2026-01-01

/** @param {any} view */
const fill = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength).fill(1) && view;

crypto.randomFillSync = fill;
globalThis.crypto.getRandomValues = fill;
Date.now = () => TIME;
performance.now = () => 0;
// Node.js has none, and Python remembers what was there when it started.
globalThis.XMLHttpRequest = /** @type {any} */ (class XMLHttpRequest {});

const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);

/** What Python takes for `run_sync`: as it starts it finds out whether there is JSPI, and keeps that.
 * @param {any} python
 */
function runSync(python) {
  const { HEAPU32: words } = python._module;
  const found = python.runPython("from pyodide.ffi import run_sync\nfound = id(run_sync)\ndel run_sync\nfound");
  python.runPython("del found");
  return words[(words[(found + 8) >> 2] + 4) >> 2]; // ml_meth of its PyMethodDef
}

const wasm = /** @type {any} */ (WebAssembly);
const same = (/** @type {any} */ given) => given;
Object.assign(wasm, { Suspending: function Suspending(/** @type {any} */ work) { return work; }, promising: same });
const withJspi = runSync(await loadPyodide({ indexURL: folder }));
for (const name of ["Suspending", "promising", "Suspender"]) delete wasm[name];
const python = await loadPyodide({ indexURL: folder, _makeSnapshot: true });
if (runSync(python) === withJspi) throw new Error("Pyodide keeps in another way whether there is JSPI");
python.runPython(`import sys\nsys.run_sync_with_jspi = ${withJspi}\ndel sys`);
python.runPython("import sys\nsys.path.remove('')\ndel sys"); // each start puts it there
const { HEAPU32, __PyRuntime, __PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET } = python._module;
HEAPU32[(__PyRuntime + HEAPU32[__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET >> 2]) >> 2] = 0; // a newer Node.js' own
await writeFile(target, python.makeMemorySnapshot());
