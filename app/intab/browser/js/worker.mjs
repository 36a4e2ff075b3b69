/** All that Python calls in the worker; registered as the JavaScript module `intab_js`. */
export { createArchive, openArchive, part } from "./files/archives.mjs";
export { openChannel } from "./channel.mjs";
export { allocate, bytesOf, decodeText, encodeText } from "./files/bodies.mjs";
export { listDisk } from "./files/disk.mjs";
export { ask } from "./files/fetch.mjs";
export { keptTensors, letGoOf } from "./ort/kept.mjs";
export { liveTensors } from "./ort/kv_cache.mjs";
export { limits } from "./limits.mjs";
export { open } from "./ort/network.mjs";
export { externalFiles } from "./ort/onnx_file.mjs";
export { devices, gpuObjection, identity, int8Objection, peakMemory, prepare, threads } from "./ort/ort.mjs";
export { decodePicture, preparePicture, readPicture } from "./pictures.mjs";
export { decodeSound, decodesSound } from "./sounds.mjs";
export { canWait, postData, waitForAnswer } from "./shown.mjs";
export { connect } from "./wire.mjs";
export { lock, makeStore, room } from "./files/stores.mjs";
export { cores, measuredThreads, measureThreads } from "./ort/threads.mjs";

/** The address of the site's root: this module lies two folders below it. */
export const root = new URL("../../", import.meta.url).href;
