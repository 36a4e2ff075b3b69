/**
 * The page's end of the wire: starts PyScript's worker, sends requests, hands events on, stops a
 * program by ever stronger means (a message, Pyodide's interrupt, a new worker), and notices a
 * worker that died.
 */
import { element } from "./elements.mjs";
import { hasSharedMemory } from "../intab/browser/js/shared_memory.mjs";
import { soundPort } from "../intab/browser/js/sounds.mjs";

// All of the runtime's folder, whose address carries a digest: a page that is open keeps its version
// when Python is restarted. PyWorker does not read the interpreter's address from the configuration
// as <script> does.
const INTERPRETER = element("#interpreter", HTMLLinkElement).href;
const PROGRAM = new URL("../worker.py", INTERPRETER).href;
// As in pyscript.toml, which would be a file more, and one that reads it.
const CONFIG = {
  packages: ["intab"],
  packages_cache: "passthrough",
  js_modules: { worker: { [new URL("../intab/worker.mjs", INTERPRETER).href]: "intab_js" } },
};
const PYSCRIPT = new URL("../intab/without_eval.mjs", INTERPRETER).href;
const API = new URL("../completions.json", INTERPRETER).href;
const ANSWER = 8 + 3 * 50_000; // bytes of the longest answer: app/page/output/shows.mjs
const SIGINT = 2;
const INTERRUPT_EVERY = 300; // ms: a generation ends by message within one token
const RESTART_AFTER = 900; // ms: where there is no interrupt
const RESTART_STUBBORN_AFTER = 3000; // ms: what does not even react to interrupts

/** @param {string} channel on which the worker says what has come (visit.mjs) */
async function startWorker(channel) {
  const { PyWorker } = await import(PYSCRIPT);
  // Until its plugins are there, PyScript 0.7.31 would start a worker without its own library.
  await customElements.whenDefined("py-script");
  const version = channel ? `${INTERPRETER}#${channel}` : INTERPRETER;
  return PyWorker(PROGRAM, { config: CONFIG, version, async: true });
}

export class Link {
  /** `onReady()`: programs can run. `onEvent(event)`: the worker's events. `onRestart(cause)`: it
   * was given up for a new one, because it was "stubborn" or "crashed", or that was "asked" for.
   * `onFailure(error)`: there is no worker; `start` tries again. `onPackages()`: it
   * fetched more of them. `onLife()`: it was heard.
   * @param {{onReady: any, onEvent: any, onRestart: any, onFailure: any, onPackages: any, onLife: any}} given
   */
  constructor({ onReady, onEvent, onRestart, onFailure, onPackages, onLife }) {
    this.onLife = onLife;
    this.onReady = onReady;
    this.onPackages = onPackages;
    this.onEvent = onEvent;
    this.onRestart = onRestart;
    this.onFailure = onFailure;
    this.api = API;
    this.attempts = 0;
    this.run = 0;
    this.running = false;
    /** @type {string[]} */
    this.fetched = []; // addresses that workers fetched
  }

  /** @param {string} [channel] */
  async start(channel = "") {
    this.attempts += 1;
    const attempt = this.attempts;
    try {
      const worker = await startWorker(channel);
      if (attempt === this.attempts) this.connect(worker);
      else worker.terminate(); // it was given up before it was there
    } catch (error) {
      if (attempt === this.attempts) this.onFailure(error);
    }
  }

  /** @param {any} worker */
  connect(worker) {
    this.worker = worker;
    this.wasUsed = false;
    this.interrupt = hasSharedMemory ? new Int32Array(new SharedArrayBuffer(4)) : undefined;
    worker.addEventListener("message", (/** @type {MessageEvent} */ { data }) => this.receive(data, worker));
    const lock = `intab ${performance.timeOrigin} ${Math.random()}`;
    this.answers = hasSharedMemory ? new Int32Array(new SharedArrayBuffer(ANSWER)) : undefined;
    const sounds = soundPort();
    const shared = { interrupt: this.interrupt?.buffer, answer: this.answers?.buffer };
    worker.postMessage({ lock, ...shared, sounds }, [sounds]);
    this.onReady();
  }

  /**
   * @param {any} data
   * @param {any} worker
   */
  receive(data, worker) {
    const { event: text = data, bytes, port } = data ?? {}; // bytes and ports come beside their event
    if (typeof text !== "string" || worker !== this.worker) return;
    const event = { ...JSON.parse(text), bytes, port };
    this.onLife();
    if (event.run !== undefined && event.run !== this.run) return; // of a program that was given up
    if (event.kind === "alive") navigator.locks.request(event.lock, () => this.lose(worker));
    else if (event.kind === "fetched") this.note(event.addresses);
    else if (event.kind === "crashed") this.lose(worker, event.message);
    else {
      if (event.kind === "finished") this.finish();
      this.onEvent(event);
    }
  }

  /**
   * The worker is dead. One that no program ran in would die again: then there is none.
   * @param {any} worker
   * @param {string} [message]
   */
  lose(worker, message = "its worker ended") {
    if (worker !== this.worker) return;
    if (this.wasUsed) {
      this.restart("crashed");
      return;
    }
    this.drop();
    this.onFailure(new Error(message));
  }

  /** @param {string[]} addresses */
  note(addresses) {
    const more = addresses.filter((address) => !this.fetched.includes(address));
    this.fetched.push(...more);
    if (more.some((address) => address.endsWith(".whl"))) this.onPackages();
  }

  /** @param {object} request */
  send(request) {
    this.worker.postMessage(JSON.stringify(request));
  }

  /**
   * @param {string} source
   * @param {string} model what the program finds as MODEL
   */
  execute(source, model) {
    this.run += 1;
    this.running = true;
    this.wasUsed = true;
    this.send({ kind: "run", run: this.run, source, model });
  }

  /**
   * Answer the program's question; one that is `blocking` stands still and hears no messages.
   * @param {string} text
   * @param {boolean} blocking
   */
  answer(text, blocking) {
    if (!blocking || !this.answers) {
      this.send({ kind: "answer", run: this.run, text });
      return;
    }
    const bytes = new TextEncoder().encode(text);
    new Uint8Array(this.answers.buffer).set(bytes, 8);
    this.answers[1] = bytes.length;
    Atomics.store(this.answers, 0, 1);
    Atomics.notify(this.answers, 0);
  }

  stop() {
    if (!this.running || this.timers) return;
    this.send({ kind: "stop", run: this.run });
    const patience = this.interrupt ? RESTART_STUBBORN_AFTER : RESTART_AFTER;
    this.timers = [
      setInterval(() => this.interrupt && Atomics.store(this.interrupt, 0, SIGINT), INTERRUPT_EVERY),
      setTimeout(() => this.restart("stubborn"), patience),
    ];
  }

  finish() {
    this.running = false;
    this.timers?.forEach((timer) => clearTimeout(timer));
    this.timers = undefined;
    if (this.interrupt) Atomics.store(this.interrupt, 0, 0);
  }

  drop() {
    this.finish();
    this.run += 1;
    this.worker?.terminate();
    this.worker = undefined;
  }

  /**
   * End the worker with all it holds and start another.
   * @param {string} cause
   */
  restart(cause) {
    this.drop();
    this.onRestart(cause);
    this.start();
  }
}
