/** What a prompt shows beside its words (engine/runtime/seeing.py), written into what was embedded. */

/** The decoder's input that has what was embedded. */
export const EMBEDS = "inputs_embeds";
/** @type {Record<string, number>} */
const BYTES = { float32: 4, float16: 2 };

export class Seen {
  /**
   * @param {number} token the id of the tokens in whose place the rows stand
   * @param {Uint8Array<ArrayBuffer>} bytes the rows
   */
  constructor(token, bytes) {
    this.token = token;
    this.bytes = bytes;
  }

  /**
   * Write rows into `embedded` [batch, n, size], which was made of those of `ids` after the first `past`.
   * @param {any} runner
   * @param {any} embedded
   * @param {number[][]} ids
   * @param {number} past
   */
  async put(runner, embedded, ids, past) {
    if (!ids.some((row) => row.includes(this.token, past))) return; // as in most steps
    const size = embedded.dims.at(-1) * BYTES[embedded.type];
    const width = ids[0].length - past;
    const parts = ids.flatMap((row, i) => {
      const places = [...row.keys()].filter((at) => row[at] === this.token);
      return places
        .slice(0, this.bytes.length / size)
        .map((at, k) => ({ at: (i * width + at - past) * size, bytes: this.bytes.subarray(k * size, (k + 1) * size) }))
        .filter((_, k) => places[k] >= past);
    });
    await runner.overwrite(embedded, parts);
  }
}
