/**
 * The dialog in which a model is chosen: those that the page offers, one of the hub by its name, a
 * folder or files of the disk, with what each is, takes and asks for before anything is downloaded.
 */
import { lookUp } from "./hub.mjs";
import { roomText } from "./room.mjs";

const NAME = /^[\w.-]+\/[\w.-]+(?:@[\w./-]+)?$/;

export class Menu {
  /**
   * @param {any} page
   * @param {any[]} models
   * @param {(id: string) => void} choose
   */
  constructor(page, models, choose) {
    this.page = page;
    this.models = models;
    this.choose = choose;
    this.stored = new Set(); // names of the models that are, whole
    /** @type {number | undefined} */
    this.room = undefined;
    const { named } = page;
    this.dialog = named("models", HTMLDialogElement);
    this.message = named("models-message", HTMLElement);
    this.name = named("model-name", HTMLInputElement);
    this.found = named("found", HTMLElement);
    named("close-models", HTMLElement).addEventListener("click", () => this.dialog.close());
    named("look-up", HTMLElement).addEventListener("click", () => this.lookUp());
    named("use-folder", HTMLElement).addEventListener("click", () => this.useDisk(page.pickFolder));
    named("use-files", HTMLElement).addEventListener("click", () => this.useDisk(page.pickFiles));
    this.name.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter") this.lookUp();
    });
  }

  /** @param {any} stored the worker's answer, as far as it has come */
  open(stored) {
    this.say("");
    this.found.replaceChildren();
    this.dialog.showModal();
    this.showStored(stored);
  }

  /** @param {any} event */
  async showStored(event) {
    /** @type {any[]} */
    const models = event?.models ?? [];
    this.stored = new Set(models.filter(({ complete }) => complete).map(({ name }) => name));
    const { quota, usage } = (await navigator.storage?.estimate?.()) ?? {};
    this.room = quota === undefined ? undefined : quota - (usage ?? 0);
    const focused = document.activeElement?.closest("li");
    if (focused && this.dialog.contains(focused)) return; // it would lose its focus
    const offered = this.page.named("offered", HTMLElement);
    offered.replaceChildren(...this.all().map((model) => this.describe(model)));
  }

  /** Those of the list, and what else is stored. */
  all() {
    const listed = new Set(this.models.map(({ id }) => id));
    const others = [...this.stored].filter((name) => !listed.has(name));
    return [...this.models, ...others.map((id) => ({ id, title: id, is: "Stored in this browser.", bytes: 0 }))];
  }

  /** @param {any} model */
  describe(model) {
    const { id, title, is, bytes } = model;
    const item = document.createElement("li");
    const text = item.appendChild(document.createElement("div"));
    const isStored = this.stored.has(id);
    item.dataset.chosen = String(id === this.page.chosenModel());
    text.append(textIn("strong", title));
    if (isStored) text.append(textIn("span", "stored", "mark"));
    text.append(textIn("p", is), textIn("p", this.factsText(model, isStored)));
    const warning = isStored ? "" : roomText(bytes, this.room);
    if (warning) text.append(textIn("p", warning, "warning"));
    item.append(this.useButton(id, title));
    return item;
  }

  /**
   * @param {any} model
   * @param {boolean} isStored
   */
  factsText({ id, bytes, sizes, licence }, isStored) {
    const { sizeText } = this.page;
    const size = isStored ? "" : sizes || (bytes && `about ${sizeText(bytes).replace(".0 ", " ")} to download`);
    return [id, size, licence && `licence: ${licence}`].filter(Boolean).join(" · ");
  }

  /**
   * @param {string} id
   * @param {string} title
   */
  useButton(id, title) {
    const button = document.createElement("button");
    const textContent = id === this.page.chosenModel() ? "Chosen" : "Use";
    Object.assign(button, { type: "button", textContent, ariaLabel: `${textContent} ${title}` });
    button.addEventListener("click", () => this.use(id));
    return button;
  }

  /** @param {string} id */
  use(id) {
    this.dialog.close();
    this.choose(id);
  }

  async lookUp() {
    const name = this.name.value.trim().replace(/^https:\/\/huggingface\.co\//, "").replace(/\/$/, "");
    this.found.replaceChildren();
    if (!NAME.test(name)) {
      this.say("A model's name has two parts: owner/name.", true);
      this.name.focus();
      return;
    }
    this.say("Asking the hub");
    const { model, error } = await lookUp(name, this.page.sizeText);
    this.say(error ?? "", Boolean(error));
    if (model) this.found.replaceChildren(this.describe(model));
    this.found.querySelector("button")?.focus();
  }

  /** @param {() => Promise<{name: string}>} pick */
  async useDisk(pick) {
    try {
      const { name } = await pick();
      this.use(`disk:${name}`);
    } catch (failure) {
      const error = /** @type {Error} */ (failure);
      if (error.name !== "AbortError") this.say(error.message, true);
    }
  }

  /**
   * @param {string} text
   * @param {boolean} [isError]
   */
  say(text, isError = false) {
    this.message.textContent = text;
    this.message.classList.toggle("failure", isError);
  }
}

/**
 * @param {string} tag
 * @param {string} textContent
 * @param {string} [className]
 */
function textIn(tag, textContent, className = "") {
  return Object.assign(document.createElement(tag), { textContent, className });
}
