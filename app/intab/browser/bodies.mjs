/**
 * Bytes of files and of their chunks, outside Python: in memory, or in a Blob that the browser keeps
 * on disk, so that what is stored is not held in memory as well. Both are read synchronously, since
 * onnxruntime asks for weights in the middle of its work. It knows neither networks nor stores.
 */
import { createSHA256 } from "hash-wasm";

const SMALL = 1024 * 1024; // not worth a read from disk
const HASH_SLICE = 4 * 1024 * 1024;
const SUBTLE_MOST = 64 * 1024 * 1024; // SubtleCrypto copies what it is given
const UNCOLLECTED_MOST = 32 * 1024 * 1024;
const UNTOUCHED = 1024 * 1024 * 1024;
const READER = globalThis.FileReaderSync && new FileReaderSync(); // workers have it, pages do not

let uncollected = 0; // bytes freed since the last collection that we brought about

/** Bytes that came or were stored together: `data` is a Uint8Array or a Blob. */
export class Chunk {
  constructor(data) {
    this.data = data;
  }

  get size() {
    return this.data.size ?? this.data.length;
  }

  read(start, end) {
    if (!(this.data instanceof Blob)) return this.data.subarray(start, end);
    return new Uint8Array(READER.readAsArrayBuffer(this.data.slice(start, end)));
  }

  async bytes(start = 0, end = this.size) {
    if (!(this.data instanceof Blob)) return this.data.subarray(start, end);
    return new Uint8Array(await this.data.slice(start, end).arrayBuffer());
  }

  /** Give back bytes that `bytes` or `read` made a copy of. */
  done(bytes) {
    if (this.data instanceof Blob) free(bytes);
  }

  /** The sha256 in hexadecimal digits; SubtleCrypto is faster, where the context is secure. */
  async sha256() {
    if (!globalThis.crypto?.subtle || this.size > SUBTLE_MOST) {
      return (await update(await createSHA256(), this)).digest("hex");
    }
    const bytes = await this.bytes();
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    this.done(bytes);
    return hex(new Uint8Array(digest));
  }

  /** From now on read from `blob`, which has the same bytes, if it is worth it and possible. */
  rest(blob) {
    if (!READER || blob.size <= SMALL) return;
    if (!(this.data instanceof Blob)) free(this.data); // an archive's chunk was never in memory
    this.data = blob;
  }
}

/**
 * At once: the garbage collector would take its time, and hold many chunks. The browser's own copies
 * of what it fetched, hashed and read wait for it as well, and it does not count them. It does count
 * a buffer of ours, which takes up no memory while nobody touches it.
 */
function free(bytes) {
  uncollected += bytes.length;
  bytes.buffer.transfer?.(0);
  if (uncollected < UNCOLLECTED_MOST) return;
  uncollected = 0;
  try {
    return void new ArrayBuffer(UNTOUCHED);
  } catch {
    // no addresses left for so large a buffer
  }
}

/** A chunk of stored bytes. */
export async function stored(blob) {
  const chunk = new Chunk(blob);
  if (!READER || blob.size <= SMALL) chunk.data = await chunk.bytes();
  return chunk;
}

/** A file whose chunks come in any order; hashed from the front as they do, if that is wanted. */
export class Whole {
  constructor(size, hashing) {
    this.size = size;
    this.chunks = new Map(); // start -> chunk
    this.hashed = 0;
    this.hashing = hashing ? createSHA256() : null; // promise of the hasher, behind all updates
  }

  write(start, chunk) {
    this.chunks.set(start, chunk);
    if (this.hashing) this.hashing = this.hashing.then((hasher) => this.hashOn(hasher));
  }

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

  done(bytes) {
    if ([...this.chunks.values()].every(({ data }) => data instanceof Blob)) free(bytes);
  }

  /** A view where one chunk in memory has it all, else a copy. */
  read(start, end) {
    const parts = [...this.parts(start, end)];
    if (parts.length === 1) return parts[0];
    const joined = new Uint8Array(end - start);
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  *parts(start, end) {
    this.starts = this.chunks.size === this.starts?.length ? this.starts : this.sorted();
    for (const first of this.starts) {
      const chunk = this.chunks.get(first);
      const [from, to] = [Math.max(start - first, 0), Math.min(end - first, chunk.size)];
      if (from < to) yield chunk.read(from, to);
    }
  }

  sorted() {
    return [...this.chunks.keys()].sort((one, other) => one - other);
  }
}

/** In slices with a pause after each, so that a stop is heard. */
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

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An empty file of that size, to be filled with chunks. */
export function allocate(size, hashing) {
  return new Whole(size, hashing);
}

export function decodeText(body) {
  return new TextDecoder("utf-8", { fatal: true }).decode(body.read(0, body.size));
}

export function encodeText(text) {
  return new Chunk(new TextEncoder().encode(text));
}
