/**
 * The largest logits of a row, found on the GPU, so that these come back and not the vocabulary.
 *
 * Numbers are compared by their bits, as integers that lie in the same order: a shader may take
 * liberties with NaN and infinity, and none with integers. One workgroup looks at one row: four times
 * it counts 8 bits of all that can still be the `count`th largest; then it collects what is no
 * smaller, in any order, and what is up to `SLACK` steps smaller, which division by a temperature may
 * make equal.
 */
import { Staging } from "./staging.mjs";

const WORKGROUP = 256; // lanes, and values of 8 bits
const SLACK = 4; // floats: a quotient is rounded to half a step, and a power of two doubles the step
const TIES = 16; // places for what is beyond `count`; a row that has more is read back whole
const HEAD = 2; // of a row's findings: how many there are, whether one of all logits is NaN
const PAIR = 2; // a place, and the bits of what is there
// Where a quotient can be neither an infinity nor a number with less bits (engine's TEMPERATURES).
const [SMALL, LARGE] = [1e-30, 1e30];

const SHADER = `
struct Given { vocabulary: u32, all: u32, rows: u32, count: u32, width: u32, halves: u32 }
@group(0) @binding(0) var<storage, read> logits: array<u32>;
@group(0) @binding(1) var<storage, read_write> found: array<u32>;
@group(0) @binding(2) var<uniform> given: Given;

var<workgroup> counts: array<atomic<u32>, ${WORKGROUP}>;
var<workgroup> nan: atomic<u32>;
var<workgroup> kept: atomic<u32>;
var<workgroup> left: u32;
var<workgroup> beginning: u32;

fn bits(at: u32) -> u32 {
  if (given.halves == 0u) { return logits[at]; }
  return (logits[at / 2u] >> (16u * (at % 2u))) << 16u;
}

// The same order as that of the numbers; both zeros are one.
fn key(given_bits: u32) -> u32 {
  let wanted = select(given_bits, 0u, (given_bits << 1u) == 0u);
  return select(wanted | 0x80000000u, ~wanted, (wanted >> 31u) == 1u);
}

@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let sequence = group.x / given.rows;
  let row = (sequence + 1u) * given.all - given.rows + group.x % given.rows;
  let start = row * given.vocabulary;
  let infinity = select(0x7f800000u, 0x7c000000u, given.halves == 1u);
  if (lane == 0u) { left = given.count; beginning = 0u; }
  for (var part = 0u; part < 4u; part++) {
    let shift = 24u - 8u * part;
    atomicStore(&counts[lane], 0u);
    let same = workgroupUniformLoad(&beginning);
    for (var i = lane; i < given.vocabulary; i += ${WORKGROUP}u) {
      let its = bits(start + i);
      if (part == 0u && (its & 0x7fffffffu) > infinity) { atomicStore(&nan, 1u); }
      let its_key = key(its);
      if (part == 0u || (its_key >> (shift + 8u)) == same) {
        atomicAdd(&counts[(its_key >> shift) & 255u], 1u);
      }
    }
    workgroupBarrier();
    if (lane == 0u) {
      var value = 255u;
      while (value > 0u && atomicLoad(&counts[value]) < left) {
        left -= atomicLoad(&counts[value]);
        value--;
      }
      beginning = (same << 8u) | value;
    }
    workgroupBarrier();
  }
  let smallest = workgroupUniformLoad(&beginning);
  let limit = smallest - min(smallest, ${SLACK}u);
  let place = group.x * (${HEAD}u + ${PAIR}u * given.width);
  for (var i = lane; i < given.vocabulary; i += ${WORKGROUP}u) {
    let its = bits(start + i);
    if (key(its) >= limit) {
      let free = atomicAdd(&kept, 1u);
      if (free < given.width) {
        found[place + ${HEAD}u + ${PAIR}u * free] = i;
        found[place + ${HEAD}u + ${PAIR}u * free + 1u] = its;
      }
    }
  }
  workgroupBarrier();
  if (lane == 0u) {
    found[place] = atomicLoad(&kept);
    found[place + 1u] = atomicLoad(&nan);
  }
}`;

export class Largest {
  /** @param {GPUDevice} device */
  constructor(device) {
    this.device = device;
    this.staging = new Staging(device);
    /** @type {GPUComputePipeline | null} */
    this.pipeline = null;
    /** @type {GPUBuffer | null} */
    this.given = null;
    /** @type {GPUBuffer | null} */
    this.found = null;
  }

  /**
   * The `count` largest of each of the last `rows` rows of each sequence, and perhaps a few more, as
   * engine/runtime/largest.py reads them; null where only the rows themselves can tell.
   * @param {any} logits
   * @param {number} rows
   * @param {number} count
   */
  async of(logits, rows, count) {
    const [batch, all, vocabulary] = logits.dims;
    const width = count + TIES;
    if (width >= vocabulary) return null;
    const lines = batch * rows;
    const size = HEAD + PAIR * width;
    const bytes = lines * size * Uint32Array.BYTES_PER_ELEMENT;
    const halves = logits.type === "float16";
    const encoder = this.device.createCommandEncoder();
    const told = Uint32Array.of(vocabulary, all, rows, count, width, Number(halves));
    const found = this.search(encoder, logits.gpuBuffer, told, lines, bytes);
    const [packed] = await this.staging.read(encoder, [[found, 0, bytes]]);
    const table = new Uint32Array(packed.buffer);
    for (let at = 0; at < table.length; at += size) {
      if (!isCertain(table.subarray(at, at + size), count, width, halves)) return null;
    }
    return Uint32Array.of(vocabulary, Number(halves), width, ...table);
  }

  /**
   * @param {GPUCommandEncoder} encoder
   * @param {GPUBuffer} logits
   * @param {Uint32Array<ArrayBuffer>} told
   * @param {number} lines
   * @param {number} bytes
   */
  search(encoder, logits, told, lines, bytes) {
    const { device } = this;
    this.pipeline ??= device.createComputePipeline({
      layout: "auto",
      compute: { module: device.createShaderModule({ code: SHADER }) },
    });
    this.given ??= device.createBuffer({
      size: told.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    if (!this.found || this.found.size < bytes) {
      this.found?.destroy();
      this.found = device.createBuffer({
        size: bytes,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
      });
    }
    device.queue.writeBuffer(this.given, 0, told);
    const buffers = [logits, this.found, this.given];
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: this.pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(lines);
    pass.end();
    return this.found;
  }

  release() {
    this.staging.release();
    this.given?.destroy();
    this.found?.destroy();
  }
}

/**
 * Whether what was found of a row is enough to choose from it as from the whole row.
 * @param {Uint32Array} line
 * @param {number} count
 * @param {number} width
 * @param {boolean} halves
 */
export function isCertain(line, count, width, halves) {
  const [kept, nan] = line;
  if (nan || kept > width) return false;
  // Halves are further apart than what a division makes equal; the best alone is divided by nothing.
  if (halves || count === 1) return true;
  const values = new Float32Array(line.buffer, line.byteOffset, line.length);
  for (let i = 0; i < kept; i++) {
    const size = Math.abs(values[HEAD + PAIR * i + 1]);
    if (!(size > SMALL && size < LARGE)) return false;
  }
  return true;
}
