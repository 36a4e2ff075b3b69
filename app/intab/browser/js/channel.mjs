/**
 * What the page gives a program piece by piece: frames of a camera, a drawing, a file, sound of a
 * microphone. The worker makes a port for each and asks there; the page answers {given} or
 * {failure, message}.
 */
import { framePixels } from "./pictures.mjs";

/** @param {string} text the event that tells the page what is wanted */
export function openChannel(text) {
  const { port1: port, port2: theirs } = new MessageChannel();
  postMessage({ event: text, port: theirs }, [theirs]);
  return {
    /** The next: pixels, the bytes of a file, or samples with their rate. */
    async next() {
      const given = await asked(port);
      if (given instanceof Blob) return new Uint8Array(await given.arrayBuffer());
      if (given.samples) return given;
      try {
        return await framePixels(given);
      } finally {
        given.close();
      }
    },
    /** @param {string} found what to draw into the view */
    draw: (found) => port.postMessage({ draw: found }),
    close() {
      port.postMessage("close");
      port.close();
    },
  };
}

/** @param {MessagePort} port @returns {Promise<any>} */
function asked(port) {
  return new Promise((resolve, reject) => {
    port.onmessage = ({ data: { given, failure, message } }) => {
      if (given) resolve(given);
      else reject(Object.assign(new Error(message), { name: failure }));
    };
    port.postMessage("next");
  });
}
