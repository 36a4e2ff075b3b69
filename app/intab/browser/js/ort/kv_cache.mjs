/**
 * The cache of some sequences, in tensors on this side of the boundary. Forks share tensors, so
 * they are counted, and the last one that lets go of a tensor disposes it.
 *
 * A graph gives back all rows, which take the place of those before (`KvCache`), or the new rows
 * alone, which are written into tensors that have room for more (`RoomyCache`), or it writes into such
 * tensors itself (`FixedCache`). States, which have
 * no rows of tokens, take the place of those before; these stay for one step more, since a step may
 * turn out to be one that nobody waited for.
 */
import { allOf, partShape } from "./runner.mjs";

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
  const Kind = plan.inPlace ? FixedCache : plan.roomy ? RoomyCache : KvCache;
  const room = plan.inPlace ? BLOCK : plan.roomy ? blocks(runner.leastRoom) : 0;
  const tensors = emptyTensors(runner, plan.caches, batch, room);
  return new Kind(runner, plan.caches, tensors);
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

  /** What a run is to write into, by the names of the present outputs; undefined: into what it makes.
   * @returns {Record<string, CacheTensor> | undefined} */
  get outputs() {
    return undefined;
  }

  /**
   * Be ready for a run that makes `total` tokens of the first `length`.
   * @param {number} _length
   * @param {number} _total
   */
  async prepare(_length, _total) {}

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
      await this.allocate(async () => {
        for (const slot of this.slots) {
          const tensor = this.tensors[slot.past];
          next[slot.past] = await this.runner.part(tensor, slot, sequences, length, room);
        }
      });
    } catch (error) {
      Object.values(next).forEach((tensor) => tensor.dispose());
      throw error;
    }
    this.become(next);
  }

  /** @param {() => Promise<void>} make */
  allocate(make) {
    return make();
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
      await this.makeRoom(allOf(first, slot), length, total);
      const pairs = rows.map(([each, tensor]) => [tensor, this.tensors[each.past], each]);
      await this.runner.write(pairs, length);
    } finally {
      rows.forEach(([, tensor]) => tensor.dispose());
    }
  }

  /** Rows that there are tensors for.  */
  get capacity() {
    const [slot] = this.slots;
    return this.tensors[slot.past].dims[Number(slot.rows)];
  }

  /**
   * Have tensors of our own with room for `total` tokens, and the first `length` in them.
   * @param {number[]} sequences
   * @param {number} length
   * @param {number} total
   */
  async makeRoom(sequences, length, total) {
    const shared = Object.values(this.tensors).some((tensor) => (holders.get(tensor) ?? 0) > 1);
    if (shared || total > this.capacity) await this.move(sequences, length, this.roomFor(total));
  }

  /** @param {number} rows */
  roomFor(rows) {
    return blocks(Math.max(rows, this.runner.leastRoom));
  }

  /**
   * Rows beyond `length` may stay: nothing looks at them until others are written there.
   * @param {number[]} sequences
   * @param {number} length
   */
  async cut(sequences, length) {
    const [slot] = this.slots;
    const batch = this.tensors[slot.past].dims[slot.batch];
    const same = sequences.length === batch && sequences.every((from, to) => from === to);
    if (!same) await this.move(sequences, length, this.roomFor(length));
  }
}

/** The graph's outputs are its inputs: it writes the new rows behind the others, and no buffer is made
 * for a token. Twice as many rows each time that more are needed. */
class FixedCache extends RoomyCache {
  /** None in the mask, which tells of no row that is empty. */
  get room() {
    return 0;
  }

  get outputs() {
    return Object.fromEntries(this.slots.map(({ past, present }) => [present, this.tensors[past]]));
  }

  /**
   * @param {number} length
   * @param {number} total
   */
  async prepare(length, total) {
    const [slot] = this.slots;
    await this.makeRoom(allOf(this.tensors[slot.past], slot), length, total);
  }

  async keep() {}

  /** @param {number} rows */
  roomFor(rows) {
    let room = BLOCK;
    while (room < rows) room *= 2;
    const fits = this.slots.every((slot) => {
      const { type, dims } = this.tensors[slot.past];
      return this.runner.fits(type, partShape({ dims }, slot, allOf({ dims }, slot), room));
    });
    return fits ? room : Math.max(rows, 1);
  }

  /** @param {() => Promise<void>} make */
  allocate(make) {
    return this.runner.allocating(make);
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
