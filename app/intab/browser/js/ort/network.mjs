/**
 * A graph that onnxruntime-web has loaded. What it is fed is decided in Python: arrays for one run
 * (feeds.mjs), or ids for a decoder with sessions (engine/runtime/decoder_plan.py, session.mjs).
 */
import { Arrays } from "./arrays.mjs";
import { pack, tensorsOf } from "./feeds.mjs";
import { Gpu, ON_GPU } from "./gpu.mjs";
import { trapOf } from "./gpu_traps.mjs";
import { usesOf } from "./grouped.mjs";
import { canUseHeap, Heap } from "./heap.mjs";
import { compute, put, take } from "./kept.mjs";
import { exclusively, int8Constants, noteLoss, prepare, wasmModule, watched } from "./ort.mjs";
import { Session } from "./session.mjs";
import { withoutWeights } from "./weights.mjs";

/**
 * Make a network of the body of a graph; `others` are the files beside it: [[path, body], ...].
 * `stays`: what it gives stays on the device until it is read.
 * @param {string} name
 * @param {import("./protobuf.mjs").Body} body
 * @param {[string, import("./protobuf.mjs").Body][]} others
 * @param {"wasm" | "webgpu"} device
 * @param {string} sessionOptions JSON
 * @param {boolean} stays
 */
export async function open(name, body, others, device, sessionOptions, stays) {
  const trap = device === "webgpu" ? trapOf(body) : "";
  if (trap) throw Object.assign(new Error(trap), { name: "GpuTrap" });
  const ort = await prepare(device);
  const size = others.reduce((sum, [, file]) => sum + file.size, body.size);
  const constants = await int8Constants(device, size);
  const uses = device === "webgpu" && stays ? usesOf(body) : null;
  const options = {
    executionProviders: [device],
    logSeverityLevel: 3, // errors: warnings about graphs are of no use to a page's visitor
    extra: nest(JSON.parse(sessionOptions)),
    ...(device === "webgpu" && stays ? ON_GPU : {}),
  };
  /** @type {import("onnxruntime-web").InferenceSession | undefined} */
  let session;
  try {
    // The constants are given while the session is made, when nothing runs.
    session = await exclusively(() => {
      const { graph, externalData } = withoutWeights(name, body, others, constants);
      return ort.InferenceSession.create(graph, { ...options, externalData });
    });
    return new Network(session, await makeRunner(ort, session, device), constants, uses);
  } catch (error) {
    await exclusively(() => constants?.release());
    await session?.release();
    throw error;
  }
}

/**
 * @param {any} ort
 * @param {any} session
 * @param {"wasm" | "webgpu"} device
 */
async function makeRunner(ort, session, device) {
  if (device === "webgpu") return new Gpu(ort, session, await ort.env.webgpu.device);
  const module = await wasmModule(device);
  return canUseHeap(module, session) ? new Heap(module, session) : new Arrays(ort, session);
}

/** onnxruntime-web takes configuration entries such as "session.x" as nested objects. Their names
 * are a stranger's (engine/hub/manifest_checks.py judges them): the objects share nothing with any other.
 * @param {any} entries
 */
function nest(entries) {
  const root = Object.create(null);
  for (const [key, value] of Object.entries(entries)) {
    const path = key.split(".");
    const last = path.pop() ?? "";
    path.reduce((node, name) => (node[name] ??= Object.create(null)), root)[last] = value;
  }
  return root;
}

// What takes these on the GPU: anything else would have them brought back. Of int64 onnxruntime computes
// on the CPU, but for looking up rows.
const LOOKS_UP = ["Gather", "GatherBlockQuantized"];
const COUNTS = ["Gather", "ReduceSum", "Shape"];

/**
 * @param {any} plan
 * @param {{takers: Map<string, string[]>, presents: Map<string, string>}} uses
 */
