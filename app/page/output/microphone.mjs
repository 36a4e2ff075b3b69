/**
 * A microphone: a meter in the output, and what was captured since it was last asked for. The samples
 * are those of the device, at its own rate: a browser resamples without a filter to speak of.
 */
import { element } from "../elements.mjs";

const WAITING = "The browser’s sound does not start yet: it may need loudspeakers or headphones";
const LOUDEST = 40; // decibels below the loudest sound there is, at which the meter begins

/**
 * @param {{buffer: number, processing: boolean}} wanted
 * @param {(node: HTMLElement) => void} place
 * @returns {import("./taking.mjs").Giver}
 */
export function openMicrophone({ buffer, processing }, place) {
  const view = viewOf();
  place(view.figure);
  /** @type {MediaStream | undefined} */
  let stream;
  /** @type {AudioContext | undefined} */
  let context;
  const kept = new Kept();
  let isClosed = false;
  const stop = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    context?.close(); // once: Firefox refuses the second time
    context = undefined;
  };
  const close = () => {
    isClosed = true;
    stop();
    view.end();
  };
  const started = (async () => {
    if (!navigator.mediaDevices) throw new DOMException("no media devices", "SecurityError");
    const changes = { echoCancellation: processing, noiseSuppression: processing, autoGainControl: processing };
    stream = await navigator.mediaDevices.getUserMedia({ audio: changes });
    const [track] = stream.getAudioTracks();
    const { sampleRate } = track.getSettings();
    context = new AudioContext(sampleRate ? { sampleRate } : {});
    if (isClosed) return close(); // while the visitor was asked for leave
    track.addEventListener("ended", () => kept.end("lost"));
    const tell = () => view.tell(track.muted, context?.state === "running");
    for (const name of ["mute", "unmute"]) track.addEventListener(name, tell);
    context.addEventListener("statechange", tell);
    tell();
    kept.rate = context.sampleRate;
    await listen(context, stream, (samples) => {
      view.level(samples);
      kept.add(samples);
      if (kept.length <= buffer * kept.rate) return;
      kept.end("full");
      stop();
    });
  })();
  started.catch(() => {}); // who asks for sound hears of it
  return {
    async next() {
      await started;
      return kept.taken();
    },
    draw: (text) => view.write(text),
    close,
  };
}

/**
 * @param {AudioContext} context
 * @param {MediaStream} stream
 * @param {(samples: Float32Array<ArrayBuffer>) => void} hear
 */
async function listen(context, stream, hear) {
  const { href } = element("#interpreter", HTMLLinkElement);
  await context.audioWorklet.addModule(new URL("../intab/capture.mjs", href).href);
  const node = new AudioWorkletNode(context, "capture", {
    numberOfOutputs: 0,
    channelCount: 1,
    channelCountMode: "explicit", // the mean of a stereo microphone's two
  });
  node.port.onmessage = ({ data }) => hear(data);
  context.createMediaStreamSource(stream).connect(node);
  await context.resume();
}

/** What was captured and not yet taken. */
class Kept {
  /** @type {Float32Array<ArrayBuffer>[]} */
  blocks = [];
  length = 0;
  rate = 0;
  ended = "";
  tell = () => {};

  /** @param {Float32Array<ArrayBuffer>} samples */
  add(samples) {
    if (this.ended) return;
    this.blocks.push(samples);
    this.length += samples.length;
    this.tell();
  }

  /** No more comes. @param {string} why */
  end(why) {
    this.ended ||= why;
    this.tell();
  }

  /** All of it, once there is any. */
  async taken() {
    if (!this.length && !this.ended) await new Promise((resolve) => (this.tell = () => resolve(undefined)));
    if (!this.length) throw new DOMException("the microphone ended", this.ended);
    const samples = new Float32Array(this.length);
    let at = 0;
    for (const block of this.blocks.splice(0)) {
      samples.set(block, at);
      at += block.length;
    }
    this.length = 0;
    return { samples, rate: this.rate };
  }
}

/** The meter, and what stands below it. */
function viewOf() {
  const figure = document.createElement("figure");
  const label = document.createElement("label");
  const meter = Object.assign(document.createElement("meter"), { min: 0, max: 1 });
  const note = document.createElement("span");
  const text = document.createElement("figcaption");
  figure.className = "shown microphone";
  note.textContent = "Listening";
  label.append(note, meter);
  figure.append(label, text);
  return {
    figure,
    /** Firefox hears nothing until it can play.
     * @param {boolean} isMuted
     * @param {boolean} isRunning
     */
    tell(isMuted, isRunning) {
      note.textContent = isMuted ? "The microphone is muted" : isRunning ? "Listening" : WAITING;
    },
    /** @param {string} words */
    write: (words) => (text.textContent = words),
    /** What was written stays in the output. */
    end() {
      label.remove();
      figure.classList.remove("microphone");
      if (!text.textContent) figure.remove();
    },
    /** @param {Float32Array} samples */
    level(samples) {
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      const decibels = 10 * Math.log10(sum / samples.length + 1e-9);
      meter.value = Math.max(0, 1 + decibels / LOUDEST);
    },
  };
}
