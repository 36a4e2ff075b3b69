/** Transformers.js' package for structured output holds an answer to a schema, in a worker. */
import { Tensor } from "@huggingface/transformers";
import { StructuredOutputProcessor } from "@huggingface/transformers-structured-output";
import { serve } from "./jobs.mjs";

/**
 * Milliseconds of the first processor, of another one and of each mask; a mask is timed with the
 * token before it, which the processor takes in the same call.
 * @param {{tokenizer: string, size: number, schema: any, ids: any, rounds: number}} given
 */
async function measure({ tokenizer, size, schema, ids, rounds }) {
  const source = { tokenizer_json: await (await fetch(tokenizer)).json(), eos_token_id: 0 };
  const made = () =>
    new StructuredOutputProcessor(source, { type: "json_schema", json_schema: schema });
  const [first] = timed(made);
  /** @type {number[]} */
  const compiled = [];
  /** @type {number[]} */
  const masks = [];
  for (let round = 0; round < rounds; round += 1) {
    const [milliseconds, processor] = timed(made);
    compiled.push(milliseconds);
    masks.push(...walk(/** @type {any} */ (processor), size, ids));
  }
  return { first, compiled, masks };
}

/**
 * @param {any} processor
 * @param {number} size of the vocabulary
 * @param {any} ids of the answer
 */
function walk(processor, size, ids) {
  const logits = new Tensor("float32", new Float32Array(size), [1, size]);
  const data = /** @type {Float32Array} */ (logits.data);
  const input = [0n];
  return ids.map((/** @type {number} */ id) => {
    data.fill(0);
    const [milliseconds] = timed(() => processor._call([input], logits));
    if (data[id] === -Infinity) throw new Error(`token ${id} of the answer is not allowed`);
    input.push(BigInt(id));
    return milliseconds;
  });
}

/**
 * @template T
 * @param {() => T} work
 * @returns {[number, T]}
 */
function timed(work) {
  const start = performance.now();
  const found = work();
  return [performance.now() - start, found];
}

serve({ measure });
