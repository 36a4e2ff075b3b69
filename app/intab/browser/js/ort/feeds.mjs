/**
 * What one run takes and gives, on its way over the boundary: bytes become tensors, tensors become one
 * array of bytes, which browser/onnx.py reads. It knows no graph; a runner makes the tensors.
 */
import { product } from "./runner.mjs";

/** @typedef {[name: string, dtype: string, dims: number[]]} Info */
/** @typedef {import("../../../../../tools/js/types/ort.d.ts").CacheTensor} Tensor */

/** @type {Record<string, any>} */
const VALUES = {
  float32: Float32Array,
  // onnxruntime-web wants Float16Array where the browser has it, Uint16Array elsewhere.
  float16: globalThis.Float16Array ?? Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
};
const TEXT = new TextEncoder();
const ALIGNMENT = 8; // bytes: of the largest values

/**
 * Tensors by name, of [[name, dtype, dims], ...] and the bytes of each.
 * @param {any} runner
 * @param {Info[]} infos
 * @param {Uint8Array[]} bytes
 */
export function tensorsOf(runner, infos, bytes) {
  /** @type {Record<string, Tensor>} */
  const tensors = {};
  try {
    for (const [i, [name, dtype, dims]] of infos.entries()) {
      tensors[name] = runner.tensor(dtype, dims, valuesOf(dtype, bytes[i]));
    }
    return tensors;
  } catch (error) {
    Object.values(tensors).forEach((tensor) => tensor.dispose());
    throw error;
  }
}

/** @param {string} dtype @param {Uint8Array} bytes */
function valuesOf(dtype, { buffer, byteOffset, byteLength }) {
  const Values = VALUES[dtype];
  return new Values(buffer, byteOffset, byteLength / Values.BYTES_PER_ELEMENT);
}

/**
 * The tensors of these names in one array, and their end: the size of a JSON text in 4 bytes, the text
 * [[name, dtype, dims, start], ...], and the values of each from its start on.
 * @param {Record<string, Tensor>} tensors
 * @param {string[]} names
 */
export async function pack(tensors, names) {
  try {
    const sizes = names.map((name) => bytesOf(tensors[name]));
    const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + aligned(size), 0));
    const place = (/** @type {number} */ offset) =>
      names.map((name, i) => [name, tensors[name].type, tensors[name].dims, offset + starts[i]]);
    // The text is as long with the largest offset as with any other, or longer: room for that.
    const room = aligned(4 + encode(place(2 ** 40)).length);
    const text = encode(place(room));
    const packed = new Uint8Array(room + sizes.reduce((sum, size) => sum + aligned(size), 0));
    new DataView(packed.buffer).setUint32(0, text.length, true);
    packed.set(text, 4);
    for (const [i, name] of names.entries()) {
      const { buffer, byteOffset, byteLength } = await tensors[name].getData();
      packed.set(new Uint8Array(buffer, byteOffset, byteLength), room + starts[i]);
    }
    return packed;
  } finally {
    Object.values(tensors).forEach((tensor) => tensor.dispose());
  }
}

/** @param {unknown} value what JSON can hold */
function encode(value) {
  return TEXT.encode(JSON.stringify(value));
}

/** @param {Tensor} tensor */
function bytesOf({ type, dims }) {
  return product(dims) * VALUES[type].BYTES_PER_ELEMENT;
}

/** @param {number} size */
function aligned(size) {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
