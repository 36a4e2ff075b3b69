/**
 * Tensors that stay in onnxruntime's own memory between runs.
 *
 * The public API copies every input into the wasm heap and every output out of it on each run: with
 * a KV cache that is megabytes a token. The C functions beneath it take and give handles instead:
 * https://github.com/microsoft/onnxruntime/blob/v1.30.0/onnxruntime/wasm/api.h
 * They are not public, so `canUseHeap` asks for each; where one is missing arrays.mjs serves.
 */
import { product, Runner } from "./runner.mjs";

const FUNCTIONS = [
  ...["_OrtCreateTensor", "_OrtGetTensorData", "_OrtReleaseTensor", "_OrtRun", "_OrtFree"],
  ...["_OrtGetLastError", "_malloc", "_free", "stackSave", "stackAlloc", "stackRestore"],
  ...["getValue", "setValue", "UTF8ToString"],
];
// onnx.TensorProto.DataType, and the array that holds it; halves are moved, never read.
/** @type {Record<string, [number, any]>} */
const TYPES = {
  float32: [1, Float32Array],
  uint8: [2, Uint8Array],
  int8: [3, Int8Array],
  int32: [6, Int32Array],
  int64: [7, BigInt64Array],
  bool: [9, Uint8Array],
  float16: [10, Uint16Array],
};
const NAMES = Object.fromEntries(Object.entries(TYPES).map(([name, [code]]) => [code, name]));
const POINTER = 4;
const ON_CPU = 1; // the location of a tensor's data, as _OrtCreateTensor counts them

/**
 * Whether this instance of onnxruntime-web has all that is needed here.
 * @param {any} module of whatever version
 * @param {any} session
 * @returns {module is import("../../../../../tools/js/types/ort.d.ts").OrtModule}
 */
export function canUseHeap(module, session) {
  const complete = FUNCTIONS.every((name) => typeof module?.[name] === "function");
  return complete && module.PTR_SIZE === POINTER && Number.isInteger(session.handler?.sessionId);
}

/** @param {ArrayBufferView} values */
function bytesOf({ buffer, byteOffset, byteLength }) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Runs a session on tensors in the heap. */
export class Heap extends Runner {
  /**
   * @param {import("../../../../../tools/js/types/ort.d.ts").OrtModule} module
   * @param {any} session whose `handler` is not declared
   */
  constructor(module, session) {
    super();
    this.module = module;
    this.session = session.handler.sessionId;
    this.names = new Map();
  }

  /**
   * A tensor of the values given, else of whatever lies there.
   * @param {any} type
   * @param {readonly number[]} dims
   * @param {any} [values]
   */
  tensor(type, dims, values) {
    const [code, Values] = TYPES[type];
    const size = product(dims) * Values.BYTES_PER_ELEMENT;
    const at = this.allocate(size);
    if (values) this.view(at, size, Uint8Array).set(bytesOf(values));
    const handle = this.withPointers(dims, (shape) =>
      this.module._OrtCreateTensor(code, at, size, shape, dims.length, ON_CPU),
    );
    if (!handle) {
      this.module._free(at);
      this.fail("a tensor cannot be made");
    }
    return new HeapTensor(this, handle, { type, dims, at, own: true });
  }

  /**
   * A tensor of zeros.
   * @param {any} type
   * @param {readonly number[]} dims
   */
  zeros(type, dims) {
    const tensor = this.tensor(type, dims);
    tensor.getData().fill(0);
    return tensor;
  }

  /**
   * Run the graph; the tensors of the wanted outputs, by name. This build runs to its end.
   * @param {Record<string, any>} feeds
   * @param {string[]} wanted
   */
  run(feeds, wanted) {
    const inputs = Object.keys(feeds);
    const given = Object.values(feeds).map(({ handle }) => handle);
    const pointers = [...inputs, ...wanted].map((name) => this.name(name));
    const stack = this.module.stackSave();
    try {
      const names = this.push(pointers);
      const values = this.push([...given, ...wanted.map(() => 0)]);
      const [out, made] = [names, values].map((start) => start + inputs.length * POINTER);
      const { session } = this;
      const counts = [inputs.length, wanted.length];
      if (this.module._OrtRun(session, names, values, counts[0], out, counts[1], made, 0)) {
        this.fail("failed to call OrtRun()");
      }
      const results = wanted.map((name, i) => [name, this.found(this.pointer(made, i))]);
      return Object.fromEntries(results);
    } finally {
      this.module.stackRestore(stack);
    }
  }

