/** The sentences of the status line: events of the worker in a visitor's words. */
import { hasSharedMemory } from "../intab/browser/js/shared_memory.mjs";

/** @type {Record<string, string>} */
const STAGES = {
  describe: "Looking at the model",
  start: "Starting the model",
  "warm up": "Warming up the model",
};
// What PyScript says while it starts Python; what is not here is not worth a visitor's while.
/** @type {Record<string, string>} */
const STARTING = {
  "Loading Pyodide": "Loading Python",
  "Loading interpreter": "Starting Python and loading its packages",
  "Loaded Pyodide": "Python has started",
};
/** @type {Record<string, string>} */
const RESTARTS = {
  stubborn: "Stopped. Python was restarted: it did not react to the interrupt.",
  crashed: "Python crashed and was restarted; your program is still here.",
  asked: "Python was restarted; your program is still here.",
};
const UNISOLATED =
  "Stopped. Python was restarted: this page is not cross-origin isolated, so Python cannot be interrupted.";
const UNITS = ["kB", "MB", "GB"];
const SHOWN_FILES = 3;
const short = (/** @type {number} */ value) => (value < 10 ? value.toFixed(1) : value.toFixed(0));

/** @param {any} stage */
export function startingText(stage) {
  return STARTING[stage];
}

/**
 * Why the worker was given up; `Link` has the causes.
 * @param {any} cause
 */
export function restartText(cause) {
  return cause === "stubborn" && !hasSharedMemory ? UNISOLATED : RESTARTS[cause];
}

/**
 * Files of the site that were not what they should be.
 * @param {string[]} paths
 */
export function mendedText(paths) {
  const names = paths.slice(0, SHOWN_FILES).map((path) => path.split("/").at(-1));
  const more = paths.length > names.length ? " and more" : "";
  return `What this browser had kept of the site was damaged (${names.join(", ")}${more}): it was fetched again.`;
}

/**
 * A visit without a network is no failure: what kept the hub from being asked is not for visitors.
 * @param {{topic: string, text: string}} given
 */
export function noticeText({ topic, text }) {
  const kept = /^.* is loaded as it was stored/.exec(text);
  return topic === "offline" && kept ? `${kept[0]}; it needs no network.` : text;
}

/** @param {{stage: any}} given */
export function loadingText({ stage }) {
  return STAGES[stage] ?? "Loading the model";
}

/**
 * "3.1 of 6.3 MB", "4.2 MB/s", "1 s left", as far as it is known; none in a stage without bytes.
 * @param {{loaded: number, total: number, rate: number, seconds_left: any}} given
 */
export function transferTexts({ loaded, total, rate, seconds_left: left }) {
  if (!total) return [];
  const moving = rate && loaded < total;
  return [partText(loaded, total), ...(moving ? [`${sizeText(rate)}/s`, leftText(left)] : [])];
}

/**
 * One of several facts, which a line break must not take apart.
 * @param {string} textContent
 */
export function onOneLine(textContent) {
  return Object.assign(document.createElement("span"), { textContent });
}

/**
 * The files on their way, by name: [loaded, total] in bytes.
 * @param {any} files
 */
export function filesText(files) {
  const moving = [...files].filter(([, [loaded, total]]) => loaded < total);
  const texts = moving
    .slice(0, SHOWN_FILES)
    .map(([name, [loaded, total]]) => `${name.split("/").at(-1)} ${partText(loaded, total)}`);
  if (moving.length > SHOWN_FILES) texts.push(`${moving.length - SHOWN_FILES} more files`);
  return texts.join(" · ");
}

/** @param {number} bytes */
function unitOf(bytes) {
  return bytes < 1e6 ? 0 : bytes < 1e9 ? 1 : 2;
}

/**
 * @param {number} bytes
 * @param {any} unit
 */
function inUnit(bytes, unit) {
  const value = bytes / 1000 ** (unit + 1);
  return value.toFixed(unit === 0 ? 0 : unit);
}

/**
 * Bytes in the unit that suits them: "85 kB", "3.1 MB", "1.25 GB".
 * @param {number} bytes
 */
export function sizeText(bytes) {
  return `${inUnit(bytes, unitOf(bytes))} ${UNITS[unitOf(bytes)]}`;
}

/**
 * @param {number} part
 * @param {any} whole
 */
function partText(part, whole) {
  return `${inUnit(part, unitOf(whole))} of ${sizeText(whole)}`;
}

/** @param {number} seconds */
function leftText(seconds) {
  if (seconds < 90) return `${Math.max(Math.ceil(seconds), 1)} s left`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min left`;
  return `${Math.round(seconds / 3600)} h left`;
}

/** @param {{name: string, dtype: string, device: string, reason: string}} given */
export function deviceText({ name, dtype, device, reason }) {
  const isolation = crossOriginIsolated ? "" : "; one thread: the page is not cross-origin isolated";
  return `${name}, ${dtype} on ${device} (${reason}${isolation})`;
}

/** @type {Record<string, string>} */
const WEIGHTS = { q8: "8-bit", int8: "8-bit", uint8: "8-bit", q4: "4-bit", q4f16: "4-bit", bnb4: "4-bit", fp16: "16-bit", fp32: "32-bit" };

/**
 * The same in plain words.
 * @param {{dtype: string, device: string}} given
 */
export function deviceWordText({ dtype, device }) {
  const where = device.startsWith("webgpu") ? "graphics processor" : "processor";
  const weights = WEIGHTS[dtype] ? `, with ${WEIGHTS[dtype]} weights` : "";
  return `Runs on this device's ${where}${weights}.`;
}

/**
 * Three facts.
 * @param {any} figures
 */
export function metricsTexts(figures) {
  const { prompt_tokens, new_tokens, time_to_first_token, prefill_rate, decode_rate } = figures;
  return [
    `First token after ${time_to_first_token.toFixed(2)} s`,
    `prompt ${prompt_tokens} tokens, ${short(prefill_rate)} tokens/s`,
    `${new_tokens} new tokens, ${short(decode_rate)} tokens/s`,
  ];
}
