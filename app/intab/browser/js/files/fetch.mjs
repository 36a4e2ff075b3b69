/**
 * Fetching into JavaScript memory. Python asks and gets an answer whose body it may have: a Chunk,
 * whose bytes never enter Python. Used by fetch.py; knows nothing of models.
 */
import { Chunk } from "./bodies.mjs";
import { askDisk } from "./disk.mjs";
import { asking, take } from "../early_answers.mjs";
import { explain } from "../refusals.mjs";

const REPORT_EVERY = 100; // milliseconds between two calls into Python
const GUESS = 256 * 1024; // bytes of a body whose length is not foretold
const FIRST = "bytes=0-"; // how a Range header of a file's first part begins

// Where the last part of a file came from, after redirects to another host, by token and the address
// that was asked for. Such addresses are signed, like a password: they never leave this module.
const led = new Map();

/**
 * Ask for `address`, for a part of it where `range` is a Range header: a promise of the answer, and
 * the way to stop it. By the Fetch standard a browser takes the token away where a redirect leads to
 * another origin. A DOMException tells what stands behind a failure that `explain` knows.
 * @param {string} address
 * @param {string} range
 * @param {string} method
 * @param {string} token
 */
export function ask(address, range, method, token) {
  if (address.startsWith("disk:")) return { answer: askDisk(address, range), stop: () => {} };
  const stopping = new AbortController();
  const { signal } = stopping;
  const options = { ...asking(range), method, signal };
  const early = method === "GET" && !token ? take(address, range, signal) : Promise.reject();
  const asked = early.catch(() => request(address, range, token, options));
  const answer = asked.then((response) => new Answer(response, address));
  return { answer, stop: () => stopping.abort() };
}

/** A later part comes from where an earlier one came from, as long as that host sends it: a hub need
 * not be asked for each. The first part asks the hub, so that each load learns what is there now.
 * @param {string} address
 * @param {string} range
 * @param {string} token
 * @param {any} options
 */
async function request(address, range, token, options) {
  const key = `${token} ${address}`;
  const direct = range && !range.startsWith(FIRST) ? led.get(key) : undefined;
  const part = direct && (await partFrom(direct, options));
  if (part) return part;
  if (direct && led.get(key) === direct) led.delete(key); // expired
  const headers = token ? { ...options.headers, Authorization: `Bearer ${token}` } : options.headers;
  const response = await fetch(address, { ...options, headers }).catch((error) =>
    explain(error, address, { ...options, headers }),
  );
  if (range && response.status === 206 && isElsewhere(response, address)) led.set(key, response.url);
  return response;
}

/**
 * @param {string} direct
 * @param {any} options
 */
async function partFrom(direct, options) {
  const response = await fetch(direct, options).catch(() => undefined);
  options.signal.throwIfAborted();
  if (response?.status === 206) return response;
  response?.body?.cancel();
  return undefined;
}

/**
 * @param {{redirected: any, url: string}} given
 * @param {string} address
 */
function isElsewhere({ redirected, url }, address) {
  return redirected && new URL(url).origin !== new URL(address).origin;
}

class Answer {
  /**
   * @param {Response} response
   * @param {string} address
   */
  constructor(response, address) {
    this.response = response;
    this.status = response.status;
    // Of another origin CORS shows some headers; Content-Length is one, Content-Encoding is not.
    this.hides = response.type === "cors" || new URL(address).origin !== globalThis.origin;
    this.headers = JSON.stringify(Object.fromEntries(response.headers)); // names in lower case
  }

  /**
   * The whole body; `report(count)` hears of what arrives.
   * @param {(count: number) => void} report
   */
  async body(report) {
    let [unreported, reported] = [0, performance.now()];
    const count = (/** @type {number} */ arrived) => {
      unreported += arrived;
      if (performance.now() < reported + REPORT_EVERY) return;
      report(unreported);
      [unreported, reported] = [0, performance.now()];
    };
    const { body, headers } = this.response;
    const foretold = headers.has("content-encoding") ? 0 : Number(headers.get("content-length"));
    const reader = foretold && bytesReader(body);
    const bytes = await (reader ? fill(reader, foretold, count) : grow(body, foretold, count));
    report(unreported);
    return new Chunk(bytes);
  }
}

/**
 * A reader that writes into a buffer of ours, where the browser has it.
 * @param {any} stream
 */
function bytesReader(stream) {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}

/**
 * A body of about that length: less where it breaks off, more where it came compressed.
 * @param {ReadableStreamBYOBReader} reader
 * @param {number} length
 * @param {(arrived: number) => void} count
 */
async function fill(reader, length, count) {
  let [buffer, size, done] = [new ArrayBuffer(length), 0, false];
  const read = async (/** @type {any} */ view) => {
    const { done: ended, value } = await reader.read(view);
    done = ended;
    count(value?.length ?? 0);
    return value ?? new Uint8Array(0);
  };
  while (size < length && !done) {
    const part = await read(new Uint8Array(buffer, size));
    if (part.buffer.byteLength === length) buffer = part.buffer; // handed back
    size += part.length;
  }
  if (size < length) return new Uint8Array(buffer).slice(0, size);
  const more = await read(new Uint8Array(GUESS));
  if (done) return new Uint8Array(buffer);
  const grown = new Growing(2 * length);
  grown.push(new Uint8Array(buffer));
  for (let part = more; !done; part = await read(new Uint8Array(GUESS))) grown.push(part);
  return grown.finish();
}

/**
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} foretold
 * @param {(arrived: number) => void} count
 */
async function grow(stream, foretold, count) {
  const buffer = new Growing(foretold);
  for await (const part of parts(stream)) {
    buffer.push(part);
    count(part.length);
  }
  return buffer.finish();
}

/**
 * ReadableStream's own async iterator is missing in Safari; an answer to HEAD has no stream.
 * @param {ReadableStream<Uint8Array> | null} stream
 */
async function* parts(stream) {
  const reader = stream?.getReader();
  for (; reader; ) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** Bytes of a length that the headers may foretell. */
class Growing {
  /** @param {number} foretold */
  constructor(foretold) {
    this.bytes = new Uint8Array(foretold || GUESS);
    this.size = 0;
  }

  /** @param {Uint8Array} part */
  push(part) {
    const size = this.size + part.length;
    if (size > this.bytes.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.bytes.length));
      larger.set(this.bytes.subarray(0, this.size));
      this.bytes = larger;
    }
    this.bytes.set(part, this.size);
    this.size = size;
  }

  finish() {
    return this.size === this.bytes.length ? this.bytes : this.bytes.slice(0, this.size);
  }
}
