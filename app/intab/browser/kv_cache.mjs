/**
 * The KV cache of some sequences, in tensors on this side of the boundary. Forks share tensors, so
 * they are counted, and the last one that lets go of a tensor disposes it.
 */
const holders = new Map(); // tensor -> how many caches hold it

/** How many cache tensors are alive; 0 when every session is closed. */
export function liveTensors() {
  return holders.size;
}

export class KvCache {
  /** `tensors` by the names of the past inputs, made by `runner`; `slots` are the plan's. */
  constructor(runner, slots, tensors) {
    Object.assign(this, { runner, slots, tensors });
    Object.values(tensors).forEach(hold);
  }

  static empty({ runner, plan }, batch) {
    const make = ({ past, dtype, heads, dim }) => [
      past,
      runner.tensor(dtype, [batch, heads, 0, dim]),
    ];
    return new KvCache(runner, plan.caches, Object.fromEntries(plan.caches.map(make)));
  }

  share() {
    return new KvCache(this.runner, this.slots, this.tensors);
  }

  /** The present tensors of a run become the past ones. */
  replace(results) {
    const next = this.slots.map(({ past, present }) => [past, results[present]]);
    this.become(Object.fromEntries(next));
  }

  /** Keep, repeat and reorder sequences; only the first `length` tokens of each. */
  async cut(sequences, length) {
    const next = {};
    for (const [past, tensor] of Object.entries(this.tensors)) {
      next[past] = await this.runner.part(tensor, sequences, length);
    }
    this.become(next);
  }

  become(tensors) {
    Object.values(tensors).forEach(hold);
    this.dispose();
    this.tensors = tensors;
  }

  /** May be called twice. */
  dispose() {
    Object.values(this.tensors).forEach(letGo);
    this.tensors = {};
  }
}

function hold(tensor) {
  holders.set(tensor, (holders.get(tensor) ?? 0) + 1);
}

function letGo(tensor) {
  const left = holders.get(tensor) - 1;
  if (left) return holders.set(tensor, left);
  holders.delete(tensor);
  return tensor.dispose();
}
