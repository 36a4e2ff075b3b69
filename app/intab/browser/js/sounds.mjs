/**
 * Sound files as samples. Only pages decode them, so the worker asks its page through a port, which
 * the page hands over when it connects (wire.mjs).
 */

/** @typedef {{ samples: Float32Array<ArrayBuffer>, rate: number }} Sound the mean of the channels */

/** @type {MessagePort | undefined} */
let page;
/** @type {Map<number, {resolve: (sound: Sound) => void, reject: (error: Error) => void}>} */
const waiting = new Map();
let asked = 0;

/** @param {MessagePort | undefined} port to the page */
export function shareSounds(port) {
  page = port;
  if (!page) return;
  page.onmessage = ({ data: { number, sound, error } }) => {
    const { resolve, reject } = waiting.get(number) ?? {};
    waiting.delete(number);
    if (sound) resolve?.(sound);
    else reject?.(new Error(error));
  };
}

/** Whether anybody here decodes sound. */
export const decodesSound = () => "OfflineAudioContext" in globalThis || page !== undefined;

/**
 * @param {Uint8Array<ArrayBuffer>} bytes of a file; they are given away
 * @param {number} rate samples a second, as many as the file has
 * @returns {Promise<Sound>}
 */
export function decodeSound(bytes, rate) {
  if ("OfflineAudioContext" in globalThis) return decoded(bytes.buffer, rate);
  return new Promise((resolve, reject) => {
    asked += 1;
    waiting.set(asked, { resolve, reject });
    page?.postMessage({ number: asked, bytes: bytes.buffer, rate }, [bytes.buffer]);
  });
}

/** The page's side: a port for a worker, whose questions are answered. */
export function soundPort() {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = async ({ data: { number, bytes, rate } }) => {
    try {
      const sound = await decoded(bytes, rate);
      port1.postMessage({ number, sound }, [sound.samples.buffer]);
    } catch (error) {
      port1.postMessage({ number, error: String(/** @type {any} */ (error)?.message ?? error) });
    }
  };
  return port2;
}

/**
 * @param {ArrayBuffer} bytes
 * @param {number} rate
 * @returns {Promise<Sound>}
 */
async function decoded(bytes, rate) {
  const { OfflineAudioContext } = /** @type {any} */ (globalThis); // not in workers
  const context = new OfflineAudioContext(1, 1, rate);
  const buffer = await context.decodeAudioData(bytes);
  const samples = buffer.getChannelData(0).slice();
  for (let channel = 1; channel < buffer.numberOfChannels; channel += 1) {
    const more = buffer.getChannelData(channel);
    for (let at = 0; at < samples.length; at += 1) samples[at] += more[at];
  }
  const count = buffer.numberOfChannels;
  if (count > 1) for (let at = 0; at < samples.length; at += 1) samples[at] /= count;
  return { samples, rate: buffer.sampleRate };
}
