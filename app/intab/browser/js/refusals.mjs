/**
 * What stands behind a fetch that failed, as far as a page may know: "Failed to fetch" is all that the
 * error itself says. Used by fetch.mjs; knows nothing of models.
 */
const PATIENCE = 200; // ms: the event comes some ms after the error
const STEP = 10; // ms

// What the page's Content-Security-Policy refused. After a redirect that is the address asked for, too:
// where it led is shown to nobody.
const refused = new Set();

addEventListener("securitypolicyviolation", ({ blockedURI, effectiveDirective }) => {
  if (effectiveDirective === "connect-src") refused.add(blockedURI);
});

/**
 * Throws the error of a fetch of `address`, made with `options`, or what is known in its place:
 * a SecurityError where the page's policy refuses the address ("address") or where it redirects to
 * ("redirect"), a NetworkError where nothing can be fetched from where it redirects to.
 * @returns {Promise<never>}
 * @param {Error} error
 * @param {string} address
 * @param {any} options
 */
export async function explain(error, address, options) {
  if (options.signal.aborted || !(error instanceof TypeError)) throw error;
  const byPolicy = await isRefused(address);
  const redirects = await leadsOn(address, options);
  if (byPolicy) throw new DOMException(redirects ? "redirect" : "address", "SecurityError");
  throw redirects ? new DOMException("redirect", "NetworkError") : error;
}

/** @param {string} address */
async function isRefused(address) {
  const { href, hash, origin } = new URL(address);
  const told = [href.slice(0, href.length - hash.length), origin];
  for (let waited = 0; waited < PATIENCE; waited += STEP) {
    if (told.some((text) => refused.has(text))) return true;
    await new Promise((resolve) => setTimeout(resolve, STEP));
  }
  return false;
}

/**
 * Whether the address itself can be asked, and redirects.
 * @param {string} address
 * @param {any} options
 */
async function leadsOn(address, options) {
  try {
    const { type } = await fetch(address, { ...options, redirect: "manual" });
    return type === "opaqueredirect";
  } catch {
    return false;
  }
}
