/**
 * The page: editor, gallery, buttons and status line around the worker that runs the programs.
 *
 *   loading -> ready -> running -> ready | error        (the status element's data-state)
 */
import { openChat } from "./chat/open.mjs";
import { element, named, switchOver } from "./elements.mjs";
import { FilesShown } from "./files_shown.mjs";
import { Link } from "./link.mjs";
import { Notices } from "./notices.mjs";
import { checkKept, isolate, keepMore, keepOnce, sayStarted } from "./offline.mjs";
import { Output } from "./output.mjs";
import { Shows } from "./output/shows.mjs";
import { Panel, askToKeep } from "./panel.mjs";
import { ProgramView } from "./program_view.mjs";
import {
  deviceText,
  deviceWordText,
  loadingText,
  mendedText,
  metricsTexts,
  noticeText,
  onOneLine,
  restartText,
  startingText,
  transferTexts,
} from "./texts.mjs";
import { missingFeature } from "./features.mjs";
import { chosenModel } from "./models/chosen.mjs";
import { StartAgain } from "./start_again.mjs";
import { Views } from "./views.mjs";
import { Visit } from "./visit.mjs";

const LONG_START = 45_000; // ms: a slow device may take as long; that the site is compared harms none
const runButton = named("run", HTMLButtonElement);
const stopButton = named("stop", HTMLButtonElement);
const restartButton = named("restart", HTMLButtonElement);
const status = named("status", HTMLElement);
const progress = named("progress", HTMLProgressElement);
const transfer = named("transfer", HTMLElement);
const metrics = named("metrics", HTMLElement);
const device = named("device", HTMLElement);
const deviceWord = named("device-word", HTMLElement);
const result = element(".result", HTMLElement);
const output = new Output(named("output", HTMLElement));
const notices = new Notices(named("notices", HTMLElement), status);
const files = new FilesShown(device); // where the model's name and device will stand, so that nothing moves
const startAgain = new StartAgain({ onSilence, act: () => link.restart("asked") });
const onLife = () => startAgain.end();
const onPackages = () => keepMore(link.fetched);
const link = new Link({ onReady, onEvent, onRestart, onFailure, onPackages, onLife });
const shows = new Shows({ output, link, rerun: run, controls: named("drawn", HTMLElement) });
const say = (/** @type {string} */ text) => notices.show("program", text);
const program = new ProgramView({ output, link, say, onRun: run });
const visit = new Visit();
const panel = new Panel((/** @type {object} */ request) => link.send(request));
let model = ""; // the name and device of the one that was loaded last
/** @type {Promise<boolean> | undefined} */
let asked; // whether the browser was asked to keep models
let python = "none"; // none -> starting -> ready
/** @type {string | null} */
let waitingProgram = null; // what to run as soon as Python is ready
/** @type {any} */
let listener = null; // what hears of the running program in place of the output panel: the chat
/** @type {any} */
let chat = null; // until its module is there
/** @type {ReturnType<typeof setTimeout> | undefined} */
let checking; // the timer of a start that takes too long

/**
 * @param {string} state
 * @param {string} text
 */
function setState(state, text) {
  status.dataset.state = state;
  status.textContent = text;
  const busy = state === "running" || waitingProgram !== null;
  switchOver(busy ? runButton : stopButton, busy ? stopButton : runButton);
  restartButton.disabled = python !== "ready";
  chat?.setState(state, busy);
  output.element.setAttribute("aria-busy", String(state === "running"));
  if (state !== "ready" && state !== "error") return;
  visit.end();
  hideProgress();
  if (python === "ready") keepOnce(link.fetched);
}

/** The page's first start, with a bar for all that comes; restarts fetch nothing. */
async function startFirst() {
  link.start(visit.channel);
  if (!(await visit.begin(showVisit))) transfer.replaceChildren(); // index.html's words of a first one
}

/** @param {any} arrived of the whole visit */
function showVisit(arrived) {
  if (status.dataset.state !== "loading" || !arrived.rate) return;
  if (arrived.loaded > progress.value && python === "starting") startAgain.wait();
  showProgress(arrived);
}

/** @param {any} event */
function showProgress(event) {
  progress.hidden = false;
  if (event.total > 0) Object.assign(progress, { max: event.total, value: event.loaded });
  else progress.removeAttribute("value");
  if (event.total === 0 && transfer.querySelector(".first")) return; // until the first bytes are here
  // Not in the status line, of which a screen reader reads every change.
  transfer.replaceChildren(...transferTexts(event).map(onOneLine));
}

function hideProgress() {
  progress.hidden = true;
  transfer.replaceChildren();
  device.textContent = model;
}

/**
 * Change the status line only where it says something new: a screen reader reads it again.
 * @param {string} text
 */
function setStatus(text) {
  if (status.textContent !== text) status.textContent = text;
}

/**
 * Python is being started: `onReady` or `onFailure` ends this.
 * @param {string} text
 */
function beginStart(text) {
  python = "starting";
  clearTimeout(checking);
  checking = setTimeout(checkKept, LONG_START);
  startAgain.wait();
  setState("loading", text);
  if (!visit.isOn) showProgress({ total: 0 });
}

function run() {
  if (runButton.disabled) return;
  output.clear();
  shows.begin(program.text);
  metrics.textContent = "";
  result.scrollIntoView({ block: "nearest" });
  begin(program.text);
}

/**
 * Run a program, as soon as there is Python; the chat hears of its own.
 * @param {string} source
 * @param {any} [whose]
 */
function begin(source, whose = null) {
  listener = whose;
  if (python === "ready") {
    execute(source);
    return;
  }
  waitingProgram = source;
  if (python === "none") link.start();
  beginStart("Python is starting; your program runs next");
}

