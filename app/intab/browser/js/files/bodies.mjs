/**
 * Bytes of files and of their chunks, outside Python: in memory, or in a Blob that the browser keeps
 * on disk, so that what is stored is not held in memory as well. Both are read synchronously, since
 * onnxruntime asks for weights in the middle of its work. It knows neither networks nor stores.
 */
import { createSHA256 } from "hash-wasm";

const SMALL = 1024 * 1024; // not worth a read from disk
const HASH_SLICE = 4 * 1024 * 1024;
const SUBTLE_MOST = 64 * 1024 * 1024; // SubtleCrypto copies what it is given
const HELD_MOST = 256 * 1024 * 1024; // in memory of what is on disk as well
const NOWHERE = nowhere();
const READER = globalThis.FileReaderSync && new FileReaderSync(); // workers have it, pages do not

let held = 0;
const lost = new FinalizationRegistry((size) => (held -= size)); // nobody let go of it

/** Bytes that came or were stored together: `data` is a Uint8Array or a Blob. While a chunk is held,
 * `disk` is the Blob of what `data` has in memory. */
export class Chunk {
  /** @param {any} data */
  constructor(data) {
    this.data = data;
    this.disk = null;
    /** @type {Promise<any> | null} */
    this.reading = null; // while it is hashed piece by piece
  }

  get size() {
    return this.data.size ?? this.data.length;
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  read(start, end) {
    if (!(this.data instanceof Blob)) return this.data.subarray(start, end);
    return new Uint8Array(READER.readAsArrayBuffer(this.data.slice(start, end)));
  }

  async bytes(start = 0, end = this.size) {
    if (!(this.data instanceof Blob)) return this.data.subarray(start, end);
    return new Uint8Array(await this.data.slice(start, end).arrayBuffer());
  }

  /**
   * Give back bytes that `bytes` or `read` made a copy of.
   * @param {Uint8Array} bytes
   */
  done(bytes) {
    if (this.data instanceof Blob) free(bytes);
  }

  /** The sha256 in hexadecimal digits; SubtleCrypto is faster, where the context is secure. Bytes in
   * memory are those of the moment of this call, though they are let go of meanwhile. */
  async sha256() {
    if (!globalThis.crypto?.subtle || this.size > SUBTLE_MOST) {
      this.reading = createSHA256().then((hasher) => update(hasher, this));
      return (await this.reading.finally(() => (this.reading = null))).digest("hex");
    }
    const bytes = this.data instanceof Blob ? await this.bytes() : this.data;
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    this.done(bytes);
    return hex(new Uint8Array(digest));
  }

  /** Read what is on disk into memory, if there is room for it there. */
  async hold() {
    if (!(this.data instanceof Blob) || !READER || !this.reserve()) return;
    const bytes = await this.bytes();
    [this.data, this.disk] = [bytes, this.data];
  }

  /**
   * `blob` on disk has the same bytes: read from there, as soon as nobody holds it.
   * @param {Blob} blob
   */
  rest(blob) {
    if (!READER || blob.size <= SMALL) return;
    if (this.data instanceof Blob) this.data = blob; // an archive's, which was never in memory
    else this.disk = blob;
    if (this.disk && !this.reserve()) this.letGo();
  }

  reserve() {
    if (held + this.size > HELD_MOST) return false;
    held += this.size;
    lost.register(this, this.size, this);
    return true;
  }

  /**
   * A copy of bytes that are held, else nothing.
   * @param {number} start
   * @param {number} end
   */
  copyHeld(start, end) {
    return this.disk && this.data.slice(start, end);
  }

  /** What is on disk need not be in memory any more, if it ends before `end`. */
  letGo(end = this.size) {
    if (!this.disk || end < this.size) return;
    if (this.reading) return void this.reading.finally(() => this.letGo()).catch(() => {});
    if (lost.unregister(this)) held -= this.size;
    free(this.data);
    [this.data, this.disk] = [this.disk, null];
  }
}

/**
 * At once: the garbage collector would take its time, and hold many chunks.
 * @param {{buffer: any}} given
 */
function free({ buffer }) {
  if (buffer.byteLength) NOWHERE.postMessage(null, [buffer]);
}

/** A port that nothing listens to: what is transferred to it is gone at once. */
function nowhere() {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  return port1;
}

/**
 * A chunk of stored bytes.
 * @param {Blob} blob
 */
export async function stored(blob) {
  const chunk = new Chunk(blob);
  if (!READER || blob.size <= SMALL) chunk.data = await chunk.bytes();
  return chunk;
}

/** A file whose chunks come in any order; hashed from the front as they do, if that is wanted. */
export class Whole {
  /**
   * @param {number} size
   * @param {boolean} hashing
   */
  constructor(size, hashing) {
    this.size = size;
    this.chunks = new Map(); // start -> chunk
    this.hashed = 0;
    this.hashing = hashing ? createSHA256() : null; // promise of the hasher, behind all updates
  }

