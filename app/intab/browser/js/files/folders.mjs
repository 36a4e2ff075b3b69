/**
 * What is remembered of folders on the visitor's disk: a record {name, handle} or {name, files: Map
 * of path -> handle} in IndexedDB. Where the browser has no such handles the record is {name} alone:
 * the page that the files were given to holds them, and workers ask for them. A single file, for an
 * export or an import, has a record {name, archive: true}, with its handle if there is one. Used at
 * both ends.
 */
const NAME = "intab-disk-1";
const PATIENCE = 3000; // ms for a page to answer

/**
 * The files that a page of this origin holds; undefined where none does.
 * @param {string} name
 */
export function askPages(name) {
  const channel = new BroadcastChannel(NAME);
  const answered = new Promise((resolve) => {
    channel.onmessage = ({ data }) => data.files && data.name === name && resolve(data.files);
    channel.postMessage({ asked: name });
    setTimeout(resolve, PATIENCE);
  });
  return answered.finally(() => channel.close());
}

/**
 * Hold files for the workers of this origin: `held` is a Map of name -> Map of path -> File. What
 * they offer to this page goes to `onOffer(name, blob)`.
 * @param {any} held
 * @param {any} onOffer
 */
export function answerWorkers(held, onOffer) {
  const channel = new BroadcastChannel(NAME);
  channel.onmessage = ({ data: { asked, offered, blob } }) => {
    if (held.has(asked)) channel.postMessage({ name: asked, files: held.get(asked) });
    if (offered) onOffer(offered, blob);
  };
}

/**
 * Give the pages a file that the visitor wants to save.
 * @param {string} name
 * @param {Blob} blob
 */
export function offer(name, blob) {
  const channel = new BroadcastChannel(NAME);
  channel.postMessage({ offered: name, blob });
  channel.close();
}

/** All handles of a record: what permission is asked for. What is none of the browser's counts as
 * absent: a record may be damaged, or another's.
 * @param {{handle: any, files: any}} given
 */
export function handlesOf({ handle, files }) {
  const all = files instanceof Map ? [...files.values()] : [handle];
  return all.filter((each) => typeof each?.queryPermission === "function");
}

/** @param {any} record */
export function remember(record) {
  return within("readwrite", (store) => store.put(record));
}

/** @param {string} name */
export function recall(name) {
  return within("readonly", (store) => store.get(name));
}

export function recallAll() {
  return within("readonly", (store) => store.getAll());
}

/** @param {string} name */
export function forget(name) {
  return within("readwrite", (store) => store.delete(name));
}

/**
 * @param {IDBTransactionMode} mode
 * @param {(given?: any) => any} work
 */
async function within(mode, work) {
  const database = await open();
  try {
    return await settled(work(database.transaction(NAME, mode).objectStore(NAME)));
  } finally {
    database.close();
  }
}

function open() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(NAME, { keyPath: "name" });
  return settled(request);
}

/** @param {any} request */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