/** @param {string} source */
function execute(source) {
  waitingProgram = null;
  link.execute(source, chosenModel());
  setState("running", "Running");
}

function stop() {
  if (waitingProgram !== null) {
    waitingProgram = null;
    endForListener({ outcome: "stopped" });
    setState("loading", "Starting Python");
  } else if (link.running) {
    status.textContent = "Stopping";
    link.stop();
  }
}

/** @param {any} event how the listener's program ended; the next one is its own or the panel's */
function endForListener(event) {
  const ended = listener;
  listener = null;
  ended?.finished(event);
}

/** @type {Record<string, (event: any) => void>} */
const handlers = {
  /** @param {{error: any}} given */
  preloaded({ error }) {
    panel.connect(true);
    hideProgress();
    if (link.running) return;
    if (error) setState("error", `The model ${chosenModel()} could not be loaded. ${error}`);
    else setState("ready", "Ready");
  },
  /** @param {any} event */
  loading(event) {
    if (!visit.isOn || chosenModel() !== "default") {
      visit.end();
      showProgress(event);
    }
    files.show(event);
    setStatus(link.running ? `Running. ${loadingText(event)}` : loadingText(event));
  },
  /** @param {any} event */
  loaded(event) {
    model = deviceText(event);
    deviceWord.textContent = deviceWordText(event);
    hideProgress();
    if (link.running) status.textContent = "Running";
  },
  /** @param {any} event */
  measured(event) {
    listener?.measured(event);
    metrics.replaceChildren(...metricsTexts(event).map(onOneLine));
  },
  /** @param {any} event */
  managing(event) {
    panel.showProgress(event);
  },
  /** @param {any} event */
  stored(event) {
    panel.show(event);
    chat?.showStored(event);
  },
  /** @param {{topic: any, text: string}} given */
  noticed({ topic, text }) {
    notices.show(topic, noticeText({ topic, text }));
  },
  /** @param {{text: string, stream: string}} given */
  output({ text, stream }) {
    if (listener) listener.output(text, stream);
    else output.add(text, stream);
  },
  /** @param {{outcome: any, error_type: any, message: string, traceback: any}} given */
  finished({ outcome, error_type, message, traceback }) {
    const isChat = listener !== null;
    endForListener({ outcome, error_type, message, traceback });
    if (outcome === "error") {
      if (!isChat) output.addLine(traceback, "failure");
      setState("error", isChat ? message : `${error_type}: ${message}`);
    } else {
      setState("ready", outcome === "stopped" ? "Stopped" : "Ready");
      // A page may ask, its worker may not; and only for what has proved to be of use.
      if (model && !asked) asked = askToKeep();
    }
    output.flush();
  },
};

function onReady() {
  python = "ready";
  program.onReady();
  clearTimeout(checking);
  panel.connect(true);
  link.send({ kind: "preload", model: chosenModel() });
  if (waitingProgram !== null) execute(waitingProgram);
  else setState("loading", "Loading the model");
}

/** @param {any} event */
function onEvent(event) {
  shows.onEvent(event);
  program.syntax.onEvent(event);
  handlers[event.kind]?.(event);
}

function onSilence() {
  setState("loading", "Python has not been heard of for a minute. It may be slow, or have ended.");
}

/** @param {string} cause */
function onRestart(cause) {
  visit.end();
  const text = restartText(cause);
  model = deviceWord.textContent = "";
  hideProgress();
  shows.end({ outcome: "stopped" });
  panel.connect(false);
  if (listener) endForListener({ outcome: cause === "crashed" ? "error" : "stopped", message: text });
  else output.addLine(text, "note");
  beginStart(text);
}

/** @param {any} error */
function onFailure(error) {
  python = "none";
  clearTimeout(checking);
  checkKept();
  waitingProgram = null;
  panel.connect(false);
  const reason = error.message ?? error;
  const message = `Python could not start: ${reason}. Run tries again; if that fails, reload the page.`;
  endForListener({ outcome: "error", message });
  setState("error", message);
  startAgain.end();
  startAgain.offer();
}

/** @param {any} event PyScript's, with what it is at */
function onProgress({ detail }) {
  if (python === "starting" && waitingProgram === null) {
    status.textContent = startingText(detail) ?? status.textContent;
  }
}

/** @param {string} source the chat's program, in the Program view */
function openProgram(source) {
  views.show("program");
  program.open(source);
}

runButton.addEventListener("click", run);
stopButton.addEventListener("click", stop);
restartButton.addEventListener("click", () => link.restart("asked"));
addEventListener("py:progress", onProgress);
document.addEventListener("keydown", (event) => {
  const handled = event.defaultPrevented; // by the editor, which has a binding of its own
  if (!handled && event.key === "Enter" && (event.ctrlKey || event.metaKey) && views.current === "program") run();
});
program.show();
const views = new Views();
views.start();
const openShared = async () => (await program.menu.openShared()) && views.show("program");
addEventListener("hashchange", openShared);
openShared();
sayStarted((/** @type {string[]} */ paths) => notices.show("mended", mendedText(paths)));
const missing = missingFeature();
if (missing) {
  setState("error", missing);
  runButton.disabled = true;
} else {
  beginStart("Starting Python");
  if (!(await isolate())) startFirst();
}
chat = await openChat({
  ask: begin,
  stop,
  open: openProgram,
  list: () => python === "ready" && link.send({ kind: "manage", action: "list" }),
  notify: (/** @type {string} */ topic, /** @type {string} */ text) => notices.show(topic, text),
  preload: (/** @type {string} */ name) =>
    python === "ready" && !link.running && link.send({ kind: "preload", model: name }),
});
chat.setState(missing ? "missing" : status.dataset.state, !stopButton.disabled);
