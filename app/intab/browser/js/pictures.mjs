/**
 * Pictures as pixels: what the browser has or decodes, for Python's Pillow. Decoded without a change of
 * colours they are those of native Pillow, to the bit; no canvas scales here, since that differs.
 */
import code from "../../../../kernels/resize.wasm";
import { borrow, giveBack } from "./buffers.mjs";
import { Resizer, sizeOf } from "./resize.mjs";

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
  if (typeof source.toDataURL === "function") return await addressOf(source);
  return pixelsOf(source);
}

/**
 * A page's canvas as a data: address. It refuses for one reason, whose name is lost on its way here.
 * @param {{ toDataURL: (kind: string) => any }} canvas
 */
async function addressOf(canvas) {
  try {
    return String(await canvas.toDataURL("image/png"));
  } catch (error) {
    throw new DOMException(error instanceof Error ? error.message : String(error), "SecurityError");
  }
}

/** @type {OffscreenCanvas | undefined} */
let canvas; // one for all, so that a camera's frames need no more memory than the first

/** @param {any} source what a canvas can draw, or another canvas @returns {Pixels} */
export function pixelsOf(source) {
  const [width, height] = [source.displayWidth ?? source.width, source.displayHeight ?? source.height];
  if (!(width > 0 && height > 0)) throw new TypeError("it has no width and height");
  canvas ??= new OffscreenCanvas(width, height);
  Object.assign(canvas, { width, height }); // which empties it
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas can be had");
  context.drawImage(source, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return { size: JSON.stringify([width, height]), pixels: data };
}

/**
 * The pixels of a camera's frame, until they are given back.
 * @param {VideoFrame | ImageBitmap} frame
 * @returns {Promise<Pixels & { release: () => void }>}
 */
export async function framePixels(frame) {
  if (!("copyTo" in frame && isCopied(frame))) return { ...pixelsOf(frame), release() {} };
  const { displayWidth: width, displayHeight: height } = frame;
  const buffer = borrow(4 * width * height);
  await frame.copyTo(buffer, RGBA);
  return {
    size: JSON.stringify([width, height]),
    pixels: new Uint8ClampedArray(buffer),
    release: () => giveBack(buffer),
  };
}

/** @type {any} */
const RGBA = { format: "RGBA" }; // which TypeScript does not know yet

/**
 * Whether copying a frame gives what drawing it would: a browser may know no RGBA, and a copy is neither
 * turned nor stretched.
 * @param {any} frame a VideoFrame
 */
function isCopied(frame) {
  const { rotation, flip, visibleRect: shown, displayWidth: width, displayHeight: height } = frame;
  if (rotation || flip || shown?.width !== width || shown.height !== height) return false;
  try {
    return frame.allocationSize(RGBA) === 4 * width * height;
  } catch {
    return false;
  }
}

/** @type {Resizer | undefined} */
let resizer; // once it is needed

/**
 * What a model takes of a picture, as bytes, until they are given back: the picture itself stays out of
 * Python.
 * @param {Pixels} picture
 * @param {string} plan JSON, as resize.mjs has it
 * @param {any} tables float32 as bytes, as Python has them
 */
export function preparePicture({ size, pixels }, plan, tables) {
  const [width, height] = JSON.parse(size);
  const bytes = tables.toJs ? tables.toJs() : tables;
  const levels = new Float32Array(bytes.slice().buffer);
  const todo = JSON.parse(plan);
  const buffer = borrow(4 * sizeOf(todo));
  resizer ??= new Resizer(code);
  resizer.prepared(pixels, [height, width], todo, levels, new Float32Array(buffer));
  return { bytes: new Uint8Array(buffer), release: () => giveBack(buffer) };
}
