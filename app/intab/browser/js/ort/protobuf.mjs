/**
 * Reads protobuf messages of a body without parsing them: fields are places in it; and writes some.
 * Used for ONNX files, of which most bytes are weights that are to stay where they are.
 */

/** @typedef {{size: number, read: (from: number, to: number) => Uint8Array}} Body what files/bodies.mjs has */
/** @typedef {{number: number, start: number, from: number, to: number}} Field its number, and places */

const WINDOW = 64 * 1024;
/** @type {Record<number, number>} */
const FIXED = { 1: 8, 5: 4 }; // bytes of the wire types that have always as many
const VARINT_MOST = 10; // bytes

/** Reads a body in windows, since each read of a Blob takes a while. */
export class Source {
  /** @param {Body} body */
  constructor(body) {
    this.body = body;
    this.size = body.size;
    this.from = 0;
    /** @type {Uint8Array} */
    this.window = new Uint8Array(0);
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  bytes(start, end) {
    if (end - start > WINDOW) return this.body.read(start, end);
    if (start < this.from || end > this.from + this.window.length) {
      this.from = start;
      this.window = this.body.read(start, Math.min(start + WINDOW, this.size));
    }
    return this.window.subarray(start - this.from, end - this.from);
  }

  /**
   * [value, where it ends]
   * @param {number} at
   */
  varint(at) {
    let value = 0;
    const bytes = this.bytes(at, Math.min(at + VARINT_MOST, this.size));
    for (const [count, byte] of bytes.entries()) {
      value += (byte & 127) * 128 ** count;
      if (byte < 128) return [value, at + count + 1];
    }
    throw new Error("the file is not ONNX, or it is cut off");
  }

  /**
   * The fields of a message: number, where they begin, their content's place.
   * @param {number} start
   * @param {number} end
   */
  *fields(start, end) {
    while (start < end) {
      const [tag, after] = this.varint(start);
      const [from, to] = this.content(tag % 8, after);
      if (!(to <= end)) throw new Error("the file is not ONNX, or it is cut off");
      yield { number: Math.floor(tag / 8), start, from, to };
      start = to;
    }
  }

  /**
   * @param {number} wire
   * @param {number} at
   */
  content(wire, at) {
    if (wire === 0) return [at, this.varint(at)[1]];
    if (wire === 2) {
      const [length, from] = this.varint(at);
      return [from, from + length];
    }
    return [at, at + (FIXED[wire] ?? NaN)];
  }

  /** @param {{from: number, to: number}} given */
  text({ from, to }) {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes(from, to));
  }
}

/**
 * Text as bytes.
 * @param {string} text
 */
export function encode(text) {
  return new TextEncoder().encode(text);
}

/**
 * The parts of a field that is a message, or bytes, made of `parts`.
 * @param {number} number
 * @param {Uint8Array[]} parts
 */
export function* message(number, parts) {
  yield Uint8Array.from([...varint(number * 8 + 2), ...varint(lengthOf(parts))]);
  yield* parts;
}

/**
 * The bytes of a number.
 * @param {number} value
 */
export function* varint(value) {
  for (; value >= 128; value = Math.floor(value / 128)) yield (value % 128) + 128;
  yield value;
}

/** @param {Uint8Array[]} parts */
function lengthOf(parts) {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/**
 * One array of all parts.
 * @param {Iterable<Uint8Array>} parts
 */
export function join(parts) {
  const all = [...parts];
  const joined = new Uint8Array(lengthOf(all));
  let at = 0;
  for (const part of all) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
