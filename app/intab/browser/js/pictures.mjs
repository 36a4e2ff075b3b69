/**
 * Pictures as pixels: what the browser has or decodes, for Python's Pillow. Decoded without a change of
 * colours they are those of native Pillow, to the bit; nothing is scaled here, since a canvas does that
 * otherwise than Pillow.
 */

/** @type {ImageBitmapOptions} */
const EXACT = { colorSpaceConversion: "none", premultiplyAlpha: "none" };

/** @typedef {{ size: string, pixels: Uint8ClampedArray }} Pixels `size`: JSON of [width, height]; RGBA */

/**
 * The pixels of a file.
 * @param {any} data its bytes, as Python has them
 * @returns {Promise<Pixels>}
 */
export async function decodePicture(data) {
  const bytes = data.toJs ? data.toJs() : data;
  const bitmap = await createImageBitmap(new Blob([bytes]), EXACT);
  try {
    return pixelsOf(bitmap);
  } finally {
    bitmap.close();
  }
}

/**
 * What an object of JavaScript's has: pixels, a data: address, or the bytes of a file.
 * @param {any} source
 * @returns {Promise<Pixels | string | Uint8Array>}
 */
export async function readPicture(source) {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (typeof source.arrayBuffer === "function") return new Uint8Array(await source.arrayBuffer());
  // A canvas of the page, which a worker reaches by its functions alone.
  if (typeof source.toDataURL === "function") return String(await source.toDataURL("image/png"));
  return pixelsOf(source);
}

/** @param {any} source what a canvas can draw, or another canvas @returns {Pixels} */
function pixelsOf(source) {
  const { width, height } = source;
  if (!(width > 0 && height > 0)) throw new TypeError("it has no width and height");
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas can be had");
  context.drawImage(source, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return { size: JSON.stringify([width, height]), pixels: data };
}
