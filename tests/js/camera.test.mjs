/** camera.mjs: each frame of a video is given once, whenever the video tells of it. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { newestOf } from "../../app/page/output/camera.mjs";

let now = 0;

/** A video of numbered frames, which tells of one when `tell` is called: at once, or later. */
class Video {
  totalVideoFrames = 0;
  /** @type {(time: number, of: {presentationTime: number}) => void} */
  note = () => {};

  getVideoPlaybackQuality() {
    return this;
  }

  /** @param {Video["note"]} note */
  requestVideoFrameCallback(note) {
    this.note = note;
  }

  show() {
    this.totalVideoFrames += 1;
    this.since = ++now;
  }

  tell() {
    this.note(++now, { presentationTime: /** @type {number} */ (this.since) });
  }
}

/** @returns {{video: Video, next: () => Promise<any>}} */
function opened() {
  const video = new Video();
  return { video, next: newestOf(/** @type {any} */ (video), new AbortController().signal) };
}

/** What it gives once all that can has happened, or "nothing". @param {Promise<any>} coming */
async function sofar(coming) {
  const idle = new Promise((resolve) => setImmediate(() => resolve({ number: "nothing" })));
  return (await Promise.race([coming, idle])).number;
}

beforeEach(() => {
  now = 0;
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => ++now);
  Object.assign(globalThis, {
    createImageBitmap: async (/** @type {Video} */ { totalVideoFrames }) => ({
      number: totalVideoFrames,
      close() {},
    }),
  });
});
afterEach(() => mock.reset());

test("a frame that was taken before the video told of it is not given again", async () => {
  const { video, next } = opened();
  video.show();
  video.tell();
  video.show(); // and tells of it when it was taken
  assert.equal(await sofar(next()), 2);
  video.tell();
  const coming = next();
  assert.equal(await sofar(coming), "nothing");
  video.show();
  assert.equal(await sofar(coming), "nothing");
  video.tell();
  assert.equal(await sofar(coming), 3);
});

test("the newest is given, and none that was missed", async () => {
  const { video, next } = opened();
  for (let frame = 0; frame < 3; frame++) {
    video.show();
    video.tell();
  }
  assert.equal(await sofar(next()), 3);
});

test("a video out of sight, which tells of nothing, is looked at each second", async () => {
  const { video, next } = opened();
  video.show();
  const first = next();
  mock.timers.tick(1000);
  assert.equal(await sofar(first), 1);
  const second = next();
  mock.timers.tick(1000);
  assert.equal(await sofar(second), "nothing"); // it still shows the same
  video.show();
  mock.timers.tick(1000);
  assert.equal(await sofar(second), 2);
});
