/** onnxruntime-web alone classifies what the camera sees; the canvas scales, as tutorials do it. */
import { secondsOf } from "./camera_frames.mjs";
import { serve } from "./jobs.mjs";

const SIDE = 224;
const AREA = SIDE * SIDE;
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/**
 * Seconds for so many frames.
 * @param {{model: string, warm: number, frames: number}} given
 */
async function seconds({ model, warm, frames }) {
  const folder = new URL("./ort/", location.href).href;
  const ort = await import(`${folder}ort.wasm.min.mjs`);
  ort.env.wasm.numThreads = 2;
  ort.env.wasm.wasmPaths = folder;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const found = await secondsOf(warm, frames, async (video) => {
    context?.drawImage(video, 0, 0, SIDE, SIDE);
    const { data } = /** @type {CanvasRenderingContext2D} */ (context).getImageData(0, 0, SIDE, SIDE);
    const pixels = new ort.Tensor("float32", normalised(data), [1, 3, SIDE, SIDE]);
    const { logits } = await session.run({ pixel_values: pixels });
    return logits.data.indexOf(Math.max(...logits.data));
  });
  return { seconds: found };
}

/** @param {Uint8ClampedArray} data RGBA */
function normalised(data) {
  const out = new Float32Array(3 * AREA);
  for (let channel = 0; channel < 3; channel += 1) {
    for (let i = 0; i < AREA; i += 1) {
      out[channel * AREA + i] = (data[4 * i + channel] / 255 - MEAN[channel]) / STD[channel];
    }
  }
  return out;
}

serve({ seconds });
