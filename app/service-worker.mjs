/**
 * The site without its server, and isolated where the host sends no headers for that.
 *
 * Nothing is fetched ahead until a page that has become ready asks for it: `keep`. Then each file of
 * that page's version is there, with the digest that its list has, and the page itself last; a
 * version with its page is complete. Addresses that carry a digest come from any version's cache; all
 * else comes from the network, and from the newest complete version where that fails. So versions
 * never mix: a page names its files by digests. Models are not ours: intab's own store has them.
 *
 * A disk may fail: where a page does not start, what is kept is compared with its list, what differs
 * is fetched again, and the page begins again.
 */
import { integrityOf, isWhole, judged, promisedList } from "./page/digests.mjs";
import { nameOf, prefixOf } from "./page/versions.mjs";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (globalThis));
const { clients, registration } = worker;
const SCOPE = registration.scope;
const PREFIX = prefixOf(SCOPE);
const DIGEST = new RegExp(`^(${SITE.hashed})$`); // SITE comes from app/intab/cli/headers.py
// A browser needs one of onnxruntime-web's, and each is large; of added packages what programs import,
// and llguidance if an answer was held to a form.
const OPTIONAL = /\/ort\/.*\.wasm$|\/(packages\/.*|llguidance-[^/]*)\.whl$/;
const PATIENCE = 4000; // ms for the network, where there is something kept
const INTEGRITY = "X-Intab-Integrity"; // of the page, which is not in the list that it names
const STARTING = 20_000; // ms until a page's own program runs, unless a part of it is damaged

const started = new Map(); // id of a page that is being opened -> what its first message calls
/** @type {string[]} */
let mended = []; // paths that differed, until a page has said so

worker.addEventListener("install", () => worker.skipWaiting());
// A page that is open when its site is replaced can still restart its Python, from here.
// Not waited for: in Firefox 153 a worker that does so stays "activating", and page loads wait for it.
worker.addEventListener("activate", () => void clients.claim());
worker.addEventListener("message", (event) => event.waitUntil(hear(event.data, event.source)));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !isOurs(request)) return;
  event.respondWith(answer(request));
  if (request.mode === "navigate" && isPage(request)) event.waitUntil(watch(event.resultingClientId));
});

/**
 * "started" is a page's first word, "check" that its Python does not start; else what to keep.
 * @param {any} said
 * @param {any} page
 */
async function hear(said, page) {
  if (said === "started") {
    started.get(page.id)?.();
    if (mended.length) page.postMessage({ mended });
    mended = [];
  } else if (said === "check") await mend(page);
  else await keep(said, page);
}

/**
 * A page whose program is damaged cannot ask for anything.
 * @param {string} id
 */
async function watch(id) {
  const early = new Promise((resolve) => started.set(id, resolve));
  const late = new Promise((resolve) => setTimeout(resolve, STARTING, "late"));
  if ((await Promise.race([early, late])) === "late") await mend(await clients.get(id));
  started.delete(id);
}

/**
 * Fetch again what is not as its list says, and open the page again where there was any.
 * @param {any} page
 */
async function mend(page) {
  const found = await navigator.locks.request(`${PREFIX}mend`, findDamaged);
  if (!found.length) return;
  mended = found.map(({ url }) => url.slice(SCOPE.length));
  await Promise.allSettled(found.map(replace));
  await page?.navigate(page.url).catch(() => {}); // closed meanwhile
}

/** What differs in any version, deleted. */
async function findDamaged() {
  const found = [];
  for (const name of await ourCaches()) {
    const cache = await caches.open(name);
    const files = await listIn(cache, SCOPE + name.slice(PREFIX.length));
    for (const { url } of await cache.keys()) {
      const integrity = files?.[url.slice(SCOPE.length)];
      const response = integrity && (await cache.match(url, { ignoreVary: true }));
      if (!response || (await isWhole(response, integrity))) continue;
      await cache.delete(url, { ignoreVary: true });
      found.push({ cache, url, integrity });
    }
  }
  return found;
}

/**
 * From the network, since the browser's own cache may be as damaged.
 * @param {{cache: Cache, url: string, integrity: string}} given
 */
async function replace({ cache, url, integrity }) {
  await cache.put(url, onlyHere(await fetch(url, { integrity, cache: "reload" })));
}

/**
 * A version's list, kept or fetched; undefined where there is none that can be relied on.
 * @param {Cache} cache
 * @param {string} list
 */
async function listIn(cache, list) {
  const found = await cache.match(list);
  const files = found && (await promisedList(found, list));
  if (files) return files;
  await cache.delete(list);
  const response = await fetch(list, { cache: "reload" }).catch(() => undefined);
  return response && promisedList(response, list);
}

/** @param {{url: string, headers: Headers}} given */
function isOurs({ url, headers }) {
  return url.startsWith(SCOPE) && !url.startsWith(`${SCOPE}models/`) && !headers.has("range");
}

