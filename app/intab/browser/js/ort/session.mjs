/**
 * Sequences in a loaded network, in step with each other, with their KV cache.
 * One call a step comes in with the ids, the wanted rows of logits go out.
 *
 * Python knows the length: every call says it (`at`), and what lies beyond was left by a step that
 * nobody waited for any more.
 */
import { emptyCache } from "./kv_cache.mjs";
import { exclusively, watched } from "./ort.mjs";
import { EMBEDS, Seen } from "./seen.mjs";

const EMPTY = -1; // the place of a row that nothing was written to: before all padding
/** @type {Record<string, any>} */
const ARRAYS = { int64: BigInt64Array, int32: Int32Array, bool: Uint8Array };

export class Session {
  /**
   * `ids` holds what each sequence has so far, `padding` how many of those are padding.
   * @param {any} network
   * @param {number[]} padding
   * @param {number[][]} ids
   * @param {any} cache
   */
  constructor(network, padding, ids, cache) {
    this.network = network;
    this.padding = padding;
    this.ids = ids;
    this.cache = cache;
    /** @type {Seen | null} */
    this.seen = null;
  }

  /**
   * From now on rows stand in the place of a token's embeddings.
   * @param {number} token
   * @param {Uint8Array<ArrayBuffer>} rows
   */
  show(token, rows) {
    this.seen = new Seen(token, rows);
  }

  /**
   * @param {any} network
   * @param {number[]} padding
   */
  static empty(network, padding) {
    const ids = Array.from(padding, () => []);
    return new Session(network, [...padding], ids, emptyCache(network, padding.length));
  }

  /**
   * Append the flat `ids` [batch * n]; the last `rows` rows of logits of each, as a flat copy. `top`:
   * how many of the largest of a row are enough, 0 if all are wanted; a runner may give all.
   * @param {any} ids
   * @param {number} rows
   * @param {number} at
   * @param {number} [top]
   */
  step(ids, rows, at, top = 0) {
    return exclusively(() => watched(this.network.runner, () => this.append(ids, rows, at, top)));
  }

  /**
   * @param {any} ids
   * @param {number} rows
   * @param {number} at
   * @param {number} top
   */
  async append(ids, rows, at, top) {
    await this.cut(at);
    const count = ids.length / this.ids.length;
    const longer = this.ids.map((/** @type {number[]} */ row, /** @type {number} */ i) => [
      ...row,
      ...ids.slice(i * count, (i + 1) * count),
    ]);
    const results = await this.run(longer, rows);
    await this.keep(results);
    this.ids = longer;
    return await this.network.runner.rows(results[this.network.plan.logits], rows, top);
  }

  /** @param {Record<string, any>} results */
  async keep(results) {
    try {
      await this.cache.keep(results, this.ids[0].length);
    } catch (error) {
      results[this.network.plan.logits].dispose();
      throw error;
    }
  }

  /** @param {number} at */
  rewind(at) {
    return exclusively(() => this.cut(at));
  }

  /**
   * @param {any} sequences
   * @param {number} at
   */
  select(sequences, at) {
    return exclusively(() => this.cut(at, sequences));
  }

  /** An independent session with the same sequences; the cache is shared until one changes. */
  fork() {
    const other = new Session(this.network, this.padding, this.ids, this.cache.share());
    return Object.assign(other, { seen: this.seen });
  }

  /** Queued, since a step that nobody waits for any more may still be running. */
  close() {
    return exclusively(() => this.cache.dispose());
  }

  /**
   * Keep `sequences` (all if not given), and the first `length` tokens of each.
   * @param {number} length
   * @param {any} [sequences]
   */
  async cut(length, sequences) {
    const kept = sequences ?? this.ids.keys();
    if (!sequences && (this.ids[0]?.length ?? 0) <= length) return;
    const chosen = Array.from(kept);
    await this.cache.cut(chosen, length, this.ids[0].length);
    this.padding = chosen.map((i) => this.padding[i]);
    this.ids = chosen.map((i) => this.ids[i].slice(0, length));
  }