function placesOf({ caches, input_ids: ids, attention_mask: mask }, { takers, presents }) {
  const inPlace = caches.length > 0 && caches.every(
    (/** @type {any} */ { past, present, batch, rows }) =>
      batch === 0 && rows === 2 && presents.get(past) === present,
  );
  const taken = (/** @type {any} */ info, /** @type {string[]} */ kinds) =>
    inPlace && info && takers.get(info.name)?.every((kind) => kinds.includes(kind)) ? [info.name] : [];
  const onGpu = [...taken(ids, LOOKS_UP), ...taken(mask?.dtype === "int32" && mask, COUNTS)];
  return { inPlace, onGpu };
}

class Network {
  /** `runner` makes tensors and runs the session on them; `constants` are what the int8 kernel knows
   * of its weights, or null.
   * @param {any} session
   * @param {any} runner
   * @param {any} constants
   * @param {any} uses what the graph does with its inputs (grouped.mjs), or null
   */
  constructor(session, runner, constants, uses) {
    this.session = session;
    this.runner = runner;
    this.constants = constants;
    this.uses = uses;
    this.plan = null;
    this.lost = false;
    this.released = false;
    this.embedder = undefined;
    runner.device?.lost.then(() => this.lose());
  }

  /** The GPU is gone, and what was on it; a network that was given back does not miss it. */
  lose() {
    if (this.released) return;
    this.lost = true;
    noteLoss(this.runner.device);
  }

  /** Inputs and outputs as JSON: [[name, dtype, shape], ...], unknown sizes null. */
  describe() {
    const list = (/** @type {any} */ metadata) =>
      metadata.map((/** @type {any} */ { name, type, shape }) => [
        name,
        type ?? "no tensor",
        (shape ?? []).map((/** @type {unknown} */ size) =>
          typeof size === "number" && size > 0 ? size : null,
        ),
      ]);
    const { inputMetadata, outputMetadata } = this.session;
    return JSON.stringify([list(inputMetadata), list(outputMetadata)]);
  }

  /** Whether tensors stay in onnxruntime's memory between runs. */
  get inHeap() {
    return this.runner instanceof Heap;
  }

  /**
   * Run once: `told` is JSON of the feeds, [[name, dtype, dims], ...], and of the names of the wanted
   * outputs, `values` has the bytes of each feed. The outputs as one array of bytes.
   * @param {string} told
   * @param {Uint8Array[]} values
   */
  run(told, values) {
    const [infos, wanted] = JSON.parse(told);
    return exclusively(async () => {
      const feeds = tensorsOf(this.runner, infos, values);
      try {
        return await watched(this.runner, async () => pack(await this.runner.run(feeds, wanted), wanted));
      } finally {
        Object.values(feeds).forEach((tensor) => tensor.dispose());
      }
    });
  }

  /**
   * Run once, with tensors that stay (kept.mjs).
   * @param {string} told
   * @param {Uint8Array[]} values
   */
  compute(told, values) {
    return compute(this.runner, told, values);
  }

  /**
   * @param {string} told
   * @param {Uint8Array[]} values
   */
  put(told, values) {
    return put(this.runner, told, values);
  }

  /**
   * @param {string} told
   * @param {string} chosen
   */
  take(told, chosen) {
    return take(this.runner, told, chosen);
  }

  /**
   * The plan of engine/runtime/decoder_plan.py, and what the GPU makes of it: whether the graph writes
   * into its caches (`inPlace`), and which inputs it takes from the GPU (`onGpu`).
   * `embedder`: the network of the graph that embeds ids for this one, if there is one.
   * @param {string} json
   * @param {any} embedder
   */
  usePlan(json, embedder) {
    const plan = JSON.parse(json);
    this.plan = { ...plan, ...(this.uses && placesOf(plan, this.uses)) };
    this.embedder = embedder;
  }

  /**
   * An empty session; `padding` has the tokens of left padding of each of its sequences.
   * @param {number[]} padding
   */
  begin(padding) {
    return Session.empty(this, padding);
  }

  async release() {
    this.released = true;
    await exclusively(() => {
      this.runner.release();
      this.constants?.release(); // before their addresses are anybody's
      return this.session.release();
    });
  }
}
