#!/usr/bin/env bash
# Firefox 153: `new VideoFrame(video)` of a <video> that plays a MediaStream, a camera's say, has timestamp 0
# for every frame, where Chromium's has the frame's own time; requestVideoFrameCallback's mediaTime grows in
# both. Who tells a new frame from the last one by `timestamp`, since a video may show a frame before its
# callback tells of it, takes all but the first for old ones in Firefox, and waits for ever.
# In intab: app/page/output/camera.mjs counts a time of 0 as none; the callback's presentationTime says what is new.
#
# Needs Node.js 20, npm's registry, a Firefox (FIREFOX, else firefox-esr) and, to compare, a Chromium
# (CHROMIUM, else /usr/lib/chromium/chromium). Passes while the behaviour is as told, fails when it changes.
# Seen on 2026-11-30: firefox 153.8.0 five mediaTimes and one timestamp, 0; Chrome 156 five of each
set -euo pipefail
export FIREFOX="${FIREFOX:-$(command -v firefox-esr || true)}" CHROMIUM="${CHROMIUM:-/usr/lib/chromium/chromium}"
[ -x "$FIREFOX" ] || { echo "No firefox-esr: set FIREFOX." >&2; exit 2; }
[ -x "$CHROMIUM" ] || { echo "No Chromium at $CHROMIUM: set CHROMIUM." >&2; exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module"}' > package.json
npm install --silent --no-audit --no-fund puppeteer-core@24.43.1

cat > run.mjs <<'JS'
import { createServer } from "node:http";
import puppeteer from "puppeteer-core";

// A camera is given to pages of a server alone.
const server = createServer((_, response) => response.end("<!doctype html><video muted></video>")).listen(0);

async function look() {
  const video = document.querySelector("video");
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  await video.play();
  const found = [];
  while (found.length < 5) {
    const { mediaTime } = await new Promise((resolve) => video.requestVideoFrameCallback((_, about) => resolve(about)));
    const frame = new VideoFrame(video);
    found.push([mediaTime, frame.timestamp]);
    frame.close();
  }
  return found;
}

async function seen(options) {
  const browser = await puppeteer.launch(options);
  const page = await browser.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  const found = await page.evaluate(look);
  const different = (which) => new Set(found.map((pair) => pair[which])).size;
  const told = { mediaTimes: different(0), timestamps: different(1), last: found.at(-1)[1] > 0 };
  console.log(await browser.version(), JSON.stringify(told));
  await browser.close();
  return told;
}

const firefox = await seen({
  browser: "firefox",
  executablePath: process.env.FIREFOX,
  extraPrefsFirefox: { "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true },
});
const chromium = await seen({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
});
server.close();
const isAsTold = firefox.timestamps === 1 && !firefox.last && firefox.mediaTimes > 1
  && chromium.timestamps > 1 && chromium.last && chromium.mediaTimes > 1;
console.log(isAsTold ? "As told." : "It behaves otherwise now.");
process.exit(isAsTold ? 0 : 1);
JS
node run.mjs
