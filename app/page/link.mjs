/**
 * The page's end of the wire: starts PyScript's worker, sends requests, hands events on, and stops
 * a program by ever stronger means: a message, Pyodide's interrupt, a new worker.
 */
const CONFIG = new URL("./pyscript.toml", document.baseURI).href;
const PROGRAM = new URL("./worker.py", document.baseURI).href;
// PyWorker does not read the interpreter's address from the configuration as <script> does.
const INTERPRETER = document.querySelector("#interpreter").href;
const SIGINT = 2;
const INTERRUPT_EVERY = 300; // ms: a generation ends by message within one token
const RESTART_AFTER = 900; // ms: where there is no interrupt
const RESTART_STUBBORN_AFTER = 3000; // ms: what does not even heed interrupts

export class Link {
  /** `onReady()`: programs can run. `onEvent(event)`: the worker's events. `onRestart()`: it was
   * given up for a new one. `onFailure(error)`: it could not be started. */
  constructor({ onReady, onEvent, onRestart, onFailure }) {
    Object.assign(this, { onReady, onEvent, onRestart, onFailure, run: 0, running: false });
  }

  /** Start the worker. */
  async start() {
    try {
      const { PyWorker } = await import("./without_eval.mjs");
      // Until its plugins are there, PyScript 0.7.31 would start a worker without its own library.
      await customElements.whenDefined("py-script");
      const worker = await PyWorker(PROGRAM, {
        config: CONFIG,
        version: INTERPRETER,
        async: true,
      });
      worker.addEventListener("message", ({ data }) => this.receive(data));
      this.worker = worker;
      this.shareInterruptBuffer();
      this.onReady();
    } catch (error) {
      this.onFailure(error);
    }
  }

  shareInterruptBuffer() {
    if (!crossOriginIsolated) return;
    this.interrupt = new Int32Array(new SharedArrayBuffer(4));
    this.worker.postMessage(this.interrupt.buffer);
  }

  receive(data) {
    if (typeof data !== "string") return;
    const event = JSON.parse(data);
    if (event.run !== undefined && event.run !== this.run) return; // of a program that was given up
    if (event.kind === "finished") this.finish();
    this.onEvent(event);
  }

  send(request) {
    this.worker.postMessage(JSON.stringify(request));
  }

  execute(source) {
    this.run += 1;
    this.running = true;
    this.send({ kind: "run", run: this.run, source });
  }

  stop() {
    if (!this.running || this.timers) return;
    this.send({ kind: "stop", run: this.run });
    const patience = this.interrupt ? RESTART_STUBBORN_AFTER : RESTART_AFTER;
    this.timers = [
      setInterval(() => this.interrupt && Atomics.store(this.interrupt, 0, SIGINT), INTERRUPT_EVERY),
      setTimeout(() => this.restart(), patience),
    ];
  }

  finish() {
    this.running = false;
    this.timers?.forEach((timer) => clearTimeout(timer));
    this.timers = undefined;
    if (this.interrupt) Atomics.store(this.interrupt, 0, 0);
  }

  /** End the worker with all it holds and start another. */
  restart() {
    this.finish();
    this.run += 1;
    this.worker.terminate();
    this.onRestart();
    this.start();
  }
}
