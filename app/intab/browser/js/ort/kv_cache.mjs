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

/**
 * The cache of `batch` sequences without a row, as the network's graph wants it.
 * @param {{runner: any, plan: any}} given
 * @param {number} batch
 */
export function emptyCache({ runner, plan }, batch) {
  const room = plan.roomy ? blocks(runner.leastRoom) : 0;
  const tensors = emptyTensors(runner, plan.caches, batch, room);
  return new (plan.roomy ? RoomyCache : KvCache)(runner, plan.caches, tensors);
}

/**
 * @param {any} runner
 * @param {import("../../../../../tools/js/types/ort.d.ts").Slot[]} slots
 * @param {number} batch
 * @param {number} [room]
 */
function emptyTensors(runner, slots, batch, room = 0) {
  const make = (/** @type {import("../../../../../tools/js/types/ort.d.ts").Slot} */ slot) => {
    const dims = [...slot.shape];
    dims[slot.batch] = batch;
    if (isState(slot)) return [slot.past, runner.zeros(slot.dtype, dims)];
    dims[Number(slot.rows)] = room;
    return [slot.past, runner.tensor(slot.dtype, dims)];
  };
  return Object.fromEntries(slots.map(make));
}

/** @param {import("../../../../../tools/js/types/ort.d.ts").Slot} slot */
function isState(slot) {
  return slot.rows === null;
}

/** @typedef {import("../../../../../tools/js/types/ort.d.ts").CacheTensor} CacheTensor */

/** @type {{length: number, states: Record<string, CacheTensor>}} */
const NOTHING = { length: -1, states: {} };

class KvCache {
  /** `tensors` by the names of the past inputs, made by `runner`; `slots` are the plan's. `earlier`
   * has the states before the last step, and the length then.
   * @param {any} runner
   * @param {import("../../../../../tools/js/types/ort.d.ts").Slot[]} slots
   * @param {Record<string, CacheTensor>} tensors
   */
  constructor(runner, slots, tensors, earlier = NOTHING) {
    this.runner = runner;
    this.slots = slots;
    this.tensors = tensors;
    this.earlier = earlier;
    this.held.forEach(hold);
  }

  get held() {
    return [...Object.values(this.tensors), ...Object.values(this.earlier.states)];
  }

  /** Rows of each sequence, those included that nothing was written to. */
  get room() {
    const slot = this.slots.find((each) => !isState(each));
    return slot ? this.tensors[slot.past].dims[Number(slot.rows)] : 0;
  }

  share() {
    const Same = /** @type {typeof KvCache} */ (this.constructor);
    return new Same(this.runner, this.slots, this.tensors, this.earlier);
  }

  /**
   * Take in what a run gave after `length` tokens.
   * @param {Record<string, CacheTensor>} results
   * @param {number} length
   */
  keep(results, length) {
    const next = this.slots.map(({ past, present }) => [past, results[present]]);
    const states = this.slots.filter(isState).map(({ past }) => [past, this.tensors[past]]);
    this.become(Object.fromEntries(next), { length, states: Object.fromEntries(states) });
  }

  /**
   * Keep, repeat and reorder sequences; only the first `length` of their `before` tokens.
   * @param {number[]} sequences
   * @param {number} length
   * @param {number} before
   */
  cut(sequences, length, before) {
    if (length < before) this.takeBack(length);
    return this.move(sequences, length, length);
  }

  /**
   * @param {number[]} sequences
   * @param {number} length
   * @param {number} room
   */
  async move(sequences, length, room) {
    /** @type {Record<string, CacheTensor>} */
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

  /**
   * Put the states before the last step in the place of those after it; zeros for no tokens.
   * @param {number} length
   */
  takeBack(length) {
    const slots = this.slots.filter(isState);
    if (!slots.length) return;
    if (length && length !== this.earlier.length) throw new Error("states cannot be cut");
    const batch = this.tensors[slots[0].past].dims[slots[0].batch];
    const states = length ? this.earlier.states : emptyTensors(this.runner, slots, batch);
    this.become({ ...this.tensors, ...states });
  }

  /**
   * @param {Record<string, CacheTensor>} tensors
   * @param {any} [earlier]
   */
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
  /**
   * Write the new rows behind the first `length`, in tensors of our own that have room for them.
   * @param {Record<string, CacheTensor>} results
   * @param {number} length
   */
  async keep(results, length) {
    /** @type {[import("../../../../../tools/js/types/ort.d.ts").Slot, CacheTensor][]} */
    const rows = this.slots.map((slot) => [slot, results[slot.present]]);
    try {
      const [slot, first] = rows[0];
      const total = length + first.dims[Number(slot.rows)];
      const shared = Object.values(this.tensors).some((tensor) => (holders.get(tensor) ?? 0) > 1);
      if (shared || total > this.room) {
        await this.move(allOf(first, slot), length, blocks(total));
      }
      const pairs = rows.map(([each, tensor]) => [tensor, this.tensors[each.past], each]);
      await this.runner.write(pairs, length);
    } finally {
      rows.forEach(([, tensor]) => tensor.dispose());
    }
  }

  /**
   * Rows beyond `length` may stay: the mask hides them until others are written there.
   * @param {number[]} sequences
   * @param {number} length
   */
  async cut(sequences, length) {
    const [slot] = this.slots;
    const batch = this.tensors[slot.past].dims[slot.batch];
    const same = sequences.length === batch && sequences.every((from, to) => from === to);
    if (!same) await this.move(sequences, length, blocks(Math.max(length, this.runner.leastRoom)));
  }
}

/** @param {number} rows */
function blocks(rows) {
  return Math.ceil(rows / BLOCK) * BLOCK;
}

/** @param {CacheTensor} tensor */
function hold(tensor) {
  holders.set(tensor, (holders.get(tensor) ?? 0) + 1);
}

/** @param {CacheTensor} tensor */
function letGo(tensor) {
  const left = holders.get(tensor) - 1;
  if (left) return holders.set(tensor, left);
  holders.delete(tensor);
  return tensor.dispose();
}
