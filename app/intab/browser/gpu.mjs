/**
 * Tensors that stay on the GPU between runs: the cache goes from one run to the next, and of the
 * logits only the wanted rows are read back.
 */
import { lastRows, partShape, pieces, wantedRows } from "./runner.mjs";

const ALIGNMENT = 16; // bytes, as onnxruntime-web's own buffers
const BYTES = { float32: 4, float16: 2 };

/** What `InferenceSession.create` is told, so that outputs stay where they are. */
export const ON_GPU = { preferredOutputLocation: "gpu-buffer" };

export class Gpu {
  constructor(ort, session, device) {
    Object.assign(this, { ort, session, device });
  }

  /** A tensor of the values given, on the CPU: onnxruntime-web takes it up; none is empty. */
  tensor(type, dims, values) {
    const { Tensor } = this.ort;
    return values ? new Tensor(type, values, dims) : new Tensor(type, new EMPTY[type](0), dims);
  }

  /** Run the graph; the tensors of the wanted outputs, by name. */
  run(feeds, wanted) {
    return this.session.run(feeds, wanted);
  }

  /** A tensor of the given sequences of a cache tensor, and of the first `length` tokens of each. */
  part(tensor, sequences, length) {
    const dims = partShape(tensor, sequences, length);
    if (tensor.location !== "gpu-buffer" || !length) return this.tensor(tensor.type, dims);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const count = dims.reduce((product, n) => product * n, 1);
    const buffer = this.copied(tensor, count, usage, pieces(tensor, sequences, length));
    const dispose = () => buffer.destroy();
    return this.ort.Tensor.fromGpuBuffer(buffer, { dataType: tensor.type, dims, dispose });
  }

  /** The last `rows` rows of each sequence; halves as uint16. Ends the tensor. */
  async rows(logits, rows) {
    try {
      const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
      const count = wantedRows(logits, rows);
      const buffer = this.copied(logits, count, usage, lastRows(logits, rows));
      await buffer.mapAsync(GPUMapMode.READ);
      const bytes = buffer.getMappedRange().slice(0, count * BYTES[logits.type]);
      buffer.destroy();
      return logits.type === "float32" ? new Float32Array(bytes) : new Uint16Array(bytes);
    } finally {
      logits.dispose();
    }
  }

  /** A new buffer of `count` values, with pieces of a tensor in it. */
  copied(tensor, count, usage, copies) {
    const each = BYTES[tensor.type];
    const size = Math.ceil((count * each) / ALIGNMENT) * ALIGNMENT;
    const buffer = this.device.createBuffer({ size, usage });
    const encoder = this.device.createCommandEncoder();
    for (const { from, to, size: values } of copies) {
      const places = [tensor.gpuBuffer, from * each, buffer, to * each, values * each];
      encoder.copyBufferToBuffer(...places);
    }
    this.device.queue.submit([encoder.finish()]);
    return buffer;
  }

  release() {}
}

const EMPTY = { float32: Float32Array, float16: globalThis.Float16Array ?? Uint16Array };
