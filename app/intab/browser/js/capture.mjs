/**
 * Sound as it is captured, one channel, a tenth of a second at a time: runs in the audio thread of a
 * page (app/page/output/microphone.mjs), which a busy page does not hold up.
 */
const SIZE = Math.round(sampleRate / 10);

class Capture extends AudioWorkletProcessor {
  block = new Float32Array(SIZE);
  filled = 0;

  /** @param {Float32Array[][]} inputs the first has no channel before the microphone gives any */
  process([channels]) {
    const samples = channels[0] ?? [];
    for (let at = 0; at < samples.length; ) {
      const part = samples.subarray(at, at + SIZE - this.filled);
      this.block.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === SIZE) this.send();
    }
    return true;
  }

  send() {
    this.port.postMessage(this.block, [this.block.buffer]); // which has no length from here on
    this.block = new Float32Array(SIZE);
    this.filled = 0;
  }
}

registerProcessor("capture", Capture);
