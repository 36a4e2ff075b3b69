/** The Program view: the editor, the gallery, and the menu of the program that is open. */
import { Editor } from "./editor.mjs";
import { named } from "./elements.mjs";
import { Gallery } from "./gallery.mjs";
import { addActions } from "./output/actions.mjs";
import { Programs } from "./programs.mjs";
import { ProgramMenu } from "./programs_menu.mjs";
import { Syntax } from "./syntax.mjs";

export class ProgramView {
  /** @param {{output: any, link: any, say: (text: string) => void, onRun: () => void}} given */
  constructor({ output, link, say, onRun }) {
    const onChange = (/** @type {string} */ text) => this.onEdit(text);
    this.link = link;
    this.programs = new Programs();
    this.syntax = new Syntax(link);
    this.editor = new Editor(named("editor", HTMLElement), { onChange, onRun });
    const { programs, editor } = this;
    this.gallery = new Gallery({ programs, choose: (id) => this.choose(id) });
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
    this.gallery.show();
    this.menu.refresh();
  }

  /** @param {string} id */
  choose(id) {
    this.programs.choose(id);
    this.show();
  }

  /** @param {string} text */
  onEdit(text) {
    this.programs.edit(text);
    this.gallery.mark();
  }

  /** @param {string} source the chat's, which becomes one of the visitor's own: no edit is lost */
  open(source) {
    this.programs.bring("From the chat", source);
    this.show();
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
