/**
 * What programs show beside their text, and what they ask: the worker's events `display`, `ask`,
 * `draw` and `take`, and what the visitor answers.
 */
import { Controls } from "./controls.mjs";
import { elementOf, forget } from "./shown.mjs";
import { Taking } from "./taking.mjs";

const LONGEST = 50_000; // characters of an answer

export class Shows {
  /**
   * @param {{output: any, link: any, rerun: () => void, controls: HTMLElement}} given
   */
  constructor({ output, link, rerun, controls }) {
    this.output = output;
    this.link = link;
    /** @type {HTMLElement[]} */
    this.questions = [];
    this.drew = false; // the program that runs drew controls
    this.program = "";
    this.taking = new Taking((node) => {
      output.addElement(node);
      output.flush();
    });
    this.controls = new Controls(controls, {
      onChange: (name, value) => link.send({ kind: "control", name, value }),
      onChosen: () => {
        const isIdle = !link.running;
        if (isIdle) rerun();
        return isIdle;
      },
    });
  }

  /** A program begins: the output is empty. The same one again finds its controls there, and its focus.
   * @param {string} program
   */
  begin(program) {
    forget();
    this.drew = false;
    if (program !== this.program) this.controls.draw([]);
    this.program = program;
  }

  /** @param {any} event */
  onEvent(event) {
    if (event.kind === "display") this.display(event);
    else if (event.kind === "ask") this.ask(event);
    else if (event.kind === "take") this.taking.begin(event);
    else if (event.kind === "draw") {
      this.drew = true;
      this.controls.draw(event.controls);
    } else if (event.kind === "finished") this.end(event);
  }

  /** The program ended: nothing waits for an answer any more, and what was stopped stays so.
   * @param {{outcome?: string}} event
   */
  end({ outcome }) {
    for (const question of this.questions.splice(0)) question.remove();
    this.taking.end();
    if (outcome === "stopped") this.controls.hurry();
    if (!this.drew) this.controls.draw([]);
  }

  /** @param {any} event */
  display(event) {
    if (event.form === "text") this.output.addLine(`${event.text}\n`, "stdout");
    else this.output.addElement(elementOf(event), event.text);
  }

  /** @param {{prompt: string, blocking: boolean}} given */
  ask({ prompt, blocking }) {
    const form = document.createElement("form");
    const label = document.createElement("label");
    const line = Object.assign(document.createElement("input"), { type: "text", maxLength: LONGEST, autocomplete: "off" });
    const send = Object.assign(document.createElement("button"), { type: "submit", textContent: "Answer" });
    form.className = "question";
    label.append(prompt || "The program asks for a line", line);
    form.append(label, send);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.questions = this.questions.filter((question) => question !== form);
      form.remove();
      this.output.addLine(`${prompt}${line.value}\n`, "stdout");
      this.link.answer(line.value, blocking);
      this.output.element.focus();
    });
    this.questions.push(form);
    this.output.addElement(form);
    this.output.flush();
    line.focus();
  }
}
