/**
 * How much of a first visit has come, in bytes. It knows no page.
 *
 * The site's assembly has written the sizes into the page (tools/site/visit.py). The worker tells which
 * file is there, and how much of the model; of the other files a browser tells nothing before they are
 * whole. Those that were asked for together with the model share the line with it, so they are taken
 * to have come as far as the model; the wheels, which come after them, to come at the visit's own rate.
 */
const MODEL = ".onnx";
const ALMOST = 0.95; // of a file that nobody said is whole

/**
 * @typedef {{sizes: Record<string, number>, rest: number}} Facts what comes: path -> bytes over the
 * wire, and those of the many small files
 */

export class Arrivals {
  /**
   * @param {Facts} facts
   * @param {() => number} now milliseconds
   */
  constructor({ sizes, rest }, now) {
    this.sizes = new Map(Object.entries(sizes));
    this.rest = rest;
    this.now = now;
    this.began = now();
    this.heard = this.began;
    this.model = 0; // bytes
    /** @type {Set<string>} */
    this.whole = new Set();
    this.most = 0; // a bar never goes back
  }

  /** A file is there, or that many bytes of the model.
   * @param {{path: string, loaded?: number}} told
   */
  hear({ path, loaded }) {
    if (!this.sizes.has(path)) return;
    if (loaded === undefined) this.whole.add(path);
    else this.model = Math.max(this.model, loaded);
    this.heard = this.now();
  }

  /** As the engine tells of a model's download. */
  get progress() {
    const total = sum(this.sizes.values()) + this.rest;
    const told = sum([...this.sizes].map(([path, size]) => this.arrived(path, size))) + this.rest;
    const seconds = (this.heard - this.began) / 1000;
    const rate = seconds && told / seconds; // bytes a second
    const guessed = this.onlyWheels ? rate * ((this.now() - this.heard) / 1000) : 0;
    this.most = Math.max(this.most, told + Math.min(guessed, (total - told) * ALMOST));
    return { loaded: this.most, total, rate, seconds_left: rate && (total - this.most) / rate };
  }

  /** Whether what is still to come are the wheels, which Python asks for. */
  get onlyWheels() {
    return [...this.sizes.keys()].every((path) => path.endsWith(".whl") || this.whole.has(path));
  }

  /**
   * @param {string} path
   * @param {number} size
   */
  arrived(path, size) {
    if (this.whole.has(path)) return size;
    if (path.endsWith(MODEL)) return Math.min(this.model, size);
    return path.endsWith(".whl") ? 0 : Math.min(this.model, size * ALMOST);
  }
}

const sum = (/** @type {Iterable<number>} */ values) => [...values].reduce((all, one) => all + one, 0);
