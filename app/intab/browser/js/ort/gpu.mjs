/**
 * Tensors that stay on the GPU between runs: the cache goes from one run to the next, and of the
 * logits only the wanted rows are read back.
 */
import { Largest } from "./largest.mjs";
import { allOf, lastRows, partShape, pieces, product, wantedRows } from "./runner.mjs";
import { Staging } from "./staging.mjs";

const ALIGNMENT = 16; // bytes, as onnxruntime-web's own buffers
/** @type {Record<string, number>} */
const BYTES = { float32: 4, float16: 2 };
/** @type {Record<string, any>} */
const VALUES = { float32: Float32Array, float16: Uint16Array };
const LEAST_INPUT = 1024; // bytes
const SHORTER = 'shorten the prompt or the answer, or load the model with device="wasm"';
const COPIED = 4; // bytes: WebGPU copies multiples of it, and a row of halves may be none

/** What `InferenceSession.create` is given, so that outputs stay where they are. */
export const ON_GPU = { preferredOutputLocation: "gpu-buffer" };

export class Gpu {
  leastRoom = 1; // WebGPU multiplies no empty matrix

  /**
   * @param {typeof import("onnxruntime-web")} ort
   * @param {import("onnxruntime-web").InferenceSession} session
   * @param {GPUDevice} device
   */
  constructor(ort, session, device) {
    this.ort = ort;
    this.session = session;
    this.device = device;
    this.largest = new Largest(device);
    this.staging = new Staging(device);
    /** @type {Map<string, GPUBuffer>} */
    this.inputs = new Map();
  }

  /**
   * A tensor of the values given, on the CPU: onnxruntime-web takes it up; of zeros if of none.
   * @param {any} type
   * @param {readonly number[]} dims
   * @param {any} [values]
   */
  tensor(type, dims, values) {
    const count = product(dims);
    if (!values && count) return this.owned(type, dims, this.buffer(type, count, FOR_CACHE()));
    return new this.ort.Tensor(type, values ?? new EMPTY[type](0), dims);
  }

  /**
   * A tensor of zeros.
   * @param {any} type
   * @param {readonly number[]} dims
   */
  zeros(type, dims) {
    return this.tensor(type, dims);
  }

  /**
   * A tensor that takes its buffer with it.
   * @param {any} type
   * @param {readonly number[]} dims
   * @param {GPUBuffer} buffer
   */
  owned(type, dims, buffer) {
    const dispose = () => buffer.destroy();
    return this.ort.Tensor.fromGpuBuffer(buffer, { dataType: type, dims, dispose });
  }

  /**
   * Room for so many values, all zero, as WebGPU makes every buffer.
   * @param {any} type
   * @param {number} count
   * @param {number} usage
   */
  buffer(type, count, usage) {
    const size = Math.ceil((count * BYTES[type]) / ALIGNMENT) * ALIGNMENT;
    const most = mostBytes(this.device);
    if (size > most) {
      const [needed, given] = [size, most].map((bytes) => Math.ceil(bytes / 2 ** 20));
      throw new Error(`the cache needs a buffer of ${needed} MiB, and this GPU's have ${given} at most: ${SHORTER}`);
    }
    return this.device.createBuffer({ size, usage });
  }

  /**
   * A tensor of values that are on the GPU once a run begins, in a buffer that stays for this input.
   * @param {string} name
   * @param {any} type
   * @param {readonly number[]} dims
   * @param {any} values
   */
  input(name, type, dims, values) {
    let buffer = this.inputs.get(name);
    if (!buffer || buffer.size < values.byteLength) {
      buffer?.destroy();
      const size = LEAST_INPUT * 2 ** Math.max(0, Math.ceil(Math.log2(values.byteLength / LEAST_INPUT)));
      buffer = this.device.createBuffer({ size, usage: FOR_CACHE() });
      this.inputs.set(name, buffer);
    }
    this.device.queue.writeBuffer(buffer, 0, values);
    return this.ort.Tensor.fromGpuBuffer(buffer, { dataType: type, dims });
  }

  /**
   * Whether a tensor of these dimensions is one that this GPU can hold.
   * @param {any} type
   * @param {readonly number[]} dims
   */
  fits(type, dims) {
    return product(dims) * BYTES[type] <= mostBytes(this.device);
  }

  /**
   * Make buffers; an error where the GPU has no memory for them, which nothing else tells.
   * @param {() => Promise<void>} make
   */
  async allocating(make) {
    this.device.pushErrorScope("out-of-memory");
    const failed = make().then(
      () => null,
      (error) => error,
    );
    const [error, full] = [await failed, await this.device.popErrorScope()];
    if (error) throw error;
    if (full) throw new Error(`the GPU has no memory for a longer cache: ${SHORTER}`);
  }

