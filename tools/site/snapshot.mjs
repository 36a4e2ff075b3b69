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
const python = await loadPyodide({ indexURL: folder, _makeSnapshot: true });
python.runPython("import sys\nsys.path.remove('')\ndel sys"); // each start puts it there
await writeFile(target, python.makeMemorySnapshot());
