/** The parts of onnxruntime-web's WebAssembly module that it does not declare. */
export interface OrtModule {
  readonly HEAPU8: Uint8Array;
  readonly PTR_SIZE: number;
  getValue(at: number, type: string): number;
  setValue(at: number, value: number, type: string): void;
  stackSave(): number;
  stackAlloc(size: number): number;
  stackRestore(stack: number): void;
  UTF8ToString(at: number): string;
  _malloc(size: number): number;
  _free(at: number): void;
  _OrtCreateTensor(type: number, data: number, size: number, dims: number, rank: number, location: number): number;
  _OrtGetTensorData(tensor: number, type: number, data: number, dims: number, rank: number): number;
  _OrtReleaseTensor(tensor: number): void;
  _OrtRun(session: number, names: number, values: number, count: number, outputNames: number, outputCount: number, outputs: number, options: number): number;
  _OrtFree(at: number): void;
  _OrtGetLastError(code: number, message: number): void;
}

/** How a cache tensor is laid out; of engine/runtime/cache_slots.py. `rows` is null of a state. */
export interface Slot {
  past: string;
  present: string;
  dtype: string;
  shape: number[];
  batch: number;
  rows: number | null;
}

/** A tensor of a cache, of whichever runner. */
export interface CacheTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly gpuBuffer?: GPUBuffer;
  getData(): any; // a typed array, or a promise of one
  dispose(): void;
}

/** What to copy: places and a size, counted in values. */
export interface Place {
  from: number;
  to: number;
  size: number;
}
