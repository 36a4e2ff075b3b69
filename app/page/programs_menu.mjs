/** The menu of the current program: new, duplicate, rename, delete, share, copy, download. */
import { named } from "./elements.mjs";
import { save } from "./output/save.mjs";
import { linkOf, sharedBy } from "./programs_share.mjs";

const NEW = '# A program of your own.\nimport intab\n\nmodel = await intab.load(MODEL)\n';
const fileName = (/** @type {string} */ title) => `${title.replace(/[^\p{L}\p{N}]+/gu, "_").toLowerCase() || "program"}.py`;

export class ProgramMenu {
  /**
   * `show()` after another program became the current one; `say(text)` tells the visitor.
   * @param {{programs: any, editor: any, show: () => void, say: (text: string) => void}} given
   */
  constructor({ programs, editor, show, say }) {
    this.programs = programs;
    this.editor = editor;
    this.show = show;
    this.say = say;
    this.menu = named("program-menu", HTMLDetailsElement);
    this.undo = named("undo-reset", HTMLButtonElement);
    this.undo.addEventListener("click", () => this.undoReset());
    for (const button of this.menu.querySelectorAll("button")) {
      button.addEventListener("click", () => this.act(button.dataset.act ?? ""));
    }
    this.menu.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
    document.addEventListener("click", (event) => {
      if (this.menu.open && !event.composedPath().includes(this.menu)) this.menu.open = false;
    });
  }

  close() {
    this.menu.open = false;
    this.menu.querySelector("summary")?.focus();
  }

  /** What the menu offers depends on the program. */
  refresh() {
    const { programs } = this;
    for (const button of this.menu.querySelectorAll("button")) {
      button.hidden = ["rename", "delete"].includes(button.dataset.act ?? "") && !programs.current.mine;
    }
    named("reset", HTMLButtonElement).hidden = Boolean(programs.current.mine);
    this.undo.hidden = programs.before === null;
  }

  /** @param {string} name */
  act(name) {
    this.close();
    const { title } = this.programs.current;
    /** @type {Record<string, () => any>} */
    const acts = {
      new: () => this.create("My program", NEW),
      duplicate: () => this.create(`${title}, copy`, this.editor.text),
      rename: () => this.rename(prompt("The program's name", title)),
      delete: () => this.remove(),
      share: () => this.share(),
      copy: () => this.copy(this.editor.text, "The program is copied."),
      download: () => save(fileName(title), this.editor.text, "text/x-python"),
    };
    return acts[name]();
  }

  /**
   * @param {string} title
   * @param {string} text
   */
  create(title, text) {
    this.programs.create(title, text);
    this.show();
    this.editor.focus();
  }

  /** @param {string | null} title */
  rename(title) {
    if (!title?.trim()) return;
    this.programs.rename(title.trim().slice(0, 60));
    this.show();
  }

  remove() {
    if (!confirm(`Delete “${this.programs.current.title}”? It is kept nowhere else.`)) return;
    this.programs.remove();
    this.show();
  }

  async share() {
    const link = await linkOf(this.programs.current.title, this.editor.text);
    await this.copy(link, "The link is copied. It holds the program itself: no server keeps it.");
  }

  /**
   * @param {string} text
   * @param {string} done
   */
  async copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      this.say(done);
    } catch {
      prompt("This browser does not let the page copy: copy it here", text);
    }
  }

  reset() {
    this.editor.replace(this.programs.reset());
    this.refresh();
  }

  undoReset() {
    this.editor.replace(this.programs.undoReset());
    this.refresh();
    this.editor.focus();
  }

  /**
   * Open the program that the page's address brings; it is never run by itself.
   * @returns {Promise<boolean>} whether there was one
   */
  async openShared() {
    const found = await sharedBy(location.hash);
    if (!found) return false;
    history.replaceState(null, "", location.pathname + location.search); // a reload keeps the edits
    if ("error" in found) {
      this.say(found.error);
      return true;
    }
    this.programs.bring(found.title, found.code);
    this.show();
    const from = document.referrer && new URL(document.referrer).host;
    const source = from && from !== location.host ? `a link on ${from}` : "a link";
    this.say(`“${found.title}” came with ${source}, not with this site. Read it before you run it.`);
    return true;
  }
}
