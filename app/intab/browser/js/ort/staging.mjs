/**
 * Reads GPU buffers through one buffer that stays and is made larger when it must be: a new one for
 * each read would be made and given back with every token. One read at a time.
 */
const ALIGNMENT = 16; // bytes, as onnxruntime-web's own buffers

export class Staging {
  /** @param {GPUDevice} device */
  constructor(device) {
    this.device = device;
    /** @type {GPUBuffer | null} */
    this.buffer = null;
  }

  /**
   * The bytes at [buffer, from, size], each as a copy, once what the encoder has was done.
   * @param {GPUCommandEncoder} encoder
   * @param {[GPUBuffer, number, number][]} places in bytes, multiples of 4
   * @returns {Promise<Uint8Array<ArrayBuffer>[]>}
   */
  async read(encoder, places) {
    const total = places.reduce((sum, [, , size]) => sum + size, 0);
    const buffer = this.ofSize(total);
    let to = 0;
    for (const [source, from, size] of places) {
      encoder.copyBufferToBuffer(source, from, buffer, to, size);
      to += size;
    }
    this.device.queue.submit([encoder.finish()]);
    try {
      await buffer.mapAsync(GPUMapMode.READ, 0, total);
    } catch (error) {
      this.release(); // the next read begins with a new one
      throw error;
    }
    const bytes = new Uint8Array(buffer.getMappedRange(0, total));
    let at = 0;
    const found = places.map(([, , size]) => bytes.slice(at, (at += size)));
    buffer.unmap();
    return found;
  }

  /** @param {number} total */
  ofSize(total) {
    if (this.buffer && this.buffer.size >= total) return this.buffer;
    this.release();
    const size = Math.ceil(total / ALIGNMENT) * ALIGNMENT;
    this.buffer = this.device.createBuffer({
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    return this.buffer;
  }

  release() {
    this.buffer?.destroy();
    this.buffer = null;
  }
}
