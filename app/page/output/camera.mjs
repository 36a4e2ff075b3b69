/** A camera: its live view in the output, and its newest frame whenever one is asked for. */
import { Overlay } from "./overlay.mjs";

const HIDDEN = 1000; // ms: a page that is out of sight draws no frame, and its program must go on

/**
 * @param {{width: number, height: number, facing: string}} wanted
 * @param {(node: HTMLElement) => void} place
 * @returns {import("./taking.mjs").Giver}
 */
export function openCamera({ width, height, facing }, place) {
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  const figure = document.createElement("figure");
  const overlay = new Overlay(video);
  video.setAttribute("aria-label", "What the camera sees");
  figure.className = "shown camera";
  figure.append(video, overlay.element);
  place(figure);
  const over = new AbortController(); // the camera was lost, or is not wanted any more
  const asked = { width: { ideal: width }, height: { ideal: height }, ...(facing && { facingMode: facing }) };
  /** @type {MediaStream | undefined} */
  let stream;
  const close = () => {
    over.abort();
    for (const track of stream?.getTracks() ?? []) track.stop();
    video.srcObject = null;
    figure.remove();
  };
  const started = (async () => {
    if (!navigator.mediaDevices) throw new DOMException("no media devices", "SecurityError");
    stream = await navigator.mediaDevices.getUserMedia({ video: asked });
    if (over.signal.aborted) close(); // while the visitor was asked for leave
    for (const track of stream.getTracks()) track.addEventListener("ended", () => over.abort());
    video.srcObject = stream;
    await video.play();
  })();
  started.catch(() => {}); // who asks for a frame hears of it
  const newest = newestOf(video, over.signal);
  return {
    async next() {
      await started;
      return newest();
    },
    draw: (records) => overlay.draw(records),
    close,
  };
}

/**
 * The frames of a video, each given once: the newest, as soon as it is one that was not given yet.
 * A video shows a frame before it tells of it, so one that it tells of now may have been given: only
 * what it began to show after the last was taken is new. A frame is known by its time, an
 * ImageBitmap by the number of frames so far; Firefox tells neither of a camera.
 * @param {HTMLVideoElement} video
 * @param {AbortSignal} over
 */
export function newestOf(video, over) {
  let shown = 0; // ms: when the newest that it told of came
  let taken = 0; // ms: when the last was taken
  let last = 0; // what the last is known by
  let tell = () => {};
  /** @type {VideoFrameRequestCallback} */
  const note = (_, { presentationTime }) => {
    shown = presentationTime;
    if (shown > taken) tell();
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  over.addEventListener("abort", () => tell());
  const told = () =>
    new Promise((resolve) => {
      tell = () => resolve(undefined);
      setTimeout(tell, HIDDEN);
    });
  return async () => {
    for (;;) {
      if (shown <= taken && !over.aborted) await told();
      if (over.aborted) throw new DOMException("the camera was lost", "lost");
      const coming = frameOf(video);
      taken = performance.now();
      const count = video.getVideoPlaybackQuality().totalVideoFrames;
      const frame = await coming;
      // Where it told of none, as out of sight, what a frame is known by says whether it is new.
      const known = ("timestamp" in frame && frame.timestamp) || count;
      if (!known || known !== last) {
        last = known;
        return frame;
      }
      frame.close();
    }
  };
}

/** What a video shows: without a copy of its pixels, where the browser can. @param {HTMLVideoElement} video */
function frameOf(video) {
  return "VideoFrame" in globalThis ? new VideoFrame(video) : createImageBitmap(video);
}
