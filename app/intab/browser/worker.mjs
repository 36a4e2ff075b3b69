/** All that Python calls in the worker; registered as the JavaScript module `intab_js`. */
export { createArchive, openArchive, part } from "./archives.mjs";
export { allocate, decodeText, encodeText } from "./bodies.mjs";
export { listDisk } from "./disk.mjs";
export { ask } from "./fetch.mjs";
export { liveTensors } from "./kv_cache.mjs";
export { limits } from "./limits.mjs";
export { open } from "./network.mjs";
export { externalFiles } from "./onnx_file.mjs";
export { devices, gpuObjection, int8Objection, peakMemory, prepare, threads } from "./ort.mjs";
export { connect } from "./wire.mjs";
export { lock, makeStore, room } from "./stores.mjs";
export { cores, measuredThreads, measureThreads } from "./threads.mjs";

/** The address of the site's root: this module lies two folders below it. */
export const root = new URL("../../", import.meta.url).href;
