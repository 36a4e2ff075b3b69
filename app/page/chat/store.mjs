/**
 * Conversations, kept in this browser's IndexedDB: one record each. Nothing is sent anywhere.
 */

const NAME = "intab.chats";
const STORE = "conversations";

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * One transaction; it fails with what aborted it, such as a full storage.
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} act
 * @returns {Promise<any>}
 */
async function transact(mode, act) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  } finally {
    database.close();
  }
}

/** All of them, the newest first; none where the browser keeps nothing. */
export async function allConversations() {
  try {
    const found = await transact("readonly", (store) => store.getAll());
    return found.filter(isWhole).sort((/** @type {any} */ a, /** @type {any} */ b) => b.changed - a.changed);
  } catch {
    return [];
  }
}

/** @param {any} conversation */
export function keep(conversation) {
  return transact("readwrite", (store) => store.put(conversation));
}

/** @param {string} id */
export function forget(id) {
  return transact("readwrite", (store) => store.delete(id));
}

/** @param {any} found a record of another version may lack what this one needs */
function isWhole({ id, turns, model }) {
  return typeof id === "string" && typeof model === "string" && Array.isArray(turns);
}

/** @param {string} model */
export function newConversation(model) {
  const id = `${Date.now()}-${Math.random()}`; // randomUUID is for secure contexts only
  return { id, model, system: "", changed: Date.now(), turns: /** @type {any[]} */ ([]) };
}

/**
 * What a list calls it: its first words.
 * @param {{turns: {text: string}[]}} conversation
 */
export function titleOf({ turns }) {
  const first = (turns[0]?.text ?? "").trim().replace(/\s+/g, " ");
  if (!first) return "New chat";
  return first.length > 40 ? `${first.slice(0, 40)}…` : first;
}
