/**
 * The int8 kernel in an instance of onnxruntime-web: checked, put in place of the shipped one, told
 * which weights are constants. docs/kernels.md says how a page uses it; int8/ has its source.
 */
import { check } from "./self_test.mjs";
import { PLACES } from "./places.mjs";

/** What a message to a thread is found by. */
export const MESSAGE = "int8 kernel";
const CONTEXT = 20; // bytes of int8/layout.h's Context; behind it a word, 1 once its thread has the kernel
const DIGESTED = 1 << 20; // bytes at a time, as in int8/registry.h

/** Fetch the kernel and prove it on this processor; an Error says why it cannot serve here. */
export async function load(address = new URL("int8.wasm", import.meta.url)) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the kernel is not there (${response.status})`);
  const bytes = await response.arrayBuffer();
  if (!WebAssembly.validate(bytes)) throw new Error("this browser has no relaxed SIMD");
  const module = await WebAssembly.compile(bytes);
  return new Kernel(module, check(module));
}

/** A checked module; `habit` is how this processor reads bytes (self_test.mjs). */
class Kernel {
  /**
   * @param {WebAssembly.Module} module
   * @param {any} habit
   */
  constructor(module, habit) {
    this.module = module;
    this.habit = habit;
  }

  /**
   * Take the place of the shipped GEMM in an instance of onnxruntime-web that was made with `imports`
   * from a file of `size` bytes, and have each of `workers`, its threads, do the same. Nothing is
   * changed if this throws.
   * @param {WebAssembly.Instance} instance
   * @param {WebAssembly.Imports} imports
   * @param {number} size
   * @param {Worker[]} workers
   */
  install(instance, imports, size, workers) {
    if (size !== PLACES.size) throw new Error("this is another version of onnxruntime-web");
    const heap = new Heap(instance, imports);
    const exports = heap.instantiate(this.module, heap.allocate(CONTEXT + 4));
    const registry = heap.allocate(exports.registry_size());
    heap.bytes(registry, exports.registry_size()).fill(0);
    const contexts = [heap.context, ...workers.map(() => heap.allocate(CONTEXT + 4))];
    const { flip, limit } = this.habit;
    for (const at of contexts) heap.words(at, CONTEXT / 4 + 1).set([registry, 0, 0, flip, limit, 0]);
    heap.replace(exports.gemm);
    workers.forEach((worker, at) =>
      worker.postMessage({ [MESSAGE]: { module: this.module, context: contexts[at + 1] } }),
    );
    return new Installed(heap, exports, contexts);
  }
}

/**
 * A thread's part of `install`.
 * @param {WebAssembly.Instance} instance
 * @param {WebAssembly.Imports} imports
 * @param {{module: WebAssembly.Module, context: number}} given
 */
export function takeOver(instance, imports, { module, context }) {
  const heap = new Heap(instance, imports);
  heap.replace(heap.instantiate(module, context).gemm);
}

/** An instance of onnxruntime-web, seen from outside. */
class Heap {
  /**
   * @param {WebAssembly.Instance} instance
   * @param {WebAssembly.Imports} imports
   */
  constructor(instance, imports) {
    const { table, malloc, free } = PLACES.exports;
    /** @type {any} by names that places.mjs has */
    const { exports } = instance;
    this.table = exports[table];
    this.malloc = exports[malloc];
    this.free = exports[free];
    this.context = 0;
    const imported = Object.values(imports).flatMap((each) => Object.values(each));
    /** @type {WebAssembly.Memory} */
    this.memory = /** @type {any} */ (imported.find((each) => each instanceof WebAssembly.Memory));
    this.shipped = PLACES.slots.map((slot) => this.table.get(slot));
    // An exported function's name is its number in the module.
    const found = this.shipped.map((each) => each.name);
    if (found.join() !== PLACES.functions.join()) throw new Error("the GEMM is not where it was");
  }

  /** @param {number} size */
  allocate(size) {
    const at = this.malloc(size) >>> 0;
    if (!at) throw new Error("there is no memory for the kernel");
    return at;
  }

  /**
   * @param {WebAssembly.Module} module
   * @param {number} at
   */
  instantiate(module, at) {
    this.context = at;
    const { memory, table, malloc, free } = this;
    const [shipped_unsigned, shipped_signed] = this.shipped;
    const context = new WebAssembly.Global({ value: "i32" }, at);
    const own = { memory, malloc, free, context, shipped_unsigned, shipped_signed };
    const env = { ...own, __indirect_function_table: table };
    /** @type {any} the kernel's functions: int8/gemm.c */
    const { exports } = new WebAssembly.Instance(module, { env });
    return exports;
  }

  /** @param {any} gemm */
  replace(gemm) {
    for (const slot of PLACES.slots) this.table.set(slot, gemm);
    Atomics.store(this.words(this.context + CONTEXT, 1), 0, 1);
  }

  /**
   * A new view each time, since memory grows.
   * @param {number} at
   * @param {number} size
   */
  bytes(at, size) {
    return new Uint8Array(this.memory.buffer, at, size);
  }

  /**
   * @param {number} at
   * @param {number} count
   */
  words(at, count) {
    return new Int32Array(this.memory.buffer, at, count);
  }
}

/** The kernel in its place. */
class Installed {
  /**
   * @param {any} heap
   * @param {any} exports
   * @param {number[]} contexts where each thread's Context is
   */
  constructor(heap, exports, contexts) {
    this.heap = heap;
    this.exports = exports;
    this.contexts = contexts;
    this.sessions = new Set();
  }

  /** The constants of a session that is about to be made. */
  constants() {
    const constants = new Constants(this);
    this.sessions.add(constants);
    return constants;
  }

  /** Bytes that kept panels take. */
  get kept() {
    return this.exports.kept() >>> 0;
  }

  /** How many threads have it in the place of the shipped one. */
  get threads() {
    return this.contexts.filter((at) => Atomics.load(this.heap.words(at + CONTEXT, 1), 0)).length;
  }

  /** @param {Uint8Array} bytes */
  digest(bytes) {
    const { heap, exports } = this;
    const at = heap.allocate(Math.min(bytes.length, DIGESTED));
    let state = 0n;
    for (let from = 0; from < bytes.length; from += DIGESTED) {
      const part = bytes.subarray(from, from + DIGESTED);
      heap.bytes(at, part.length).set(part);
      state = exports.digest(state, at, part.length);
    }
    heap.free(at);
    return state;
  }

  /**
   * No address of what is left is known any more: constants are found again when they are used.
   * @param {any} constants
   */
  forget(constants) {
    this.sessions.delete(constants);
    this.exports.forget_all();
    for (const { digests } of this.sessions) for (const each of digests) this.exports.know(each);
  }
}

/** The int8 constants of one session: call `add` for each before the session is made, or while it is,
 * and `release` before it is released. No session may run meanwhile. */
class Constants {
  /** @param {any} kernel */
  constructor(kernel) {
    this.kernel = kernel;
    /** @type {bigint[]} */
    this.digests = [];
  }

  /** @param {Uint8Array} bytes */
  add(bytes) {
    const digest = this.kernel.digest(bytes);
    this.digests.push(digest);
    this.kernel.exports.know(digest);
  }

  release() {
    this.kernel.forget(this);
  }
}
