/**
 * Sequences in a loaded network, in step with each other, with their KV cache.
 * One call a step comes in with the ids, the wanted rows of logits go out.
 *
 * Python knows the length: every call says it (`at`), and what lies beyond was left by a step that
 * nobody waited for any more.
 */
import { KvCache } from "./kv_cache.mjs";
import { exclusively } from "./ort.mjs";

const ARRAYS = { int64: BigInt64Array, int32: Int32Array, bool: Uint8Array };

export class Session {
  /** `ids` holds what each sequence has so far, `padding` how many of those are padding. */
  constructor(network, padding, ids, cache) {
    Object.assign(this, { network, padding, ids, cache });
  }

  static empty(network, padding) {
    const cache = KvCache.empty(network, padding.length);
    return new Session(network, [...padding], Array.from(padding, () => []), cache);
  }

  /** Append the flat `ids` [batch * n]; the last `rows` rows of logits of each, as a flat copy. */
  step(ids, rows, at) {
    return exclusively(async () => {
      await this.cut(at);
      const count = ids.length / this.ids.length;
      const longer = this.ids.map((row, i) => [...row, ...ids.slice(i * count, (i + 1) * count)]);
      const results = await this.run(longer, rows);
      this.ids = longer;
      this.cache.replace(results);
      return await this.network.runner.rows(results.logits, rows);
    });
  }

  rewind(at) {
    return exclusively(() => this.cut(at));
  }

  select(sequences, at) {
    return exclusively(() => this.cut(at, sequences));
  }

  /** An independent session with the same sequences; the cache is shared until one changes. */
  fork() {
    return new Session(this.network, this.padding, this.ids, this.cache.share());
  }

  /** Queued, since a step that nobody waits for any more may still be running. */
  close() {
    return exclusively(() => this.cache.dispose());
  }

  /** Keep `sequences` (all if not given), and the first `length` tokens of each. */
  async cut(length, sequences) {
    const kept = sequences ?? this.ids.keys();
    if (!sequences && (this.ids[0]?.length ?? 0) <= length) return;
    const chosen = Array.from(kept);
    await this.cache.cut(chosen, length);
    this.padding = chosen.map((i) => this.padding[i]);
    this.ids = chosen.map((i) => this.ids[i].slice(0, length));
  }

  async run(ids, rows) {
    const { plan, runner } = this.network;
    const wanted = ["logits", ...plan.caches.map(({ present }) => present)];
    const feeds = this.feeds(ids, rows);
    try {
      return await runner.run({ ...feeds, ...this.cache.tensors }, wanted);
    } finally {
      Object.values(feeds).forEach((tensor) => tensor.dispose());
    }
  }

  /** Tensors for what `ids` have and the cache has not. */
  feeds(ids, rows) {
    const { plan } = this.network;
    const [batch, total] = [ids.length, ids[0].length];
    const past = plan.caches.length ? this.ids[0].length : 0;
    const feeds = {};
    const put = (info, dims, values) => {
      if (info) feeds[info.name] = this.tensor(info, dims, values);
    };
    const visible = (i, at) => (at < this.padding[i] ? 0 : 1);
    const position = (i, at) => Math.max(at - this.padding[i], 0);
    put(plan.input_ids, [batch, total - past], ids.flatMap((row) => row.slice(past)));
    put(plan.attention_mask, [batch, total], grid(batch, 0, total, visible));
    put(plan.position_ids, [batch, total - past], grid(batch, past, total, position));
    put(plan.use_cache_branch, [1], [past > 0 ? 1 : 0]);
    put(plan.logits_to_keep, plan.logits_to_keep?.shape.length ? [1] : [], [rows]);
    return feeds;
  }

  tensor({ dtype }, dims, values) {
    const data = ARRAYS[dtype].from(dtype === "int64" ? values.map(BigInt) : values);
    return this.network.runner.tensor(dtype, dims, data);
  }
}

/** The values of `cell(sequence, place)`, sequence by sequence. */
function grid(batch, start, end, cell) {
  const places = Array.from({ length: end - start }, (_, k) => start + k);
  return Array.from({ length: batch }, (_, i) => places.map((at) => cell(i, at))).flat();
}
