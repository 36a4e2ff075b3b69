/**
 * The cache of some sequences, in tensors on this side of the boundary. Forks share tensors, so
 * they are counted, and the last one that lets go of a tensor disposes it.
 *
 * A graph gives back all rows, which take the place of those before (`KvCache`), or the new rows
 * alone, which are written into tensors that have room for more (`RoomyCache`). States, which have
 * no rows of tokens, take the place of those before; these stay for one step more, since a step may
 * turn out to be one that nobody waited for.
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
  const room = plan.roomy ? blocks(runner.leastRoom) : 0;
  const tensors = emptyTensors(runner, plan.caches, batch, room);
  return new (plan.roomy ? RoomyCache : KvCache)(runner, plan.caches, tensors);
}

function emptyTensors(runner, slots, batch, room = 0) {
  const make = (slot) => {
    const dims = [...slot.shape];
    dims[slot.batch] = batch;
    if (isState(slot)) return [slot.past, runner.zeros(slot.dtype, dims)];
    dims[slot.rows] = room;
    return [slot.past, runner.tensor(slot.dtype, dims)];
  };
  return Object.fromEntries(slots.map(make));
}

function isState(slot) {
  return slot.rows === null;
}

const NOTHING = { length: -1, states: {} };

class KvCache {
  /** `tensors` by the names of the past inputs, made by `runner`; `slots` are the plan's. `earlier`
   * has the states before the last step, and the length then. */
  constructor(runner, slots, tensors, earlier = NOTHING) {
    Object.assign(this, { runner, slots, tensors, earlier });
    this.held.forEach(hold);
  }

  get held() {
    return [...Object.values(this.tensors), ...Object.values(this.earlier.states)];
  }

  /** Rows of each sequence, those included that nothing was written to. */
  get room() {
    const slot = this.slots.find((each) => !isState(each));
    return slot ? this.tensors[slot.past].dims[slot.rows] : 0;
  }

  share() {
    return new this.constructor(this.runner, this.slots, this.tensors, this.earlier);
  }

  /** Take in what a run gave after `length` tokens. */
  keep(results, length) {
    const next = this.slots.map(({ past, present }) => [past, results[present]]);
    const states = this.slots.filter(isState).map(({ past }) => [past, this.tensors[past]]);
    this.become(Object.fromEntries(next), { length, states: Object.fromEntries(states) });
  }

  /** Keep, repeat and reorder sequences; only the first `length` of their `before` tokens. */
  cut(sequences, length, before) {
    if (length < before) this.takeBack(length);
    return this.move(sequences, length, length);
  }

  async move(sequences, length, room) {
    const next = {};
    try {
      for (const slot of this.slots) {
        const tensor = this.tensors[slot.past];
        next[slot.past] = await this.runner.part(tensor, slot, sequences, length, room);
      }
    } catch (error) {
      Object.values(next).forEach((tensor) => tensor.dispose());
      throw error;
    }
    this.become(next);
  }

  /** Put the states before the last step in the place of those after it; zeros for no tokens. */
  takeBack(length) {
    const slots = this.slots.filter(isState);
    if (!slots.length) return;
    if (length && length !== this.earlier.length) throw new Error("states cannot be cut");
    const batch = this.tensors[slots[0].past].dims[slots[0].batch];
    const states = length ? this.earlier.states : emptyTensors(this.runner, slots, batch);
    this.become({ ...this.tensors, ...states });
  }

  become(tensors, earlier = NOTHING) {
    const { held } = this;
    Object.assign(this, { tensors, earlier });
    this.held.forEach(hold);
    held.forEach(letGo);
  }

  /** May be called twice. */
  dispose() {
    this.become({});
  }
}

class RoomyCache extends KvCache {
  /** Write the new rows behind the first `length`, in tensors of our own that have room for them. */
  async keep(results, length) {
    const rows = this.slots.map((slot) => [slot, results[slot.present]]);
    try {
      const [slot, first] = rows[0];
      const total = length + first.dims[slot.rows];
      const shared = Object.values(this.tensors).some((tensor) => holders.get(tensor) > 1);
      if (shared || total > this.room) {
        await this.move(allOf(first, slot), length, blocks(total));
      }
      const pairs = rows.map(([each, tensor]) => [tensor, this.tensors[each.past], each]);
      await this.runner.write(pairs, length);
    } finally {
      rows.forEach(([, tensor]) => tensor.dispose());
    }
  }

  /** Rows beyond `length` may stay: the mask hides them until others are written there. */
  async cut(sequences, length) {
    const [slot] = this.slots;
    const batch = this.tensors[slot.past].dims[slot.batch];
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
