/**
 * Tensors that stay on the GPU between runs: the cache goes from one run to the next, and of the
 * logits only the wanted rows are read back.
 */
import { allOf, lastRows, partShape, pieces, product, wantedRows } from "./runner.mjs";

const ALIGNMENT = 16; // bytes, as onnxruntime-web's own buffers
const BYTES = { float32: 4, float16: 2 };
const VALUES = { float32: Float32Array, float16: Uint16Array };
const COPIED = 4; // bytes: WebGPU copies multiples of it, and a row of halves may be none

/** What `InferenceSession.create` is given, so that outputs stay where they are. */
export const ON_GPU = { preferredOutputLocation: "gpu-buffer" };

export class Gpu {
  leastRoom = 1; // WebGPU multiplies no empty matrix

  constructor(ort, session, device) {
    Object.assign(this, { ort, session, device });
  }

  /** A tensor of the values given, on the CPU: onnxruntime-web takes it up; of zeros if of none. */
  tensor(type, dims, values) {
    const count = product(dims);
    if (!values && count) return this.owned(type, dims, this.buffer(type, count, FOR_CACHE()));
    return new this.ort.Tensor(type, values ?? new EMPTY[type](0), dims);
  }

  /** A tensor of zeros. */
  zeros(type, dims) {
    return this.tensor(type, dims);
  }

  /** A tensor that takes its buffer with it. */
  owned(type, dims, buffer) {
    const dispose = () => buffer.destroy();
    return this.ort.Tensor.fromGpuBuffer(buffer, { dataType: type, dims, dispose });
  }

  /** Room for so many values, all zero, as WebGPU makes every buffer. */
  buffer(type, count, usage) {
    const size = Math.ceil((count * BYTES[type]) / ALIGNMENT) * ALIGNMENT;
    return this.device.createBuffer({ size, usage });
  }

  /** Run the graph; the tensors of the wanted outputs, by name. */
  run(feeds, wanted) {
    return this.session.run(feeds, wanted);
  }

  /**
   * A tensor of the given sequences of the cache tensor of a slot, with the first `length` rows of
   * each. It has `room` rows; those behind are zeros. A state is copied whole.
   */
  part(tensor, slot, sequences, length, room) {
    const part = this.tensor(tensor.type, partShape(tensor, slot, sequences, room));
    const places = [...pieces(tensor, part, slot, sequences, length)];
    if (product(part.dims) && product(tensor.dims)) this.copy([[tensor, part.gpuBuffer, places]]);
    return part;
  }

  /** Write the rows of cache tensors into others, from row `at` on: [[from, to, slot], ...]. */
  write(pairs, at) {
    const copied = ([rows, tensor, slot]) => {
      const places = pieces(rows, tensor, slot, allOf(rows, slot), rows.dims[slot.rows], at);
      return [rows, tensor.gpuBuffer, places];
    };
    this.copy(pairs.map(copied));
  }

  /** The last `rows` rows of each sequence; halves as uint16. Ends the tensor. */
  async rows(logits, rows) {
    try {
      const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
      const found = new VALUES[logits.type](wantedRows(logits, rows));
      const places = [...whole(lastRows(logits, rows), COPIED / BYTES[logits.type])];
      const count = places.reduce((sum, { size }) => sum + size, 0);
      const buffer = this.buffer(logits.type, count, usage);
      this.copy([[logits, buffer, places]]);
      await buffer.mapAsync(GPUMapMode.READ);
      const values = new VALUES[logits.type](buffer.getMappedRange());
      for (const { place, start, to } of places) {
        found.set(values.subarray(to + start, to + start + place.size), place.to);
      }
      buffer.destroy();
      return found;
    } finally {
      logits.dispose();
    }
  }

  /** Copies pieces of tensors into buffers, all in one go: [[tensor, buffer, places], ...]. */
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

  release() {}
}

/**
 * Places that begin and end at multiples of `step` values, each with the `place` that lies in it from
 * `start` on; they are copied one behind the other.
 */
export function* whole(places, step) {
  let to = 0;
  for (const place of places) {
    const from = place.from - (place.from % step);
    const size = Math.ceil((place.from + place.size - from) / step) * step;
    yield { place, start: place.from - from, from, to, size };
    to += size;
  }
}

// Made when asked for: a browser without WebGPU has no GPUBufferUsage.
const FOR_CACHE = () =>
  GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
const EMPTY = { float32: Float32Array, float16: globalThis.Float16Array ?? Uint16Array };
