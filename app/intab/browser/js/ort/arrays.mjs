/**
 * Tensors of onnxruntime-web's public API. In WebAssembly each run copies them into its memory and
 * out of it again; heap.mjs does without, where it can.
 */
import { product, Runner } from "./runner.mjs";

export class Arrays extends Runner {
  constructor(ort, session) {
    super();
    Object.assign(this, { ort, session });
  }

  /** A tensor of the values given, else of zeros. */
  tensor(type, dims, values) {
    return new this.ort.Tensor(type, values ?? new ARRAYS[type](product(dims)), dims);
  }

  /** Run the graph; the tensors of the wanted outputs, by name. */
  run(feeds, wanted) {
    return this.session.run(feeds, wanted);
  }

  release() {}
}

// onnxruntime-web wants Float16Array where the browser has it, Uint16Array elsewhere.
const ARRAYS = { float32: Float32Array, float16: globalThis.Float16Array ?? Uint16Array };
