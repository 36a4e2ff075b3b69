/**
 * What makes a network's tensors and runs its session on them. Here is what holds where the values of
 * a tensor can be read and written where they lie, which is so in arrays.mjs and heap.mjs.
 */
export class Runner {
  leastRoom = 0; // rows that a cache to be written into must have

  /** A tensor of the values given; each kind of runner has its own.
   * @param {string} _type
   * @param {readonly number[]} _dims
   * @param {any} [_values] a typed array
   * @returns {any} */
  tensor(_type, _dims, _values) {
    throw new Error("a runner has tensors of its own");
  }

  /**
   * A tensor of zeros.
   * @param {string} type
   * @param {readonly number[]} dims
   */
  zeros(type, dims) {
    return this.tensor(type, dims);
  }

  /**
   * A tensor of the given sequences of the cache tensor of a slot, with the first `length` rows of
   * each. It has `room` rows; those behind are zeros, since what lies there is multiplied, if only
   * by zero. A state, which has no rows, is copied whole.
   * @param {any} tensor
   * @param {import("../../../../../tools/js/types/ort.d.ts").Slot} slot
   * @param {number[]} sequences
   * @param {number} length
   * @param {number} room
   */
  async part(tensor, slot, sequences, length, room) {
    const part = this.tensor(tensor.type, partShape(tensor, slot, sequences, room));
    const [source, target] = [await tensor.getData(), await part.getData()];
    if (slot.rows !== null && room > length) target.fill(0);
    copy(source, target, pieces(tensor, part, slot, sequences, length));
    return part;
  }

  /**
   * Write the rows of cache tensors into others, from row `at` on: [[from, to, slot], ...].
   * @param {[any, any, import("../../../../../tools/js/types/ort.d.ts").Slot][]} pairs
   * @param {number} at
   */
  async write(pairs, at) {
    for (const [rows, tensor, slot] of pairs) {
      const [source, target] = [await rows.getData(), await tensor.getData()];
      copy(source, target, pieces(rows, tensor, slot, allOf(rows, slot), rows.dims[Number(slot.rows)], at));
    }
  }

  /**
   * Write bytes into a tensor, each part from its byte `at` on.
   * @param {any} tensor
   * @param {{at: number, bytes: Uint8Array}[]} parts
   */
  async overwrite(tensor, parts) {
    const { buffer, byteOffset, byteLength } = await tensor.getData();
    const data = new Uint8Array(buffer, byteOffset, byteLength);
    for (const { at, bytes } of parts) data.set(bytes, at);
  }

  /**
   * The last `rows` rows of each sequence, as a copy; halves as uint16. Ends the tensor.
   * @param {any} logits
   * @param {number} rows
   */
  async rows(logits, rows) {
    try {
      const data = await logits.getData();
      const found = new data.constructor(wantedRows(logits, rows));
      copy(data, found, lastRows(logits, rows));
      return found instanceof Float32Array ? found : new Uint16Array(found.buffer);
    } finally {
      logits.dispose();
    }
  }
}

/**
 * @param {any} source
 * @param {any} target
 * @param {Iterable<import("../../../../../tools/js/types/ort.d.ts").Place>} places
 */
function copy(source, target, places) {
  for (const { from, to, size } of places) target.set(source.subarray(from, from + size), to);
}

/**
 * Dimensions of a part of a cache tensor: of so many sequences, with so many rows.
 * @param {{dims: readonly number[]}} given
 * @param {import("../../../../../tools/js/types/ort.d.ts").Slot} slot
 * @param {number[]} sequences
 * @param {number} rows
 */
export function partShape({ dims }, slot, sequences, rows) {
  const shape = [...dims];
  shape[slot.batch] = sequences.length;
  if (slot.rows !== null) shape[slot.rows] = rows;
  return shape;
}

/**
 * The numbers of all sequences of a cache tensor.
 * @param {{dims: readonly number[]}} given
 * @param {import("../../../../../tools/js/types/ort.d.ts").Slot} slot
 */
export function allOf({ dims }, slot) {
  return [...Array(dims[slot.batch]).keys()];
}

/**
 * What to copy from one cache tensor into another: places and sizes, counted in values. The first
 * `length` rows of each of the sequences go to row `at`; of a state, all of it.
 * @param {any} tensor
 * @param {any} target
 * @param {import("../../../../../tools/js/types/ort.d.ts").Slot} slot
 * @param {number[]} sequences
 * @param {number} length
 * @param {number} [at]
 */
export function* pieces(tensor, target, slot, sequences, length, at = 0) {
  const [source, goal] = [layout(tensor, slot), layout(target, slot)];
  const { heads, size } = source;
  const count = slot.rows === null ? 1 : length;
  for (let part = 0; part < source.parts; part++) {
    for (const [to, from] of sequences.entries()) {
      for (let head = 0; head < heads; head++) {
        const line = (/** @type {any} */ { batch, rows }, /** @type {number} */ i) =>
          ((part * batch + i) * heads + head) * rows;
        const [start, end] = [line(source, from), line(goal, to) + at];
        yield { from: start * size, to: end * size, size: count * size };
      }
    }
  }
}

/**
 * A cache tensor as [parts, batch, heads, rows, size]; a state has one row.
 * @param {{dims: readonly number[]}} given
 * @param {import("../../../../../tools/js/types/ort.d.ts").Slot} slot
 */
function layout({ dims }, slot) {
  const last = slot.rows ?? slot.batch;
  const inner = slot.rows === null ? [] : dims.slice(slot.batch + 1, last);
  return {
    parts: product(dims.slice(0, slot.batch)),
    batch: dims[slot.batch],
    heads: product(inner),
    rows: slot.rows === null ? 1 : dims[last],
    size: product(dims.slice(last + 1)),
  };
}

/**
 * How many values a tensor of these dimensions has.
 * @param {readonly number[]} dims
 */
export function product(dims) {
  return dims.reduce((sum, size) => sum * size, 1);
}

/**
 * How many values the last `rows` rows of logits [batch, all, vocabulary] have.
 * @param {{dims: readonly number[]}} given
 * @param {number} rows
 */
export function wantedRows({ dims }, rows) {
  if (dims.length !== 3) {
    throw new Error(`the logits have ${dims.length} dimensions, not [batch, rows, vocabulary]`);
  }
  const [batch, all, vocabulary] = dims;
  if (rows > all) throw new Error(`${all} rows of logits came, not ${rows}`);
  return batch * rows * vocabulary;
}

/**
 * What to copy for the last `rows` rows: places and sizes, counted in values.
 * @param {{dims: any}} given
 * @param {number} rows
 */
export function* lastRows({ dims: [batch, all, vocabulary] }, rows) {
  const size = rows * vocabulary;
  for (let i = 0; i < batch; i++) {
    yield { from: (i + 1) * all * vocabulary - size, to: i * size, size };
  }
}
