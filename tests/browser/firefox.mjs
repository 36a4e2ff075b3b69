/**
 * A visit of the page in Firefox: `node firefox.mjs ADDRESS FIREFOX SERVER`, where SERVER is the number
 * of the server's process, which it ends to be offline. Playwright's Firefox is a build of its own;
 * puppeteer drives the one that people have, over WebDriver BiDi. Says what it saw; a failure ends it.
 */
import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import puppeteer from "puppeteer-core";

const [address, executablePath, server] = process.argv.slice(2);
const PATIENCE = { timeout: 120_000 };
const hook = (/** @type {string} */ name) => `[data-testid=${name}]`;
const seen = (/** @type {string} */ text) => console.log(`seen: ${text}`);
/** @type {string[]} */
const complaints = [];

const TONE = 1000; // Hz: what Firefox's own microphone for tests plays
const FAKE = { "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true };

const browser = await puppeteer.launch({ browser: "firefox", executablePath, extraPrefsFirefox: FAKE });
let page = await watched(browser);

/** A page whose complaints are heard.
 * @param {any} place a browser, or a context of one
 * @returns {Promise<import("puppeteer-core").Page>} */
async function watched(place) {
  const made = await place.newPage();
  made.on("pageerror", (/** @type {any} */ error) => complaints.push(String(error)));
  made.on("console", (/** @type {any} */ message) => message.type() === "error" && complaints.push(message.text()));
  return made;
}

const text = (/** @type {string} */ name) => page.$eval(hook(name), (element) => element.textContent);

/** @param {any} wanted */
function state(wanted) {
  const isThere = (/** @type {any} */ place, /** @type {string} */ name) => document.querySelector(place)?.dataset.state === name;
  return page.waitForFunction(isThere, PATIENCE, hook("status"), wanted);
}

/** Wait for the program's end; what it asks meanwhile has one answer, and then none. */
async function ended() {
  const isAsking = (/** @type {any} */ places) => document.querySelector(places) !== null;
  const idle = `${hook("status")}:not([data-state=running])`;
  const answer = `${hook("output")} form button`;
  const drawn = `${hook("output")} .drawing button:enabled:not(.quiet)`;
  for (const line of ["They went home.", "", "end"]) {
    await page.waitForFunction(isAsking, PATIENCE, `${idle}, ${answer}, ${drawn}`);
    if (await page.$(drawn)) {
      await draw(line.length);
      await page.click(drawn);
    } else if (await page.$(answer)) {
      await page.type(`${hook("output")} form input`, line);
      await page.click(answer);
    } else break;
  }
  await state("ready");
}

/** A line down the last drawing, of that many times 10 pixels. @param {number} length */
async function draw(length) {
  const canvas = (await page.$$(`${hook("output")} .drawing canvas`)).at(-1);
  assert.ok(canvas);
  await canvas.scrollIntoView();
  const { x, y } = await canvas.clickablePoint();
  await page.mouse.move(x, y - 75);
  if (!length) return;
  await page.mouse.down();
  await page.mouse.move(x, y - 75 + 10 * length, { steps: 4 });
  await page.mouse.up();
}

/** @param {number} length */
function output(length) {
  const isLong = (/** @type {any} */ place, /** @type {any} */ least) => document.querySelector(place).textContent.length >= least;
  return page.waitForFunction(isLong, PATIENCE, hook("output"), length);
}

/** Press Run. A short program may run between two looks at the page: each change of its state is seen. */
async function start() {
  await page.evaluate((place) => {
    const status = /** @type {any} */ (document.querySelector(place));
    const isRunning = () => status.dataset.state === "running";
    /** @type {any} */ (window).began = new Promise((resolve) => {
      new MutationObserver((_, observer) => isRunning() && (observer.disconnect(), resolve(true))).observe(status, { attributes: true });
    });
  }, hook("status"));
  await page.click(hook("run"));
  await page.evaluate(() => /** @type {any} */ (window).began);
}

async function run() {
  await start();
  await ended();
  return await text("output");
}

const PROGRAMS = `${hook("examples")} button`;

/**
 * Firefox's IntersectionObserver, which puppeteer asks, takes what a fixed dialog cuts off for visible
 * (findings/firefox-intersection-in-fixed-scrollers.sh): puppeteer would not scroll, and click beside.
 * @param {number} i
 * @param {string} name
 */
async function choose(i, name) {
  await page.click(hook("open-gallery"));
  const button = (await page.$$(PROGRAMS))[i]; // a choice makes the buttons anew
  await button.scrollIntoView();
  await button.click();
  assert.equal(await text("open-gallery"), `Program: ${name}`);
}

/** Those whose models come from the hub are left out: tests/browser/test_real_hub.py has one. */
async function examples() {
  const told = await page.$$eval(`${hook("examples")} li`, (items) =>
    items.map((item) => ({ name: item.querySelector("button")?.textContent ?? "", about: item.textContent ?? "" })),
  );
  for (const [i, { name, about }] of told.entries()) {
    if (about.includes("from the hub")) continue;
    await choose(i, name);
    assert.ok((await run()).length > 100, `${name} printed little`);
    seen(`${name}: ${await text("metrics")}`);
  }
  await cut(told.length - 1, told[told.length - 1].name);
  await choose(0, told[0].name); // the rest is done with a story, which streams
}

/**
 * A program can be chosen whose button is in the window, but half of it under the dialog's edge, which
 * is 14 pixels above the window's: the window ends 12 pixels under the button's middle.
 * @param {number} i
 * @param {string} name
 */
async function cut(i, name) {
  const middle = await page.$$eval(PROGRAMS, (buttons, at) => {
    const dialog = /** @type {any} */ (document.querySelector("[data-testid=gallery]"));
    dialog.showModal();
    const { top, height } = buttons[at].getBoundingClientRect();
    dialog.close();
    return top + height / 2;
  }, i);
  const before = page.viewport();
  await page.setViewport({ width: before?.width ?? 800, height: Math.ceil(middle) + 12 });
  await choose(i, name);
  await page.setViewport(before);
  seen("a program that the dialog's edge cuts was chosen");
}

const HEAR = `
import intab
import numpy as np

sound, found = intab.microphone(), []
async for block in sound:
    found.append(block)
    if sound.seconds > 2:
        break
sound.close()
heard = np.concatenate(found)[8000:]
at = np.abs(np.fft.rfft(heard)).argmax()
print(f"{at * sound.rate / len(heard):.0f} Hz at {sound.rate}, {heard.dtype}")
`;

const SEE = `
import intab

seen = []
async for frame in intab.camera():
    seen.append(frame.tobytes())
    if len(seen) == 6:
        break
print(f"{len(set(seen))} frames of {frame.size}")
`;

/** What a program prints that a link brings to somebody else: the gallery keeps such programs.
 * @param {string} code */
async function brought(code) {
  const [first, context] = [page, await browser.createBrowserContext()];
  page = await watched(context);
  const shared = JSON.stringify({ title: "Brought", code });
  await page.goto(`${address}#code=${deflateRawSync(shared).toString("base64url")}`);
  await state("ready");
  const printed = await run();
  await context.close();
  page = first;
  return printed ?? "";
}

/** The camera: Firefox tells no frame's time, and each is a new one. */
async function camera() {
  assert.match(await brought(SEE), /^6 frames of \(640, 480\)/);
  seen("a camera's frames");
}

/** The microphone. Firefox starts a page's sound only where there is something to play it on, which a
 * machine for tests may not have. */
async function microphone() {
  const starts = await page.evaluate(async () => {
    const context = new AudioContext();
    const late = new Promise((resolve) => setTimeout(resolve, 5000, false));
    return Promise.race([context.resume().then(() => context.close().then(() => true)), late]);
  });
  if (!starts) return seen("no sound device, without which Firefox hears no microphone");
  assert.match(await brought(HEAR), new RegExp(`^${TONE} Hz at 16000, float32`));
  seen("a microphone's tone");
}

/** What a service worker that is not active yet would hold up. */
async function secondVisit() {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");
  await page.reload();
  await state("ready");
  seen("a second visit, over the service worker");
}

/** What is stored is whole, by the panel's own check. */
async function storage() {
  await page.click(hook("open-panel"));
  await page.waitForSelector(`${hook("stored")} li`);
  const stored = await page.$eval(`${hook("stored")} li`, (item) => item.textContent);
  assert.match(stored ?? "", /default.*complete/s);
  await page.click(`${hook("stored")} li button`);
  const isWhole = (/** @type {any} */ place) => document.querySelector(place).textContent.startsWith("Every byte");
  await page.waitForFunction(isWhole, PATIENCE, hook("panel-message"));
  await page.click(hook("close-panel"));
}

/** Everything comes from what the browser keeps, the model too. */
async function offline() {
  process.kill(Number(server));
  await page.reload();
  await state("ready");
  assert.ok((await run()).length > 100, "offline, the program printed little");
}

/** @param {any} press */
async function stop(press) {
  await start();
  await output(20);
  await press();
  await state("ready");
  assert.equal(await text("status"), "Stopped");
}

try {
  await page.goto(address);
  await state("ready");
  await page.click(hook("view-program"));
  assert.ok(await page.evaluate(() => crossOriginIsolated));
  await camera();
  await microphone();
  await examples();
  seen(await text("device"));
  await secondVisit();
  await stop(() => page.click(hook("stop")));
  seen("a story that was stopped");
  await storage();
  seen("every stored byte is as it was");
  await offline();
  seen("an answer without a server");
  assert.deepEqual(complaints, []);
} finally {
  await browser.close();
}
