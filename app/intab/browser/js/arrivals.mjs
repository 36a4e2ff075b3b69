/**
 * Tells the page which files of its first visit are there: it has one bar for all of them. The page
 * names a channel behind the `#` of the interpreter's address, since it gets the worker itself only
 * when Python has started.
 *
 *   {"address": ADDRESS}                   the file is there
 *   {"address": ADDRESS, "loaded": BYTES}  so much of the model is
 */
const EVERY = 200; // ms

/**
 * From now on; gives what hears of a model's bytes.
 * @param {string} channel
 * @returns {(address: string, loaded: number) => void}
 */
export function tellArrivals(channel) {
  const page = new BroadcastChannel(channel);
  new PerformanceObserver((list) => {
    for (const { name: address, decodedBodySize } of /** @type {any[]} */ (list.getEntries())) {
      if (decodedBodySize > 0) page.postMessage({ address }); // else it failed, and is asked for again
    }
  }).observe({ type: "resource", buffered: true });
  let told = 0;
  return (address, loaded) => {
    if (performance.now() - told < EVERY) return;
    told = performance.now();
    page.postMessage({ address, loaded });
  };
}
