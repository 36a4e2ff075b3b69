/**
 * What the visitor gives a program (engine/display/taking.py, listening.py): what a camera sees, a
 * drawing, a file, what a microphone hears. The worker asks for each at the event's port, by "next";
 * the answer is {given}, a frame, a Blob or samples, or {failure, message}. "close" gives everything
 * back, and so does the program's end.
 */
import { openCamera } from "./camera.mjs";
import { canvasOf } from "./canvas.mjs";
import { openMicrophone } from "./microphone.mjs";
import { pickerOf } from "./picker.mjs";

/**
 * @typedef {{samples: Float32Array<ArrayBuffer>, rate: number}} Sound
 * @typedef {VideoFrame | ImageBitmap} Frame
 * `next()` gives the next; `draw(found)` draws into the view; `close()` ends it.
 * @typedef {{next: () => Promise<Frame | Blob | Sound>, draw?: (found: any) => void, close: () => void}} Giver
 */

/** @type {Record<string, (event: any, place: (node: HTMLElement) => void) => Giver>} */
const GIVERS = { camera: openCamera, canvas: canvasOf, file: pickerOf, microphone: openMicrophone };

export class Taking {
  /** @param {(node: HTMLElement) => void} place puts an element into the output */
  constructor(place) {
    this.place = place;
    /** @type {Giver[]} */
    this.open = [];
  }

  /** @param {any} event */
  begin(event) {
    const giver = GIVERS[event.source](event, this.place);
    this.open.push(giver);
    event.port.onmessage = async (/** @type {MessageEvent} */ { data }) => {
      if (data === "next") await answer(giver, event.port);
      else if (data === "close") giver.close();
      else giver.draw?.(JSON.parse(data.draw));
    };
  }

  /** The program ended: every light goes out. */
  end() {
    for (const giver of this.open.splice(0)) giver.close();
  }
}

/** @param {Giver} giver @param {MessagePort} port */
async function answer(giver, port) {
  try {
    const given = await giver.next();
    port.postMessage({ given }, movable(given));
  } catch (/** @type {any} */ error) {
    port.postMessage({ failure: error.name, message: String(error.message || error.name) });
  }
}

/** @param {Frame | Blob | Sound} given @returns {Transferable[]} */
function movable(given) {
  if ("close" in given) return [given];
  return "samples" in given ? [given.samples.buffer] : [];
}
