/**
 * Fetching into JavaScript memory. Python asks and gets an answer whose body it may have: a Chunk,
 * whose bytes never enter Python. Used by fetch.py; knows nothing of models.
 */
import { Chunk } from "./bodies.mjs";
import { askDisk } from "./disk.mjs";
import { asking, take } from "./early.mjs";

const REPORT_EVERY = 100; // milliseconds between two calls into Python
const GUESS = 256 * 1024; // bytes of a body whose length is not foretold

/**
 * Ask for `address`, for a part of it where `range` is a Range header: a promise of the answer, and
 * the way to stop it. By the Fetch standard a browser takes the token away where a redirect leads to
 * another origin.
 */
export function ask(address, range, method, token) {
  if (address.startsWith("disk:")) return { answer: askDisk(address, range), stop: () => {} };
  const stopping = new AbortController();
  const { signal } = stopping;
  const options = { ...asking(range), method, signal };
  if (token) options.headers.Authorization = `Bearer ${token}`;
  const early = method === "GET" && !token ? take(address, range, signal) : Promise.reject();
  const asked = early.catch(() => fetch(address, options));
  const answer = asked.then((response) => new Answer(response));
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
    let [unreported, reported] = [0, performance.now()];
    const count = (arrived) => {
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

/** A reader that writes into a buffer of ours, where the browser has it. */
function bytesReader(stream) {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}

/** A body of that length, or less where it breaks off. */
async function fill(reader, length, count) {
  let buffer = new ArrayBuffer(length);
  let size = 0;
  while (size < length) {
    const { done, value } = await reader.read(new Uint8Array(buffer, size));
    if (value) buffer = value.buffer;
    if (done) break;
    size += value.length;
    count(value.length);
  }
  return size === length ? new Uint8Array(buffer) : new Uint8Array(buffer).slice(0, size);
}

async function grow(stream, foretold, count) {
  const buffer = new Growing(foretold);
  for await (const part of parts(stream)) {
    buffer.push(part);
    count(part.length);
  }
  return buffer.finish();
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

/** Bytes of a length that the headers may foretell. */
class Growing {
  constructor(foretold) {
    this.bytes = new Uint8Array(foretold || GUESS);
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
