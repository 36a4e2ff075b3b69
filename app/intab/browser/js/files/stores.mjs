/**
 * Three places where a browser keeps bytes, with the same five verbs. Keys are paths of parts that
 * begin with `=` (engine/storage/keys.py). Used by cache.py; each error is thrown as the browser made it.
 * What is stored is read as Blobs, which stay on disk until somebody wants their bytes.
 */
import { ADDRESS } from "./address.mjs";
import { stored } from "./bodies.mjs";

const NAME = "intab-models-1";
const DRAFTS = ".drafts"; // where no key leads: their parts begin with `=`

/** The Cache API: each body is a complete answer, there whole or not at all. */
class CacheStore {
  open() {
    need(globalThis.caches, "the Cache API is missing");
    return caches.open(NAME);
  }

  /** @param {string} key */
  async match(key) {
    const response = await (await this.open()).match(ADDRESS + key);
    return response?.blob();
  }

  /**
   * @param {string} key
   * @param {any} bytes
   */
  async put(key, bytes) {
    await (await this.open()).put(ADDRESS + key, new Response(bytes));
  }

  /** @param {string} key */
  async remove(key) {
    await (await this.open()).delete(ADDRESS + key);
  }

  async keys() {
    const requests = await (await this.open()).keys();
    const addresses = requests.map(({ url }) => url).filter((url) => url.startsWith(ADDRESS));
    return addresses.map((url) => url.slice(ADDRESS.length));
  }
}

/** The origin private file system: a file a key, in folders; a long part is split over several. */
class FileStore {
  /** @type {Promise<void> | undefined} */
  tidied;

  async root() {
    need(navigator.storage?.getDirectory, "the private file system is missing");
    const root = await navigator.storage.getDirectory();
    return root.getDirectoryHandle(NAME, { create: true });
  }

  /**
   * The folders on the way to a key's file, and the file's name.
   * @param {string} key
   * @param {boolean} create
   */
  async find(key, create) {
    const names = key.replace(/([^/]{100})(?=[^/])/g, "$1+/").split("/");
    const file = names.pop() ?? "";
    const folders = [await this.root()];
    for (const name of names) {
      folders.unshift(await folders[0].getDirectoryHandle(name, { create }));
    }
    return { folders, names: [file, ...names.reverse()] };
  }

  /** @param {string} key */
  async match(key) {
    return orUndefined(async () => {
      const { folders, names } = await this.find(key, false);
      return (await folders[0].getFileHandle(names[0])).getFile();
    });
  }

  /**
   * Written elsewhere and moved to its place, so that a tab that is killed leaves no half there, nor
   * the swap file that Chromium writes into. Nobody removes the folders while it is moved.
   * @param {string} key
   * @param {any} bytes
   */
  put(key, bytes) {
    return locked(DRAFTS, { mode: "shared" }, async () => {
      const drafts = await (await this.root()).getDirectoryHandle(DRAFTS, { create: true });
      const name = crypto.randomUUID();
      const draft = await drafts.getFileHandle(name, { create: true });
      try {
        const stream = await draft.createWritable();
        await stream.write(bytes);
        await stream.close();
        await locked("folders", {}, () => this.move(draft, key));
      } catch (error) {
        await drafts.removeEntry(name).catch(() => {});
        throw error;
      }
    });
  }

  /**
   * @param {FileSystemFileHandle} draft
   * @param {string} key
   */
  async move(draft, key) {
    const { folders, names } = await this.find(key, true);
    await draft.move(folders[0], names[0]);
  }

  /** Removes drafts of tabs that were killed; another time where anybody writes one. */
  tidy() {
    return locked(DRAFTS, { ifAvailable: true }, async (held) => {
      const root = await this.root();
      if (held) await root.removeEntry(DRAFTS, { recursive: true }).catch(() => {});
    });
  }

  /**
   * With it go the folders that are empty without it.
   * @param {string} key
   */
  remove(key) {
    return locked("folders", {}, () => orUndefined(() => this.prune(key)));
  }

  /** @param {string} key */
  async prune(key) {
    const { folders, names } = await this.find(key, false);
    await folders[0].removeEntry(names[0]);
    for (let depth = 1; depth < names.length; depth += 1) {
      const entries = folders[depth - 1].keys();
      if (!(await entries.next()).done) return;
      await folders[depth].removeEntry(names[depth]);
    }
  }

  /** Other tabs may remove folders meanwhile. */
  async keys() {
    await (this.tidied ??= this.tidy());
    /** @type {string[]} */
    const found = [];
    const visit = async (/** @type {any} */ folder, /** @type {string} */ path) => {
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind === "file") found.push((path + name).replaceAll("+/", ""));
        else if (name !== DRAFTS) await orUndefined(() => visit(handle, `${path}${name}/`));
      }
    };
    await visit(await this.root(), "");
    return found;
  }
}

