/** Controls that a program asks for: sliders, choices, ticks, lines of text, above the output. */

/** @typedef {{name: string, kind: string, value: any, low: number, high: number, step: number, choices: string[]}} Control */

/** @type {Record<string, (control: Control) => HTMLElement>} */
const KINDS = {
  range: ({ value, low, high, step }) =>
    Object.assign(document.createElement("input"), { type: "range", min: low, max: high, step, value }),
  tick: ({ value }) => Object.assign(document.createElement("input"), { type: "checkbox", checked: value }),
  text: ({ value }) => Object.assign(document.createElement("input"), { type: "text", value }),
  choice: ({ choices, value }) => {
    const select = document.createElement("select");
    select.append(...choices.map((choice) => new Option(choice, choice, false, choice === value)));
    return select;
  },
};

const PAUSE = 600; // ms without a key, after which a line of text has come to rest

export class Controls {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resting;

  /**
   * `onChange(name, value)` at each move; `onChosen()` when it has come to rest: false if it is to be
   * told later again.
   * @param {HTMLElement} host
   * @param {{onChange: (name: string, value: any) => void, onChosen: () => boolean}} handlers
   */
  constructor(host, handlers) {
    this.host = host;
    this.handlers = handlers;
    this.drawn = ""; // what they are, without their values
  }

  /**
   * Those that are there already stay as they are, and so does the focus in them.
   * @param {Control[]} controls
   */
  draw(controls) {
    const drawn = JSON.stringify(controls.map((control) => ({ ...control, value: 0 })));
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.host.replaceChildren(...controls.map((control) => this.rowOf(control)));
    this.host.hidden = controls.length === 0;
  }

  /** @param {Control} control */
  rowOf(control) {
    const label = document.createElement("label");
    const input = /** @type {any} */ (KINDS[control.kind](control));
    const shown = document.createElement("output");
    const number = (/** @type {any} */ value) => (control.step < 1 ? Number(value).toFixed(2) : value);
    const value = () => (control.kind === "tick" ? input.checked : control.kind === "range" ? Number(input.value) : input.value);
    const tell = () => {
      if (control.kind === "range") shown.textContent = number(input.value);
      this.handlers.onChange(control.name, value());
    };
    if (control.kind === "range") shown.textContent = number(control.value);
    input.addEventListener("input", tell);
    if (control.kind === "text") input.addEventListener("input", () => this.rest());
    input.addEventListener("change", () => {
      this.hurry();
      this.handlers.onChosen();
    });
    label.append(document.createTextNode(control.name.replaceAll("_", " ")), input, shown);
    return label;
  }

  /** Tell when nobody has typed for a moment; what is typed while a program runs, when it has ended. */
  rest() {
    this.hurry();
    this.#resting = setTimeout(() => this.handlers.onChosen() || this.rest(), PAUSE);
  }

  /** No call comes later. */
  hurry() {
    clearTimeout(this.#resting);
  }
}
