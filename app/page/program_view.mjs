/** The Program view: gallery, editor, and the menu of the program that is open. */
import { Editor } from "./editor.mjs";
import { element, named } from "./elements.mjs";
import { addActions } from "./output/actions.mjs";
import { Programs } from "./programs.mjs";
import { ProgramMenu } from "./programs_menu.mjs";
import { Syntax } from "./syntax.mjs";

/** @param {HTMLElement} button @param {boolean} isEdited */
function markEdited(button, isEdited) {
  button.toggleAttribute("data-edited", isEdited);
  button.title = isEdited ? "You have edited this example." : "";
}

export class ProgramView {
  /** @param {{output: any, link: any, say: (text: string) => void, onRun: () => void}} given */
  constructor({ output, link, say, onRun }) {
    const onChange = (/** @type {string} */ text) => this.onEdit(text);
    this.link = link;
    this.gallery = named("examples", HTMLElement);
    this.programs = new Programs();
    this.syntax = new Syntax(link);
    this.editor = new Editor(named("editor", HTMLElement), { onChange, onRun });
    const { programs, editor } = this;
    this.menu = new ProgramMenu({ programs, editor, show: () => this.show(), say });
    named("reset", HTMLButtonElement).addEventListener("click", () => this.menu.reset());
    output.element.addEventListener("goto", (/** @type {any} */ { detail }) => editor.goTo(detail));
    addActions(output, say);
  }

  get text() {
    return this.editor.text;
  }

  show() {
    this.editor.show(this.programs.current.id, this.programs.text);
    this.gallery.replaceChildren(...this.programs.all.map((program) => this.buttonOf(program)));
    this.menu.refresh();
  }

  /** @param {import("./programs.mjs").Program} program */
  buttonOf(program) {
    const { id, title } = program;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: title });
    button.dataset.example = id;
    markEdited(button, this.programs.isEdited(program));
    button.setAttribute("aria-current", String(id === this.programs.current.id));
    button.addEventListener("click", () => this.choose(id));
    return button;
  }

  /** @param {string} id */
  choose(id) {
    this.programs.choose(id);
    this.show();
    element('[aria-current="true"]', HTMLElement, this.gallery).focus();
  }

  /** @param {string} text */
  onEdit(text) {
    this.programs.edit(text);
    const current = this.gallery.querySelector('[aria-current="true"]');
    if (current instanceof HTMLElement) markEdited(current, this.programs.isEdited(this.programs.current));
  }

  /** @param {string} source a program that the visitor has not seen yet */
  open(source) {
    this.editor.replace(source);
    this.editor.focus();
  }

  /** What nobody needs in the first second; without it the editor writes all the same. */
  async onReady() {
    this.syntax.isReady = true;
    try {
      const { extras } = await import("./editor_extras.mjs");
      const check = (/** @type {string} */ text) => this.syntax.check(text);
      this.editor.extend(extras({ check, api: this.link.api }));
    } catch {
      // Fetched when the next worker is ready.
    }
  }
}
