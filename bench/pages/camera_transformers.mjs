/** Transformers.js classifies what the camera sees, as its guides do: each frame from a canvas. */
import { env, pipeline, RawImage } from "@huggingface/transformers";
import { secondsOf } from "./camera_frames.mjs";
import { serve } from "./jobs.mjs";

const wasm = /** @type {any} */ (env.backends.onnx.wasm);
const here = new URL("./", import.meta.url).href;
env.allowLocalModels = false;
env.useWasmCache = false; // its way there is a blob: script, which the Content-Security-Policy forbids
wasm.wasmPaths = {
  mjs: `${here}ort-wasm-simd-threaded.asyncify.mjs`,
  wasm: `${here}ort-wasm-simd-threaded.asyncify.wasm`,
};

/**
 * Seconds for so many frames.
 * @param {{model: string, warm: number, frames: number}} given
 */
async function seconds({ model, warm, frames }) {
  const { origin, pathname } = new URL(model);
  env.remoteHost = origin;
  env.remotePathTemplate = "{model}/";
  wasm.numThreads = 2;
  /** @type {any} */
  const settings = { dtype: "fp32", device: "wasm" };
  /** @type {any} */
  const classify = await pipeline("image-classification", pathname.slice(1, -1), settings);
  const canvas = document.createElement("canvas");
  const found = await secondsOf(warm, frames, async (video) => {
    Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context?.drawImage(video, 0, 0);
    await classify(RawImage.fromCanvas(canvas), { top_k: 1 });
  });
  return { seconds: found };
}

serve({ seconds });
