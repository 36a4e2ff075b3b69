/**
 * The KV cache of some sequences, in tensors on this side of the boundary. Forks share tensors, so
 * they are counted, and the last one that lets go of a tensor disposes it.
 *
 * A graph gives back all rows, which take the place of those before (`KvCache`), or the new rows
 * alone, which are written into tensors that have room for more (`RoomyCache`).
 */
import { allOf } from "./runner.mjs";

const BLOCK = 128; // rows by which room grows
const holders = new Map(); // tensor -> how many caches hold it

/** How many cache tensors are alive; 0 when every session is closed. */
export function liveTensors() {
  return holders.size;
}

/** The cache of `batch` sequences without a row, as the network's graph wants it. */
export function emptyCache({ runner, plan }, batch) {
  const room = plan.cache_position ? blocks(runner.leastRoom) : 0;
  const make = ({ past, dtype, heads, dim }) => {
    return [past, runner.tensor(dtype, [batch, heads, room, dim])];
  };
  const tensors = Object.fromEntries(plan.caches.map(make));
  return new (plan.cache_position ? RoomyCache : KvCache)(runner, plan.caches, tensors);
}

class KvCache {
  /** `tensors` by the names of the past inputs, made by `runner`; `slots` are the plan's. */
  constructor(runner, slots, tensors) {
    Object.assign(this, { runner, slots, tensors });
    Object.values(tensors).forEach(hold);
  }

  /** Rows of each sequence, those included that nothing was written to. */
  get room() {
    return Object.values(this.tensors)[0]?.dims[2] ?? 0;
  }

  share() {
    return new this.constructor(this.runner, this.slots, this.tensors);
  }

  /** Take in what a run gave. */
  keep(results) {
    const next = this.slots.map(({ past, present }) => [past, results[present]]);
    this.become(Object.fromEntries(next));
  }

  /** Keep, repeat and reorder sequences; only the first `length` rows of each. */
  cut(sequences, length) {
    return this.move(sequences, length, length);
  }

  async move(sequences, length, room) {
    const next = {};
    try {
      for (const [past, tensor] of Object.entries(this.tensors)) {
        next[past] = await this.runner.part(tensor, sequences, length, room);
      }
    } catch (error) {
      Object.values(next).forEach((tensor) => tensor.dispose());
      throw error;
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

class RoomyCache extends KvCache {
  /** Write the new rows behind the first `length`, in tensors of our own that have room for them. */
  async keep(results, length) {
    const rows = this.slots.map(({ past, present }) => [past, results[present]]);
    try {
      const first = rows[0][1];
      const total = length + first.dims[2];
      const shared = Object.values(this.tensors).some((tensor) => holders.get(tensor) > 1);
      if (shared || total > this.room) {
        await this.move(allOf(first), length, blocks(total));
      }
      await this.runner.write(rows.map(([past, tensor]) => [tensor, this.tensors[past]]), length);
    } finally {
      rows.forEach(([, tensor]) => tensor.dispose());
    }
  }

  /** Rows beyond `length` may stay: the mask hides them until others are written there. */
  async cut(sequences, length) {
    const batch = Object.values(this.tensors)[0].dims[0];
    const same = sequences.length === batch && sequences.every((from, to) => from === to);
    if (!same) await this.move(sequences, length, blocks(Math.max(length, this.runner.leastRoom)));
  }
}

function blocks(rows) {
  return Math.ceil(rows / BLOCK) * BLOCK;
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
