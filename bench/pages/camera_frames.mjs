/** Frames of the camera, for the pages of bench/camera.py's peers: each that is looked at is new. */

/**
 * Milliseconds until `look` has seen so many frames, after some others.
 * @param {number} warm
 * @param {number} frames
 * @param {(video: HTMLVideoElement) => Promise<unknown>} look
 */
export async function secondsOf(warm, frames, look) {
  const video = Object.assign(document.createElement("video"), { muted: true });
  const size = { width: { ideal: 640 }, height: { ideal: 480 } };
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: size });
  document.body.append(video);
  await video.play();
  let isNew = false;
  let tell = () => {};
  const note = () => {
    isNew = true;
    tell();
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  let began = 0;
  for (let seen = 0; seen < warm + frames; seen += 1) {
    if (!isNew) await new Promise((resolve) => (tell = () => resolve(undefined)));
    isNew = false;
    if (seen === warm) began = performance.now();
    await look(video);
  }
  return (performance.now() - began) / 1000;
}
