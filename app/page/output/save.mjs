/** Gives the visitor a file: nothing leaves the page but into the disk. */

/**
 * @param {string} name
 * @param {BlobPart} content
 * @param {string} [type]
 */
export function save(name, content, type = "text/plain;charset=utf-8") {
  const href = URL.createObjectURL(new Blob([content], { type }));
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000); // the browser reads it when it gets to it
}
