/**
 * Isolates a page whose host sends no headers for that: the site's service worker adds them, and the page
 * is loaded once more. Where there are no service workers all goes on without.
 */
const PATIENCE = 3000; // ms until the page goes on without being isolated
let touched = false;
for (const type of ["keydown", "pointerdown"]) {
  addEventListener(type, () => (touched = true), { capture: true, once: true });
}

/** The service worker of the site at `scope`, running.
 * @param {string} scope
 */
export async function startServiceWorker(scope) {
  const program = new URL("service-worker.mjs", scope).href;
  await navigator.serviceWorker.register(program, { updateViaCache: "none" });
  return (await navigator.serviceWorker.ready).active;
}

/** Whether the page is about to be reloaded, to be isolated then, by the site at `scope`. Once in a tab;
 * never where the visitor has begun to do something, nor where the host says itself whether it wants that.
 * @param {string} scope
 */
export async function isolateUnder(scope) {
  if (crossOriginIsolated || !navigator.serviceWorker || !isFirstTime(scope)) return false;
  try {
    const { headers } = await fetch(scope, { method: "HEAD" });
    if (headers.has("Cross-Origin-Embedder-Policy")) return false;
    const late = new Promise((_, fail) => setTimeout(fail, PATIENCE));
    await Promise.race([startServiceWorker(scope), late]);
  } catch {
    return false;
  }
  if (touched) return false;
  location.reload();
  return true;
}

/** @param {string} scope */
function isFirstTime(scope) {
  const tried = `intab isolated ${scope}`;
  try {
    const first = sessionStorage.getItem(tried) === null;
    sessionStorage.setItem(tried, "");
    return first;
  } catch {
    return false;
  }
}
