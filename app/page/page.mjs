/**
 * The page: editor, gallery, buttons and status line around the worker that runs the programs.
 *
 *   loading -> ready -> running -> ready | error        (the status element's data-state)
 */
import { createEditor } from "./editor.mjs";
import { Link } from "./link.mjs";
import { Output } from "./output.mjs";
import { EXAMPLES, Programs } from "./programs.mjs";
import { deviceText, loadingText, metricsText } from "./texts.mjs";
import { missingFeature } from "./features.mjs";

const find = (name) => document.querySelector(`[data-testid="${name}"]`);
const [runButton, stopButton, resetButton, gallery, status, progress, metrics, device] = [
  "run",
  "stop",
  "reset",
  "examples",
  "status",
  "progress",
  "metrics",
  "device",
].map(find);
const output = new Output(find("output"));
const programs = new Programs();
const link = new Link({ onReady, onEvent, onRestart, onFailure });
let interpreterReady = false;
let waitingProgram = null; // what to run as soon as the interpreter is there

const editor = createEditor(find("editor"), {
  text: programs.text,
  onChange: (text) => programs.edit(text),
  onRun: run,
});

function setState(state, text) {
  status.dataset.state = state;
  status.textContent = text;
  const busy = state === "running" || waitingProgram !== null;
  runButton.disabled = busy;
  stopButton.disabled = !busy;
  output.element.setAttribute("aria-busy", String(state === "running"));
  if (state !== "loading" && state !== "running") progress.hidden = true;
}

function showProgress({ loaded, total }) {
  progress.hidden = false;
  if (total > 0) Object.assign(progress, { max: total, value: loaded });
  else progress.removeAttribute("value");
}

function run() {
  if (runButton.disabled) return;
  output.clear();
  metrics.textContent = "";
  if (interpreterReady) execute(editor.text);
  else {
    waitingProgram = editor.text;
    setState("loading", "Python is starting; your program runs next");
  }
}

function execute(source) {
  waitingProgram = null;
  link.execute(source);
  setState("running", "Running");
}

function stop() {
  if (waitingProgram !== null) {
    waitingProgram = null;
    setState("loading", "Starting Python");
  } else if (link.running) {
    status.textContent = "Stopping";
    link.stop();
  }
}

const handlers = {
  preloaded({ error }) {
    progress.hidden = true;
    if (link.running) return;
    if (error) setState("error", `The default model could not be loaded. ${error}`);
    else setState("ready", "Ready");
  },
  loading(event) {
    showProgress(event);
    if (!link.running) status.textContent = loadingText(event);
    else status.textContent = `Running. ${loadingText(event)}`;
  },
  loaded(event) {
    progress.hidden = true;
    device.textContent = deviceText(event);
    if (link.running) status.textContent = "Running";
  },
  measured(event) {
    metrics.textContent = metricsText(event);
  },
  output({ text, stream }) {
    output.add(text, stream);
  },
  finished({ outcome, error_type, message, traceback }) {
    if (outcome === "error") {
      output.add(`\n${traceback}`, "failure");
      setState("error", `${error_type}: ${message}`);
    } else {
      setState("ready", outcome === "stopped" ? "Stopped" : "Ready");
    }
    output.flush();
  },
};

function onReady() {
  interpreterReady = true;
  link.send({ kind: "preload", model: "default" });
  if (waitingProgram !== null) execute(waitingProgram);
  else setState("loading", "Loading the model");
}

function onEvent(event) {
  handlers[event.kind](event);
}

function onRestart() {
  interpreterReady = false;
  device.textContent = "";
  const reason = crossOriginIsolated
    ? "it did not heed the interrupt"
    : "this page is not cross-origin isolated, so Python cannot be interrupted";
  output.add(`\nStopped. Python was restarted: ${reason}.`, "note");
  setState("loading", `Python is restarting: ${reason}`);
  showProgress({ total: 0 });
}

function onFailure(error) {
  setState("error", `Python could not start: ${error.message ?? error}. Reload the page.`);
}

function showGallery() {
  gallery.replaceChildren(
    ...EXAMPLES.map(({ id, title }) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: title });
      button.dataset.example = id;
      button.setAttribute("aria-current", String(id === programs.current.id));
      button.addEventListener("click", () => choose(id));
      return button;
    }),
  );
}

function choose(id) {
  programs.choose(id);
  editor.text = programs.text;
  showGallery();
  gallery.querySelector('[aria-current="true"]').focus();
}

runButton.addEventListener("click", run);
stopButton.addEventListener("click", stop);
resetButton.addEventListener("click", () => {
  editor.text = programs.current.source;
});
document.addEventListener("keydown", (event) => {
  const handled = event.defaultPrevented; // by the editor, which has a binding of its own
  if (!handled && event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
showGallery();
const missing = missingFeature();
if (missing) {
  setState("error", missing);
  runButton.disabled = true;
} else {
  setState("loading", "Starting Python");
  link.start();
}
