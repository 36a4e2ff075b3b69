/**
 * A thread of onnxruntime-web with the kernel: the worker that hook.mjs starts in the place of the
 * original's own, whose address is in ours: `thread.mjs?ADDRESS`.
 *
 * The original instantiates the module when a message asks for it; the kernel comes in a message before
 * that one. Both may arrive while the original is still being imported, or long after: they wait for the
 * first thread's instance.
 */
import { MESSAGE, takeOver } from "./int8.mjs";

/** @type {MessageEvent[]} */
const early = [];
/** @type {any} */
let given = null;
let isImported = false;

/** @param {any} event */
function receive(event) {
  const kernel = event.data?.[MESSAGE];
  if (kernel) {
    given = kernel;
    event.stopImmediatePropagation(); // the original knows no such message
  } else if (!isImported) {
    early.push(event);
  }
}

const { Instance } = WebAssembly;
const hooked = /** @type {any} */ (WebAssembly);
hooked.Instance = function (/** @type {WebAssembly.Module} */ module, /** @type {WebAssembly.Imports} */ imports) {
  const instance = new Instance(module, imports);
  WebAssembly.Instance = Instance;
  self.removeEventListener("message", receive);
  try {
    takeOver(instance, imports, given);
  } catch (error) {
    console.warn(`A thread keeps the shipped int8 kernel: ${/** @type {Error} */ (error).message}`);
  }
  return instance;
};

self.addEventListener("message", receive);
await import(decodeURIComponent(new URL(import.meta.url).search.slice(1)));
isImported = true;
for (const event of early) self.onmessage?.(event);
