/**
 * A visit of the page in Firefox: `node firefox.mjs ADDRESS FIREFOX SERVER`, where SERVER is the number
 * of the server's process, which it ends to be offline. Playwright's Firefox is a build of its own;
 * puppeteer drives the one that people have, over WebDriver BiDi. Says what it saw; a failure ends it.
 */
import assert from "node:assert/strict";
import puppeteer from "puppeteer-core";

const [address, executablePath, server] = process.argv.slice(2);
const PATIENCE = { timeout: 120_000 };
const hook = (/** @type {string} */ name) => `[data-testid=${name}]`;
const seen = (/** @type {string} */ text) => console.log(`seen: ${text}`);
/** @type {string[]} */
const complaints = [];

const browser = await puppeteer.launch({ browser: "firefox", executablePath });
const page = await browser.newPage();
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));

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
  for (const line of ["They went home.", "", "end"]) {
    await page.waitForFunction(isAsking, PATIENCE, `${idle}, ${answer}`);
    if (!(await page.$(answer))) break;
    await page.type(`${hook("output")} form input`, line);
    await page.click(answer);
  }
  await state("ready");
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

/** Their models come from the hub, which is not here: tests/browser/test_real_hub.py has one. */
const FROM_HUB = ["Search by meaning", "Names in a text", "Good or bad?"];

async function examples() {
  const place = `${hook("examples")} button`;
  const names = await page.$$eval(place, (buttons) => buttons.map((button) => button.textContent));
  for (const [i, name] of names.entries()) {
    if (FROM_HUB.includes(name)) continue;
    await page.click(hook("open-gallery"));
    await (await page.$$(place))[i].click(); // a choice makes the buttons anew
    assert.ok((await run()).length > 100, `${name} printed little`);
    seen(`${name}: ${await text("metrics")}`);
  }
  // The rest is done with a story, which streams.
  await page.click(hook("open-gallery"));
  await page.click(place);
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