  /**
   * @param {number[][]} ids
   * @param {number} rows
   */
  async run(ids, rows) {
    const { plan, runner } = this.network;
    await this.cache.prepare(this.past, ids[0].length);
    const { outputs } = this.cache;
    const wanted = outputs
      ? { [plan.logits]: null, ...outputs }
      : [plan.logits, ...plan.caches.map((/** @type {any} */ { present }) => present)];
    const feeds = this.feeds(ids, rows);
    try {
      if (plan.embeddings) Object.assign(feeds, await this.embedded(ids));
      return await runner.run({ ...feeds, ...this.cache.tensors }, wanted);
    } finally {
      Object.values(feeds).forEach((tensor) => tensor.dispose());
    }
  }

  /**
   * What the graph that embeds makes of those of `ids` that the cache has not.
   * @param {number[][]} ids
   */
  async embedded(ids) {
    const { plan, embedder } = this.network;
    const { input_ids: info, outputs } = plan.embeddings;
    const wanted = outputs.map((/** @type {string[]} */ [output]) => output);
    const given = { [info.name]: this.newIds(info, ids) };
    try {
      const found = await embedder.runner.run(given, wanted);
      const fed = (/** @type {string[]} */ [output, input]) => [input, found[output]];
      const embedded = Object.fromEntries(outputs.map(fed));
      await this.seen?.put(embedder.runner, embedded[EMBEDS], ids, this.past);
      return embedded;
    } finally {
      given[info.name].dispose();
    }
  }

  /**
   * @param {any} info
   * @param {number[][]} ids
   */
  newIds(info, ids) {
    const fresh = ids.map((row) => row.slice(this.past));
    return this.tensor(info, [ids.length, fresh[0].length], fresh.flat());
  }

  /** How many tokens of each sequence the cache has. */
  get past() {
    return this.network.plan.caches.length ? this.ids[0].length : 0;
  }

  /**
   * Tensors for what `ids` have and the cache has not.
   * @param {number[][]} ids
   * @param {number} rows
   */
  feeds(ids, rows) {
    const { plan } = this.network;
    const { past } = this;
    const [batch, total] = [ids.length, ids[0].length];
    const room = this.cache.room;
    const places = range(past, total);
    const empty = Array(Math.max(room - past, 0)).fill(EMPTY);
    const columns = [...range(0, past), ...empty, ...places];
    /** @type {Record<string, any>} */
    const feeds = {};
    const put = (
      /** @type {any} */ info,
      /** @type {number[]} */ dims,
      /** @type {number[]} */ values,
    ) => {
      if (info) feeds[info.name] = this.tensor(info, dims, values);
    };
    const grid = (
      /** @type {(at: number, padding: number) => number} */ cell,
      /** @type {number[]} */ row,
    ) => ids.flatMap((_, i) => row.map((at) => cell(at, this.padding[i])));
    const visible = (/** @type {number} */ at, /** @type {number} */ padding) => (at < padding ? 0 : 1);
    const position = (/** @type {number} */ at, /** @type {number} */ padding) => Math.max(at - padding, 0);
    const shape = [batch, total - past];
    if (plan.input_ids) feeds[plan.input_ids.name] = this.newIds(plan.input_ids, ids);
    put(plan.attention_mask, [batch, columns.length], grid(visible, columns));
    const positions = grid(position, places);
    if (plan.position_rows) {
      const repeated = Array(plan.position_rows).fill(positions).flat();
      put(plan.position_ids, [plan.position_rows, ...shape], repeated);
    } else {
      put(plan.position_ids, shape, positions);
    }
    put(plan.cache_position, [places.length], places);
    put(plan.use_cache_branch, [1], [past > 0 ? 1 : 0]);
    put(plan.logits_to_keep, plan.logits_to_keep?.shape.length ? [1] : [], [rows]);
    return feeds;
  }

  /**
   * @param {{name: string, dtype: string}} given
   * @param {readonly number[]} dims
   * @param {any} values
   */
  tensor({ name, dtype }, dims, values) {
    const data = ARRAYS[dtype].from(dtype === "int64" ? values.map(BigInt) : values);
    const { plan, runner } = this.network;
    return plan.onGpu?.includes(name) ? runner.input(name, dtype, dims, data) : runner.tensor(dtype, dims, data);
  }
}

/**
 * @param {number} start
 * @param {number} end
 */
function range(start, end) {
  return Array.from({ length: end - start }, (_, k) => start + k);
}
