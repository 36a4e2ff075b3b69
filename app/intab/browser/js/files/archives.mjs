/**
 * Files that models are exported to and imported from: a Blob or File, a FileSystemFileHandle, or
 * `disk:NAME`, which the page has chosen (app/page/disk.mjs). Their bytes stay Blobs.
 */
import { Chunk } from "./bodies.mjs";
import { askPages, offer, recall } from "./folders.mjs";

/**
 * The Blob of a file that is there; an error's message says what to do.
 * @param {any} source
 */
export async function openArchive(source) {
  if (source instanceof Blob) return source;
  if (source?.getFile) return source.getFile();
  const name = nameIn(source);
  const record = await recall(name);
  if (record?.handle?.getFile) return record.handle.getFile();
  const file = record && (await askPages(name))?.get(name);
  if (file) return file;
  throw new Error(`there is no file disk:${name}; choose it in the page`);
}

/**
 * A part of it as a body.
 * @param {Blob} blob
 * @param {number} start
 * @param {number} end
 */
export function part(blob, start, end) {
  return new Chunk(blob.slice(start, end));
}

/**
 * A new file: {write(chunk), close(), abort()}; `close` gives the target, or else a Blob.
 * @param {any} target
 */
export async function createArchive(target) {
  if (!target) return new BlobDraft();
  if (target.createWritable) return new FileDraft(target, target);
  const name = nameIn(target);
  const record = await recall(name);
  if (!record) throw new Error(`there is no file disk:${name}; choose it in the page`);
  return record.handle ? new FileDraft(record.handle, target) : new BlobDraft(name);
}

/** @param {string} text */
function nameIn(text) {
  const [, name] = /^disk:([^/]+)$/s.exec(text) ?? [];
  if (name) return name;
  throw new Error("give a Blob, a FileSystemFileHandle, or disk:NAME of a file chosen in the page");
}

/** What the browser writes beside the file, and puts in its place at the end. */
class FileDraft {
  /**
   * @param {any} handle
   * @param {any} target
   */
  constructor(handle, target) {
    this.stream = handle.createWritable();
    this.target = target;
  }

  /** @param {{data: any}} given */
  async write({ data }) {
    await (await this.stream).write(data);
  }

  async close() {
    await (await this.stream).close();
    return this.target;
  }

  async abort() {
    await (await this.stream).abort();
  }
}

/** The parts of a Blob; one with a name is given to the page, which lets the visitor save it. */
class BlobDraft {
  /** @param {any} [name] */
  constructor(name) {
    this.name = name;
    /** @type {BlobPart[]} */
    this.parts = [];
  }

  /** @param {{data: any}} given */
  async write({ data }) {
    this.parts.push(data);
  }

  async close() {
    const blob = new Blob(this.parts, { type: "application/x-tar" });
    if (this.name) offer(this.name, blob);
    return blob;
  }

  async abort() {
    this.parts = [];
  }
}
