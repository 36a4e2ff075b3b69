/**
 * What makes a network's tensors and runs its session on them. Here is what holds where the values of
 * a tensor can be read and written where they lie, which is so in arrays.mjs and heap.mjs.
 */
export class Runner {
  leastRoom = 0; // rows that a cache to be written into must have

  /**
   * A tensor of the given sequences of a cache tensor, with the first `length` rows of each. It has
   * `room` rows; those behind are zeros, since what lies there is multiplied, if only by zero.
   */
  async part(tensor, sequences, length, room) {
    const part = this.tensor(tensor.type, partShape(tensor, sequences, room));
    const [source, target] = [await tensor.getData(), await part.getData()];
    if (room > length) target.fill(0);
    copy(source, target, pieces(tensor, part, sequences, length));
    return part;
  }

  /** Write the rows of cache tensors into others, from row `at` on: [[from, to], ...]. */
  async write(pairs, at) {
    for (const [rows, tensor] of pairs) {
      const [source, target] = [await rows.getData(), await tensor.getData()];
      copy(source, target, pieces(rows, tensor, allOf(rows), rows.dims[2], at));
    }
  }

  /** The last `rows` rows of each sequence, as a copy; halves as uint16. Ends the tensor. */
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

function copy(source, target, places) {
  for (const { from, to, size } of places) target.set(source.subarray(from, from + size), to);
}

/** Dimensions of a part of a cache tensor [batch, heads, rows, dim]. */
export function partShape({ dims }, sequences, rows) {
  return [sequences.length, dims[1], rows, dims[3]];
}

/** The numbers of all sequences of a cache tensor. */
export function allOf({ dims }) {
  return [...Array(dims[0]).keys()];
}

/**
 * What to copy from one cache tensor into another: places and sizes, counted in values. The first
 * `length` rows of each of the sequences go to row `at`.
 */
export function* pieces({ dims: [, heads, rows, dim] }, target, sequences, length, at = 0) {
  const room = target.dims[2];
  for (const [to, from] of sequences.entries()) {
    for (let head = 0; head < heads; head++) {
      const start = ((to * heads + head) * room + at) * dim;
      yield { from: (from * heads + head) * rows * dim, to: start, size: length * dim };
    }
  }
}

/** How many values the last `rows` rows of logits [batch, all, vocabulary] have. */
export function wantedRows({ dims: [batch, all, vocabulary] }, rows) {
  if (rows > all) throw new Error(`${all} rows of logits came, not ${rows}`);
  return batch * rows * vocabulary;
}

/** What to copy for the last `rows` rows: places and sizes, counted in values. */
export function* lastRows({ dims: [batch, all, vocabulary] }, rows) {
  const size = rows * vocabulary;
  for (let i = 0; i < batch; i++) {
    yield { from: (i + 1) * all * vocabulary - size, to: i * size, size };
  }
}