  /**
   * @param {number} start
   * @param {Chunk} chunk
   */
  write(start, chunk) {
    this.chunks.set(start, chunk);
    if (this.hashing) this.hashing = this.hashing.then((hasher) => this.hashOn(hasher));
  }

  /** @param {any} hasher */
  async hashOn(hasher) {
    for (let chunk; (chunk = this.chunks.get(this.hashed))?.size; this.hashed += chunk.size) {
      await update(hasher, chunk);
    }
    return hasher;
  }

  async sha256() {
    this.hashed = this.hashing ? this.hashed : 0;
    return (await (this.hashing ?? this.hashOn(await createSHA256()))).digest("hex");
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  copyHeld(start, end) {
    const found = [...this.within(start, end)];
    const atHand = found.every(([{ data }]) => !(data instanceof Blob));
    return atHand && found.some(([chunk]) => chunk.disk) ? join(found) : null;
  }

  letGo(end = this.size) {
    for (const [start, chunk] of this.chunks) if (start < end) chunk.letGo(end - start);
  }

  /** @param {Uint8Array} bytes */
  done(bytes) {
    if (![...this.chunks.values()].some(({ data }) => data.buffer === bytes.buffer)) free(bytes);
  }

  /**
   * A view where one chunk in memory has it all, else a copy.
   * @param {number} start
   * @param {number} end
   */
  read(start, end) {
    const found = [...this.within(start, end)];
    if (found.length > 1) return join(found);
    return found.length ? found[0][0].read(...found[0].slice(1)) : new Uint8Array(0);
  }

  /**
   * The chunks that have bytes from `start` to `end`, and from where to where: [chunk, from, to].
   * @param {number} start
   * @param {number} end
   */
  *within(start, end) {
    this.starts = this.chunks.size === this.starts?.length ? this.starts : this.sorted();
    for (const first of this.starts) {
      const chunk = this.chunks.get(first);
      const [from, to] = [Math.max(start - first, 0), Math.min(end - first, chunk.size)];
      if (from < to) yield [chunk, from, to];
    }
  }

  sorted() {
    return [...this.chunks.keys()].sort((one, other) => one - other);
  }
}

/**
 * One copy of parts of chunks.
 * @param {any[]} parts
 */
function join(parts) {
  const joined = new Uint8Array(parts.reduce((sum, [, from, to]) => sum + to - from, 0));
  let at = 0;
  for (const [chunk, from, to] of parts) {
    joined.set(chunk.read(from, to), at);
    at += to - from;
  }
  return joined;
}

/**
 * In slices with a pause after each, so that a stop is heard.
 * @param {any} hasher
 * @param {Chunk} chunk
 */
async function update(hasher, chunk) {
  for (let at = 0; at < chunk.size; at += HASH_SLICE) {
    const end = Math.min(at + HASH_SLICE, chunk.size);
    const bytes = READER ? chunk.read(at, end) : await chunk.bytes(at, end);
    hasher.update(bytes);
    chunk.done(bytes);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return hasher;
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * An empty file of that size, to be filled with chunks.
 * @param {number} size
 * @param {boolean} hashing
 */
export function allocate(size, hashing) {
  return new Whole(size, hashing);
}

/** @param {any} body */
export function decodeText(body) {
  return new TextDecoder("utf-8", { fatal: true }).decode(body.read(0, body.size));
}

/** @param {any} body */
export function bytesOf(body) {
  return body.read(0, body.size);
}

/** @param {string} text */
export function encodeText(text) {
  return new Chunk(new TextEncoder().encode(text));
}