  /**
   * Run the graph; the tensors of the wanted outputs, by name.
   * @param {Record<string, any>} feeds
   * @param {string[] | Record<string, any>} wanted names, or by name what to write into, null: anything
   */
  run(feeds, wanted) {
    return this.session.run(feeds, wanted);
  }

  /**
   * A tensor of the given sequences of the cache tensor of a slot, with the first `length` rows of
   * each. It has `room` rows; those behind are zeros. A state is copied whole.
   * @param {any} tensor
   * @param {import("../../../../../tools/js/types/ort.d.ts").Slot} slot
   * @param {number[]} sequences
   * @param {number} length
   * @param {number} room
   */
  part(tensor, slot, sequences, length, room) {
    const part = this.tensor(tensor.type, partShape(tensor, slot, sequences, room));
    const places = [...pieces(tensor, part, slot, sequences, length)];
    if (product(part.dims) && product(tensor.dims) && (length || slot.rows === null)) this.copy([[tensor, part.gpuBuffer, places]]);
    return part;
  }

  /**
   * Write the rows of cache tensors into others, from row `at` on: [[from, to, slot], ...].
   * @param {[any, any, import("../../../../../tools/js/types/ort.d.ts").Slot][]} pairs
   * @param {number} at
   */
  write(pairs, at) {
    const copied = (/** @type {[any, any, import("../../../../../tools/js/types/ort.d.ts").Slot]} */ [rows, tensor, slot]) => {
      const places = pieces(rows, tensor, slot, allOf(rows, slot), rows.dims[Number(slot.rows)], at);
      return [rows, tensor.gpuBuffer, places];
    };
    this.copy(pairs.map(copied));
  }

  /**
   * Write bytes into a tensor, each part from its byte `at` on.
   * @param {any} tensor
   * @param {{at: number, bytes: Uint8Array<ArrayBuffer>}[]} parts
   */
  overwrite(tensor, parts) {
    for (const { at, bytes } of parts) this.device.queue.writeBuffer(tensor.gpuBuffer, at, bytes);
  }

  /**
   * The last `rows` rows of each sequence; halves as uint16. Of `top` more than 0, as many of the
   * largest logits of each row (largest.mjs), if these are enough. Ends the tensor.
   * @param {any} logits
   * @param {number} rows
   * @param {number} top
   */
  async rows(logits, rows, top) {
    try {
      const size = wantedRows(logits, rows);
      return (top && (await this.largest.of(logits, rows, top))) || (await this.whole(logits, rows, size));
    } finally {
      logits.dispose();
    }
  }

  /**
   * @param {any} logits
   * @param {number} rows
   * @param {number} size how many values these are
   */
  async whole(logits, rows, size) {
    const found = new VALUES[logits.type](size);
    const each = BYTES[logits.type];
    const places = [...widened(lastRows(logits, rows), COPIED / each)];
    const read = await this.staging.read(
      this.device.createCommandEncoder(),
      places.map((place) => [logits.gpuBuffer, place.from * each, place.size * each]),
    );
    for (const [i, { place, start }] of places.entries()) {
      const values = new VALUES[logits.type](read[i].buffer);
      found.set(values.subarray(start, start + place.size), place.to);
    }
    return found;
  }

  /**
   * Copies pieces of tensors into buffers, all in one go: [[tensor, buffer, places], ...].
   * @param {any} copies
   */
  copy(copies) {
    const encoder = this.device.createCommandEncoder();
    for (const [tensor, buffer, places] of copies) {
      const each = BYTES[tensor.type];
      for (const { from, to, size } of places) {
        encoder.copyBufferToBuffer(tensor.gpuBuffer, from * each, buffer, to * each, size * each);
      }
    }
    this.device.queue.submit([encoder.finish()]);
  }

  release() {
    this.largest.release();
    this.staging.release();
    this.inputs.forEach((buffer) => buffer.destroy());
  }
}

/**
 * Places that begin and end at multiples of `step` values, each with the `place` that lies in it from
 * `start` on.
 * @param {Iterable<import("../../../../../tools/js/types/ort.d.ts").Place>} places
 * @param {number} step
 */
export function* widened(places, step) {
  for (const place of places) {
    const from = place.from - (place.from % step);
    const size = Math.ceil((place.from + place.size - from) / step) * step;
    yield { place, start: place.from - from, from, size };
  }
}

/**
 * Bytes of the largest tensor.
 * @param {GPUDevice} device
 */
function mostBytes({ limits }) {
  return Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
}

// Made when asked for: a browser without WebGPU has no GPUBufferUsage.
const FOR_CACHE = () =>
  GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
/** @type {Record<string, any>} */
const EMPTY = { float32: Float32Array, float16: globalThis.Float16Array ?? Uint16Array };
