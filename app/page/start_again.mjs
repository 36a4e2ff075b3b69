/**
 * The button that begins a start again, in both views: of a Python that failed, or of which nothing was
 * heard for long. A worker that ends before it has said that it lives cannot be told from a slow one.
 */
import { named } from "./elements.mjs";

const LONG_SILENCE = 60_000; // ms: a slow device's longest step takes half of that

export class StartAgain {
  #button = named("start-again", HTMLButtonElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * `onSilence()` says so in words; `act()` begins again.
   * @param {{onSilence: () => void, act: () => void}} given
   */
  constructor({ onSilence, act }) {
    this.onSilence = onSilence;
    this.#button.addEventListener("click", () => {
      named("status", HTMLElement).focus(); // the button goes, and the focus with it
      act();
    });
  }

  /** A start has begun, or something of it was heard. */
  wait() {
    this.end();
    this.#timer = setTimeout(() => {
      this.offer();
      this.onSilence();
    }, LONG_SILENCE);
  }

  offer() {
    this.#button.hidden = false;
  }

  /** The worker lives, or there is none. */
  end() {
    clearTimeout(this.#timer);
    this.#button.hidden = true;
  }
}