/** @param {Request} request */
async function answer(request) {
  return isolated(await (hasDigest(request.url) ? fixed(request) : newest(request)));
}

/** @param {{url: string}} given */
function isPage({ url }) {
  return url.replace(/(index\.html)?([?#].*)?$/, "") === SCOPE;
}

/** @param {string} url */
function hasDigest(url) {
  return DIGEST.test(`/${url.slice(SCOPE.length)}`);
}

/** @param {Request} request */
async function fixed(request) {
  const found = await caches.match(request, { ignoreVary: true, ignoreSearch: true });
  if (!found) return fetch(request);
  // What stands behind a `?` is for the module itself: a new answer has the request's own address.
  return request.url.includes("?") ? new Response(found.body, found) : found;
}

/** @param {Request} request */
async function newest(request) {
  const network = fetch(request);
  const useful = network.then((response) => (response.status < 500 ? response : undefined));
  const late = new Promise((done) => setTimeout(done, PATIENCE));
  return (await Promise.race([useful.catch(() => {}), late])) ?? (await kept(request)) ?? network;
}

/**
 * What the newest complete version has at an address; both of the page's are one.
 * @param {{url: string}} given
 */
async function kept({ url }) {
  const [address] = url.replace(/index\.html$/, "").split(/[?#]/);
  for (const name of (await ourCaches()).reverse()) {
    const cache = await caches.open(name);
    if (await cache.match(SCOPE)) return cache.match(address, { ignoreVary: true });
  }
  return undefined;
}

/** In the order in which they were made. */
async function ourCaches() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX));
}

/**
 * A host that speaks of isolation is left its say; one that is silent gets our headers.
 * @param {Response} response
 */
function isolated(response) {
  if (response.type !== "basic" && response.type !== "default") return response;
  if (response.headers.has("Cross-Origin-Embedder-Policy")) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(SITE.isolation)) headers.set(name, value);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

/**
 * Keep the version whose list of files is at `list`, with the optional files that were `used`.
 * @param {{list: string, used: string[]}} given
 * @param {any} page
 */
async function keep({ list, used }, page) {
  const name = nameOf(SCOPE, list);
  try {
    await navigator.locks.request(`${name} keep`, () => fill(name, list, used));
    page.postMessage("kept");
  } catch {
    // No network, no room, or the site changed meanwhile: the next visit goes on from here.
    page.postMessage("not kept");
  }
}

/**
 * @param {string} name
 * @param {string} list
 * @param {string[]} used
 */
async function fill(name, list, used) {
  const cache = await caches.open(name);
  const response = await fetch(list);
  const files = judged(await response.clone().json());
  await cache.put(list, response);
  for (const [path, integrity] of Object.entries(files)) {
    const url = SCOPE + path;
    if (!OPTIONAL.test(path) || used.includes(url)) await keepFile(cache, url, integrity);
  }
  if (!(await hasPage(cache))) await keepPage(cache, list);
  await removeUnused(name);
}

/**
 * @param {Cache} cache
 * @param {string} url
 * @param {string} integrity
 */
async function keepFile(cache, url, integrity) {
  if (await cache.match(url, { ignoreVary: true })) return;
  const known = hasDigest(url) && (await caches.match(url, { ignoreVary: true }));
  // The browser itself has what the page has just used; it also compares the digest.
  const isRight = known && (await isWhole(known.clone(), integrity));
  const response = isRight ? known : await fetch(url, { integrity });
  if (!response.ok) throw new Error(`${response.status} ${url}`);
  await cache.put(url, onlyHere(response));
}

/** An answer that is kept here alone: from the browser's memory a page that is opened again would get
 * what was damaged here.
 * @param {{body: any, status: number, statusText: string, headers: Headers}} given
 */
function onlyHere({ body, status, statusText, headers: given }) {
  const headers = new Headers(given);
  headers.set("Cache-Control", "no-store");
  return new Response(body, { status, statusText, headers });
}

/**
 * @param {Cache} cache
 * @param {string} list
 */
async function keepPage(cache, list) {
  const response = await fetch(SCOPE, { cache: "no-cache" });
  const text = await response.text();
  if (!text.includes(list.slice(SCOPE.length))) throw new Error("the site has changed");
  const { status, statusText, headers } = response;
  const page = new Response(text, { status, statusText, headers });
  page.headers.set(INTEGRITY, await integrityOf(new TextEncoder().encode(text)));
  await cache.put(SCOPE, page);
}

/** @param {Cache} cache */
async function hasPage(cache) {
  const page = await cache.match(SCOPE);
  return page && isWhole(page, page.headers.get(INTEGRITY) ?? "");
}

/**
 * Versions that are neither this one nor an open page's.
 * @param {any} current
 */
async function removeUnused(current) {
  const { held } = await navigator.locks.query();
  const inUse = new Set([current, ...(held ?? []).map(({ name }) => name)]);
  const old = (await ourCaches()).filter((name) => !inUse.has(name));
  await Promise.all(old.map((name) => caches.delete(name)));
}
