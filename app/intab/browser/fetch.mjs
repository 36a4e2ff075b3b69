/**
 * Fetching into JavaScript memory. Python asks and gets an answer whose body it may read: a
 * Uint8Array, whose bytes never enter Python. Used by fetch.py; knows nothing of models.
 */
import { createSHA256 } from "hash-wasm";

const REPORT_EVERY = 256 * 1024; // bytes between two calls into Python
const HASH_SLICE = 4 * 1024 * 1024;
const SUBTLE_MOST = 64 * 1024 * 1024; // SubtleCrypto copies what it is given

/**
 * Ask for `address`, for a part of it where `range` is a Range header: a promise of the answer, and
 * the way to stop it. Parts stay out of the HTTP cache, since they go into a store of ours.
 */
export function ask(address, range, method) {
  const stopping = new AbortController();
  const options = range ? { headers: { Range: range }, cache: "no-store" } : { cache: "no-cache" };
  const answer = fetch(address, { ...options, method, signal: stopping.signal }).then(
    (response) => new Answer(response),
  );
  return { answer, stop: () => stopping.abort() };
}

class Answer {
  constructor(response) {
    this.response = response;
    this.status = response.status;
    this.headers = JSON.stringify(Object.fromEntries(response.headers)); // names in lower case
  }

  /** The whole body; `report(count)` is told of what arrives. */
  async body(report) {
    const buffer = new Growing(this.response.headers);
    let unreported = 0;
    for await (const part of parts(this.response.body)) {
      buffer.push(part);
      unreported += part.length;
      if (unreported >= REPORT_EVERY) {
        report(unreported);
        unreported = 0;
      }
    }
    report(unreported);
    return buffer.finish();
  }
}

/** ReadableStream's own async iterator is missing in Safari; an answer to HEAD has no stream. */
async function* parts(stream) {
  const reader = stream?.getReader();
  for (; reader; ) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** Bytes of a length that the headers foretell, unless something on the way compressed them. */
class Growing {
  constructor(headers) {
    const foretold = headers.has("content-encoding") ? 0 : Number(headers.get("content-length"));
    this.bytes = new Uint8Array(foretold || REPORT_EVERY);
    this.size = 0;
  }

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

/** One file's bytes while its chunks come in any order; hashed from the front as they do. */
class Assembly {
  constructor(size, hashing) {
    this.bytes = new Uint8Array(size);
    this.ends = new Map(); // start -> end of what has been written
    this.hashed = 0;
    this.hashing = hashing ? createSHA256() : null; // promise of the hasher, behind all updates
  }

  write(start, bytes) {
    this.bytes.set(bytes, start);
    this.ends.set(start, start + bytes.length);
    if (this.hashing) this.hashing = this.hashing.then((hasher) => this.hashOn(hasher));
  }

  async hashOn(hasher) {
    for (let end; (end = this.ends.get(this.hashed)) > this.hashed; this.hashed = end) {
      await update(hasher, this.bytes.subarray(this.hashed, end));
    }
    return hasher;
  }

  async digest() {
    return this.hashing ? (await this.hashing).digest("hex") : sha256(this.bytes);
  }
}

/** Room for a file of that size; a RangeError where the device has not got it. */
export function allocate(size, hashing) {
  return new Assembly(size, hashing);
}

/** The sha256 in hexadecimal digits; SubtleCrypto is faster, where the context is secure. */
export async function sha256(bytes) {
  if (globalThis.crypto?.subtle && bytes.length <= SUBTLE_MOST) {
    return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  }
  const hasher = await createSHA256();
  await update(hasher, bytes);
  return hasher.digest("hex");
}

/** In slices with a pause after each, so that a stop is heard. */
async function update(hasher, bytes) {
  for (let at = 0; at < bytes.length; at += HASH_SLICE) {
    hasher.update(bytes.subarray(at, at + HASH_SLICE));
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function decodeText(bytes) {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

export function encodeText(text) {
  return new TextEncoder().encode(text);
}
