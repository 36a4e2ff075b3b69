/**
 * What is kept of the site, compared with what its list says. A list is JSON, path -> integrity
 * (tools/site/offline.py), and carries its own digest in its name. Used by the service worker.
 */

/** @param {BufferSource} bytes */
async function digestOf(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/**
 * The integrity of bytes, as `fetch` takes it.
 * @param {BufferSource} bytes
 */
export async function integrityOf(bytes) {
  return `sha256-${btoa(String.fromCharCode(...(await digestOf(bytes))))}`;
}

/**
 * Whether an answer can be read, is a file's and has that integrity.
 * @param {Response} response
 * @param {string} integrity
 */
export async function isWhole(response, integrity) {
  try {
    return response.ok && (await integrityOf(await response.arrayBuffer())) === integrity;
  } catch {
    return false; // its body is not there any more
  }
}

/**
 * The list in an answer; undefined where it is not the one that its address names.
 * @param {Response} response
 * @param {string} address
 */
export async function promisedList(response, address) {
  try {
    const bytes = await response.arrayBuffer();
    const [start] = /[0-9A-F]{8}(?=\.json$)/.exec(address) ?? [];
    if (!start) return undefined;
    const digest = Array.from(await digestOf(bytes), (byte) => byte.toString(16).padStart(2, "0"));
    if (!digest.join("").startsWith(start.toLowerCase())) return undefined;
    return judged(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}

/**
 * A list in which every file has an integrity: with anything else `fetch` compares nothing.
 * @param {Record<string, string>} files
 */
export function judged(files) {
  const all = Object.values(files);
  if (all.every((integrity) => /^sha256-[\w+/]{43}=$/.test(integrity))) return files;
  throw new Error("the list of files has no digests");
}