/** IndexedDB: one object store, a body a record. */
class DatabaseStore {
  /** @type {Promise<IDBDatabase> | undefined} */
  opening;

  open() {
    need(globalThis.indexedDB, "IndexedDB is missing");
    this.opening ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(NAME);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    this.opening.catch(() => (this.opening = undefined));
    return this.opening;
  }

  /**
   * One transaction; its result once it is durable.
   * @param {IDBTransactionMode} mode
   * @param {(given: any) => any} work
   */
  async within(mode, work) {
    const transaction = (await this.open()).transaction(NAME, mode, { durability: "strict" });
    const request = work(transaction.objectStore(NAME));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  }

  /**
   * Others may have put anything there.
   * @param {string} key
   */
  async match(key) {
    const found = await this.within("readonly", (store) => store.get(key));
    return found instanceof Blob ? found : undefined;
  }

  /**
   * @param {string} key
   * @param {any} bytes
   */
  put(key, bytes) {
    return this.within("readwrite", (store) => store.put(new Blob([bytes]), key));
  }

  /** @param {string} key */
  remove(key) {
    return this.within("readwrite", (store) => store.delete(key));
  }

  /** Ours are texts; what has another key is removed, since no key that is a text leads to it. */
  async keys() {
    const all = await this.within("readonly", (store) => store.getAllKeys());
    const foreign = all.filter((/** @type {string} */ key) => typeof key !== "string");
    await Promise.all(foreign.map((/** @type {string} */ key) => this.remove(key)));
    return all.filter((/** @type {string} */ key) => typeof key === "string");
  }
}

/** @type {Record<string, new () => any>} */
const KINDS = { cache: CacheStore, opfs: FileStore, indexeddb: DatabaseStore };

/** A store of that kind, of chunks; nothing is opened before its first use. */
class Store {
  /** @param {string} kind */
  constructor(kind) {
    this.place = new KINDS[kind]();
  }

  /** @param {string} key */
  async match(key) {
    const blob = await this.place.match(key);
    return blob && stored(blob);
  }

  /**
   * Once a chunk is stored, its bytes need not be held in memory.
   * @param {string} key
   * @param {import("./bodies.mjs").Chunk} chunk
   */
  async put(key, chunk) {
    await this.place.put(key, await chunk.bytes());
    const blob = await this.place.match(key);
    if (blob?.size === chunk.size) chunk.rest(blob);
  }

  /** @param {string} key */
  remove(key) {
    return this.place.remove(key);
  }

  keys() {
    return this.place.keys();
  }
}

/** @param {string} kind */
export function makeStore(kind) {
  return new Store(kind);
}

/** Bytes used and allowed, and whether the browser promised to keep them; asks it to. */
export async function room() {
  const { storage } = navigator;
  if (!storage?.estimate) return "{}";
  const { usage, quota } = await storage.estimate();
  // A worker may not ask, the page can; either may look at the answer.
  const persisted = storage.persist ? await storage.persist() : await storage.persisted();
  return JSON.stringify({ used: usage, quota, persisted });
}

/**
 * Wait for a name that only one tab or worker of this origin can hold: {held, release}. Without Web
 * Locks nobody waits.
 * @param {string} name
 */
export function lock(name) {
  const waiting = new AbortController();
  /** @type {(value?: unknown) => void} */
  let release = () => waiting.abort();
  /** @type {Promise<unknown>} */
  const held = new Promise((resolve) => {
    const hold = () => {
      resolve(null);
      return new Promise((done) => (release = () => done(null)));
    };
    if (!navigator.locks) resolve(null);
    else navigator.locks.request(name, { signal: waiting.signal }, hold).catch(resolve);
  });
  return { held, release: () => release(null) };
}

/**
 * Do `work` while no other tab or worker does what excludes it; without Web Locks, at once.
 * @param {string} name
 * @param {any} options
 * @param {(given: any) => any} work
 */
function locked(name, options, work) {
  return navigator.locks ? navigator.locks.request(`${NAME} ${name}`, options, work) : work(null);
}

/**
 * @param {any} feature
 * @param {string} sentence
 */
function need(feature, sentence) {
  if (feature) return;
  const why = isSecureContext ? "" : ": the page came over plain http, and needs https or localhost";
  throw new Error(sentence + why);
}

// The last two: a folder in a file's place, which is not ours, to be read or to be removed.
const ABSENT = ["NotFoundError", "TypeMismatchError", "InvalidModificationError"];

/**
 * What is not there is an answer, not an error.
 * @param {() => any} work
 */
async function orUndefined(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && ABSENT.includes(error.name)) return undefined;
    throw error;
  }
}
