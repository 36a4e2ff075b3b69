/**
 * Fetching whole files into JavaScript memory. Python asks and gets a Uint8Array back, whose bytes
 * it never copies. Used by fetch.py; knows nothing of models.
 */
import { createSHA256 } from "hash-wasm";

const REPORT_EVERY = 256 * 1024; // bytes between two calls into Python
const HASH_SLICE = 4 * 1024 * 1024;

/** The bytes at `address`, undefined for 404; `report(count)` is told of what arrives. */
export async function fetchBytes(address, report) {
  const response = await fetch(address);
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const parts = [];
  let [total, unreported] = [0, 0];
  for await (const part of chunks(response.body)) {
    parts.push(part);
    total += part.length;
    unreported += part.length;
    if (unreported >= REPORT_EVERY) {
      report(unreported);
      unreported = 0;
    }
  }
  report(unreported);
  return join(parts, total);
}

/** Whether there is a file at `address`: false for 404, an error for what is neither. */
export async function exists(address) {
  const response = await fetch(address, { method: "HEAD" });
  if (response.ok) return true;
  if (response.status === 404 || response.status === 405) return false;
  throw new Error(`the server answered ${response.status}`);
}

export function decodeText(bytes) {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

/** The sha256 in hexadecimal digits; SubtleCrypto would need a secure context and a copy. */
export async function sha256(bytes) {
  const hasher = await createSHA256();
  for (let at = 0; at < bytes.length; at += HASH_SLICE) {
    hasher.update(bytes.subarray(at, at + HASH_SLICE));
  }
  return hasher.digest("hex");
}

/** ReadableStream's own async iterator is missing in Safari. */
async function* chunks(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** One array of all parts; each part is let go as soon as it is copied. */
function join(parts, total) {
  const bytes = new Uint8Array(total);
  let at = 0;
  while (parts.length) {
    const part = parts.shift();
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