  /** The names' memory back. */
  release() {
    this.names.forEach((at) => this.module._free(at));
    this.names.clear();
  }

  /**
   * The tensor of a handle that onnxruntime gave.
   * @param {number} handle
   */
  found(handle) {
    return this.withPointers([0, 0, 0, 0], (at) => {
      const [type, values, dimensions, count] = [0, 1, 2, 3].map((i) => at + i * POINTER);
      if (this.module._OrtGetTensorData(handle, type, values, dimensions, count)) this.fail("a tensor cannot be read");
      const [code, data, shape, rank] = [0, 1, 2, 3].map((i) => this.pointer(at, i));
      const dims = Array.from({ length: rank }, (_, i) => this.pointer(shape, i));
      this.module._OrtFree(shape);
      return new HeapTensor(this, handle, { type: NAMES[code], dims, at: data, own: false });
    });
  }

  /**
   * Where the name lies, as C wants it; written once.
   * @param {string} name
   */
  name(name) {
    if (!this.names.has(name)) {
      const text = new TextEncoder().encode(`${name}\0`);
      const at = this.allocate(text.length);
      this.view(at, text.length, Uint8Array).set(text);
      this.names.set(name, at);
    }
    return this.names.get(name);
  }

  /** @param {number} size */
  allocate(size) {
    const at = this.module._malloc(Math.max(size, 1));
    if (!at) throw new Error(`onnxruntime's memory has no room for ${size} bytes`);
    return at;
  }

  /**
   * Values in the heap, until it next grows: then every view of it is left behind.
   * @param {number} at
   * @param {number} length
   * @param {any} Values
   */
  view(at, length, Values) {
    this.module.getValue(at, "i8"); // renews HEAPU8 where another thread made the heap grow
    return new Values(this.module.HEAPU8.buffer, at, length);
  }

  /** @param {readonly number[]} pointers */
  push(pointers) {
    const at = this.module.stackAlloc(pointers.length * POINTER);
    pointers.forEach((value, i) => this.module.setValue(at + i * POINTER, value, "*"));
    return at;
  }

  /**
   * @param {number} at
   * @param {number} i
   */
  pointer(at, i) {
    return this.module.getValue(at + i * POINTER, "*");
  }

  /**
   * @param {readonly number[]} pointers
   * @param {(at: number) => any} use
   */
  withPointers(pointers, use) {
    const stack = this.module.stackSave();
    try {
      return use(this.push(pointers));
    } finally {
      this.module.stackRestore(stack);
    }
  }

  /**
   * The error that onnxruntime remembers, in the words of its public API.
   * @param {string} what
   */
  fail(what) {
    const [code, text] = this.withPointers([0, 0], (at) => {
      this.module._OrtGetLastError(at, at + POINTER);
      return [this.pointer(at, 0), this.module.UTF8ToString(this.pointer(at, 1))];
    });
    throw new Error(`${what}. ERROR_CODE: ${code}, ERROR_MESSAGE: ${text}`);
  }
}

/** As much of onnxruntime-web's Tensor as a session needs. */
class HeapTensor {
  /**
   * @param {any} heap
   * @param {number} handle
   * @param {{type: any, dims: readonly number[], at: number, own: any}} given
   */
  constructor(heap, handle, { type, dims, at, own }) {
    this.heap = heap;
    this.handle = handle;
    this.type = type;
    this.dims = dims;
    this.at = at;
    this.own = own;
  }

  /** The values where they lie, to be read or written before anything else is allocated. */
  getData() {
    const Values = TYPES[this.type][1];
    return this.heap.view(this.at, product(this.dims), Values);
  }

  dispose() {
    this.heap.module._OrtReleaseTensor(this.handle);
    if (this.own) this.heap.module._free(this.at);
  }
}
