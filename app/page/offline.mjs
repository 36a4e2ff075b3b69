/**
 * The page's part in working offline: it starts the service worker and tells it what to keep. Where there are no service workers (plain http, some private windows) all goes on without.
 */
import { element } from "./elements.mjs";
import { isolateUnder, startServiceWorker } from "./isolation.mjs";
import { nameOf } from "./versions.mjs";

const SCOPE = new URL("./", document.baseURI).href;
const LIST = new URL(element('meta[name="files"]', HTMLMetaElement).content, SCOPE).href;

// As long as this page is open, its version's files are kept, whatever comes after it.
navigator.locks?.request(nameOf(SCOPE, LIST), { mode: "shared" }, () => new Promise(() => {}));

/**
 * Say that this page's program runs; `onMended(paths)` hears what was damaged and fetched again.
 * @param {any} onMended
 */
export function sayStarted(onMended) {
  const { serviceWorker } = navigator;
  serviceWorker?.addEventListener("message", ({ data }) => data.mended && onMended(data.mended));
  serviceWorker?.startMessages();
  serviceWorker?.controller?.postMessage("started");
}

/** Have what is kept of the site compared with its list: the page is opened again where any of it
 * was damaged, and nothing happens where none was. */
export function checkKept() {
  navigator.serviceWorker?.controller?.postMessage("check");
}

/** Keep this version of the site; `used` are addresses that its worker fetched. `onAnswer(text)`
 * hears whether it is "kept", and works without its server from now on, or "not kept".
 * @param {string[]} used
 * @param {any} onAnswer
 */
async function keepOffline(used, onAnswer) {
  if (!navigator.serviceWorker) return;
  navigator.serviceWorker.onmessage = ({ data }) => typeof data === "string" && onAnswer(data);
  try {
    (await startServiceWorker(SCOPE))?.postMessage({ list: LIST, used });
  } catch {
    // Refused by the browser's settings: then the site needs its server.
  }
}

/** The same when there is nothing else to do, once; the body's data-offline has the answer.
 * @param {string[]} used
 */
export function keepOnce(used) {
  const { dataset } = document.body;
  if (dataset.offline) return;
  dataset.offline = "asked";
  keep(used);
}

/** Packages that are fetched later are kept too.
 * @param {string[]} used
 */
export function keepMore(used) {
  if (document.body.dataset.offline) keep(used);
}

/** @param {string[]} used */
function keep(used) {
  keepOffline(used, (/** @type {string} */ answer) => (document.body.dataset.offline = answer));
}

/** Whether this browser has kept this version of the site, or begun to, at an earlier visit. */
export async function isKept() {
  return Boolean(await globalThis.caches?.has(nameOf(SCOPE, LIST)).catch(() => false));
}

/** Whether the page is about to be reloaded, to be isolated then. */
export const isolate = () => isolateUnder(SCOPE);
