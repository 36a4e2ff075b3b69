/**
 * A thread of onnxruntime-web with the kernel: the worker that hook.mjs starts in the place of the
 * original's own, whose address is in ours: `thread.mjs?ADDRESS`.
 *
 * The original instantiates the module when it is asked to. Before that the kernel has come, since
 * messages keep their order; those that arrive while the original is being imported are kept for it.
 */
import { MESSAGE, takeOver } from "./int8.mjs";

/** @type {MessageEvent[]} */
const early = [];
/** @type {any} */
let given = null;

/** @param {any} event */
function keep(event) {
  if (event.data?.[MESSAGE]) given = event.data[MESSAGE];
  else early.push(event);
}

const { Instance } = WebAssembly;
const hooked = /** @type {any} */ (WebAssembly);
hooked.Instance = function (/** @type {WebAssembly.Module} */ module, /** @type {WebAssembly.Imports} */ imports) {
  const instance = new Instance(module, imports);
  WebAssembly.Instance = Instance;
  try {
    if (given) takeOver(instance, imports, given);
  } catch (error) {
    console.warn(`A thread keeps the shipped int8 kernel: ${/** @type {Error} */ (error).message}`);
  }
  return instance;
};

self.addEventListener("message", keep);
await import(decodeURIComponent(new URL(import.meta.url).search.slice(1)));
self.removeEventListener("message", keep);
for (const event of early) self.onmessage?.(event);
