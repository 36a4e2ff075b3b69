/**
 * Modules that another origin serves: browsers import them, but start no worker from there, and
 * onnxruntime-web fetches what it should import.
 */

/**
 * An address of this origin for the module at `address`; `code` makes what stands in between, of the
 * module's quoted address.
 * @param {string | URL} address
 * @param {(quoted: string) => string} [code]
 */
export function ofThisOrigin(address, code = (quoted) => `import ${quoted};`) {
  const { href, origin } = new URL(address);
  if (origin === globalThis.origin) return href;
  const between = new Blob([code(JSON.stringify(href))], { type: "text/javascript" });
  return URL.createObjectURL(between);
}
