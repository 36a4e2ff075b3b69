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
 * @param {HTMLVideoElement} video
 * @param {AbortSignal} over
 */
function newestOf(video, over) {
  let isFresh = false;
  let tell = () => {};
  let last = 0;
  const note = () => {
    isFresh = true;
    tell();
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
      if (!isFresh && !over.aborted) await told();
      if (over.aborted) throw new DOMException("the camera was lost", "lost");
      isFresh = false;
      const frame = await frameOf(video);
      const time = timeOf(frame);
      // The video shows a frame before it tells of it, so one that was taken may be told of later.
      if (!time || time !== last) {
        last = time;
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

/** 0 where it is not known: Firefox has none for a camera's. @param {VideoFrame | ImageBitmap} frame */
function timeOf(frame) {
  return "timestamp" in frame ? frame.timestamp : 0;
}
