/**
 * WebAssembly that is compiled while it comes. Browsers keep what they made of such an answer beside it,
 * so that a later visit need not compile again what this one has used: it must be the network's own
 * answer, neither its bytes nor a stream of ours.
 */

/** The module at an address, and its size in bytes.
 * @param {string} address
 * @returns {Promise<{module: WebAssembly.Module, size: number}>}
 */
export async function compiled(address) {
  const response = await fetch(address, { referrerPolicy: "no-referrer" });
  const name = address.split("/").at(-1);
  if (!response.ok) throw new Error(`${name}: the server answered ${response.status}`);
  if (!response.headers.get("content-type")?.startsWith("application/wasm")) {
    const bytes = await response.arrayBuffer();
    return { module: await WebAssembly.compile(bytes), size: bytes.byteLength };
  }
  // Of another origin's answer the coding is hidden, and the length is that of what was coded.
  const coded = response.type === "cors" || response.headers.has("content-encoding");
  const told = coded ? 0 : Number(response.headers.get("content-length"));
  const module = await WebAssembly.compileStreaming(response);
  return { module, size: told || (await sizeOf(address)) };
}

/**
 * The size of what came from an address. It may be missing: of many entries browsers drop some.
 * @param {string} address
 */
async function sizeOf(address) {
  const entries = performance.getEntriesByName(address, "resource");
  const last = /** @type {PerformanceResourceTiming | undefined} */ (entries.at(-1));
  return last?.decodedBodySize || (await (await fetch(address)).arrayBuffer()).byteLength;
}
