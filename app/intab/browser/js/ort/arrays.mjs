/**
 * Tensors of onnxruntime-web's public API. In WebAssembly each run copies them into its memory and
 * out of it again; heap.mjs does without, where it can.
 */
import { product, Runner } from "./runner.mjs";

export class Arrays extends Runner {
  /**
   * @param {typeof import("onnxruntime-web")} ort
   * @param {import("onnxruntime-web").InferenceSession} session
   */
  constructor(ort, session) {
    super();
    this.ort = ort;
    this.session = session;
  }

  /**
   * A tensor of the values given, else of zeros.
   * @param {any} type
   * @param {readonly number[]} dims
   * @param {any} [values]
   */
  tensor(type, dims, values) {
    return new this.ort.Tensor(type, values ?? new ARRAYS[type](product(dims)), dims);
  }

  /**
   * Run the graph; the tensors of the wanted outputs, by name.
   * @param {Record<string, any>} feeds
   * @param {string[]} wanted
   */
  run(feeds, wanted) {
    return this.session.run(feeds, wanted);
  }

  release() {}
}

// onnxruntime-web wants Float16Array where the browser has it, Uint16Array elsewhere.
/** @type {Record<string, any>} */
const ARRAYS = { float32: Float32Array, float16: globalThis.Float16Array ?? Uint16Array };
