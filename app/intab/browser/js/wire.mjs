/**
 * How the worker tells the page that its Python is no more, and what it has fetched. Python cannot
 * say so itself, so these events are JavaScript's own and in no Python module:
 *
 *   {"kind": "alive", "lock": NAME}        who gets that Web Lock knows that this thread ended
 *   {"kind": "crashed", "message": TEXT}   Pyodide suffered a fatal error, or Python exited
 *   {"kind": "fetched", "addresses": [...]}
 */

import { shareAnswers } from "./shown.mjs";
import { shareSounds } from "./sounds.mjs";

/**
 * Answer the page's first message: `interrupt` and `answer` are its shared buffers, where it could
 * make them, `sounds` a port to where sound is decoded.
 * @param {{lock: string, interrupt?: SharedArrayBuffer, answer?: SharedArrayBuffer, sounds?: MessagePort}} given
 * @param {any} pyodide
 */
export function connect({ lock, interrupt, answer, sounds }, pyodide) {
  shareAnswers(interrupt, answer);
  shareSounds(sounds);
  const tell = (/** @type {any} */ event) => postMessage(JSON.stringify(event));
  const fetched = (/** @type {PerformanceObserverEntryList} */ list) =>
    list.getEntries().map(({ name }) => name);
  new PerformanceObserver((list) => tell({ kind: "fetched", addresses: fetched(list) })).observe({
    type: "resource",
    buffered: true,
  });
  if (interrupt) pyodide.setInterruptBuffer(new Int32Array(interrupt));
  // Semi-private: Pyodide's TypeScript declares it on its API object and calls it after the fact.
  pyodide._api.on_fatal = (/** @type {Error} */ { message }) =>
    tell({ kind: "crashed", message });
  // A thread that ends by close() fires no event anywhere, but lets go of its locks. There are no
  // locks where the page came by plain http from another machine.
  navigator.locks?.request(lock, () => {
    tell({ kind: "alive", lock });
    return new Promise(() => {});
  });
}
