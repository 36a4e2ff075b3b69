/**
 * What makes a network's tensors and runs its session on them. Here is what holds where the values of
 * a tensor can be read and written where they lie, which is so in arrays.mjs and heap.mjs.
 */
export class Runner {
  /** A tensor of the given sequences of a cache tensor, and of the first `length` tokens of each. */
  async part(tensor, sequences, length) {
    const part = this.tensor(tensor.type, partShape(tensor, sequences, length));
    const [source, target] = [await tensor.getData(), await part.getData()];
    for (const { from, to, size } of pieces(tensor, sequences, length)) {
      target.set(source.subarray(from, from + size), to);
    }
    return part;
  }

  /** The last `rows` rows of each sequence, as a copy; halves as uint16. Ends the tensor. */
  async rows(logits, rows) {
    try {
      const data = await logits.getData();
      const found = new data.constructor(wantedRows(logits, rows));
      for (const { from, to, size } of lastRows(logits, rows)) {
        found.set(data.subarray(from, from + size), to);
      }
      return found instanceof Float32Array ? found : new Uint16Array(found.buffer);
    } finally {
      logits.dispose();
    }
  }
}

/** Dimensions of a part of a cache tensor [batch, heads, tokens, dim]. */
export function partShape({ dims }, sequences, length) {
  return [sequences.length, dims[1], length, dims[3]];
}

/** What to copy for a part: places and sizes, counted in values. */
export function* pieces({ dims: [, heads, total, dim] }, sequences, length) {
  const size = length * dim;
  for (const [to, from] of sequences.entries()) {
    for (let head = 0; head < heads; head++) {
      yield { from: (from * heads + head) * total * dim, to: (to * heads + head) * size, size };
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
