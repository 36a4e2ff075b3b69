/** A first visit's bar: one for all that it fetches, from the interpreter to the model (arrivals.mjs). */
import { Arrivals } from "./arrivals.mjs";
import { element } from "./elements.mjs";
import { isKept } from "./offline.mjs";

const EVERY = 250; // ms

/** The worker tells over `channel` what has come, from before `begin` on until `end`. */
export class Visit {
  channel = `intab-visit-${Math.random()}`;
  #heard = new BroadcastChannel(this.channel);
  #facts = JSON.parse(element('meta[name="visit"]', HTMLMetaElement).content);
  #arrivals = new Arrivals(this.#facts, () => performance.now());
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  constructor() {
    this.#heard.onmessage = ({ data }) => this.#arrivals.hear({ ...data, path: pathOf(data.address) });
  }

  /** Whether the bar is this visit's. */
  get isOn() {
    return this.#timer !== undefined;
  }

  /** Whether it is a first visit, of which `show(progress)` hears a few times a second then.
   * @param {(progress: any) => void} show
   */
  async begin(show) {
    if (await isKept()) this.end();
    else this.#timer = setInterval(() => show(this.#arrivals.progress), EVERY);
    return this.isOn;
  }

  end() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#heard.close();
  }
}

/** @param {string} address */
function pathOf(address) {
  const [whole] = address.split("?");
  return whole.slice(new URL("./", document.baseURI).href.length);
}
