/**
 * The page's end of the wire: starts PyScript's worker, sends requests, hands events on, and stops
 * a program by ever stronger means: a message, Pyodide's interrupt, a new worker.
 */
const CONFIG = new URL("./pyscript.toml", document.baseURI).href;
const PROGRAM = new URL("./worker.py", document.baseURI).href;
// PyWorker does not read the interpreter's address from the configuration as <script> does.
const INTERPRETER = document.querySelector("#interpreter").href;
const SIGINT = 2;
const INTERRUPT_AFTER = 300; // ms: a generation ends by message within one token
const RESTART_AFTER = 900; // ms: whatever does not even heed an interrupt

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
    if (this.interrupt) Atomics.store(this.interrupt, 0, 0);
    this.send({ kind: "run", run: this.run, source });
  }

  stop() {
    if (!this.running || this.timers) return;
    this.send({ kind: "stop", run: this.run });
    this.timers = [
      setTimeout(() => this.interrupt && Atomics.store(this.interrupt, 0, SIGINT), INTERRUPT_AFTER),
      setTimeout(() => this.restart(), this.interrupt ? 3 * RESTART_AFTER : RESTART_AFTER),
    ];
  }

  finish() {
    this.running = false;
    this.timers?.forEach(clearTimeout);
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
