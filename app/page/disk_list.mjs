/**
 * In the storage panel: folders of the visitor's disk that were opened, on this visit or an earlier
 * one. The browser wants those of an earlier one to be allowed once more.
 */
import { forget, grant, knownFolders, pickFolder } from "./disk.mjs";

export class DiskList {
  /**
   * `say(text, isError)` tells how it went.
   * @param {HTMLElement} list
   * @param {(text: string, isError?: boolean) => void} say
   */
  constructor(list, say) {
    this.list = list;
    this.say = say;
  }

  async show() {
    try {
      this.list.replaceChildren(...(await knownFolders()).map((folder) => this.describe(folder)));
    } catch (failure) {
      const error = /** @type {Error} */ (failure);
      this.say(`The folders that were opened cannot be listed: ${error.message}.`, true);
    }
  }

  open() {
    return this.attempt(async () => {
      const { name } = await pickFolder();
      return `Opened. A program loads it by intab.load("disk:${name}").`;
    });
  }

  /** @param {{name: string, granted: boolean}} given */
  describe({ name, granted }) {
    const item = document.createElement("li");
    const text = document.createElement("div");
    const facts = document.createElement("p");
    facts.textContent = granted ? "On your disk" : "On your disk; to be allowed again";
    text.append(Object.assign(document.createElement("strong"), { textContent: `disk:${name}` }));
    text.append(facts);
    item.append(text);
    if (!granted) item.append(this.button("Allow", name, () => this.allow(name)));
    item.append(this.button("Forget", name, () => forget(name)));
    return item;
  }

  /** @param {string} name */
  async allow(name) {
    if (!(await grant(name))) throw new Error(`disk:${name} was not allowed, or is another folder.`);
  }

  /**
   * @param {string} textContent
   * @param {string} name
   * @param {any} act
   */
  button(textContent, name, act) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent, ariaLabel: `${textContent} disk:${name}` });
    button.addEventListener("click", () => this.attempt(act));
    return button;
  }

  /** @param {any} act */
  async attempt(act) {
    try {
      this.say((await act()) ?? "");
    } catch (failure) {
      const error = /** @type {Error} */ (failure);
      // A visitor who closes the dialog has changed their mind.
      if (error.name !== "AbortError") this.say(error.message, true);
    }
    await this.show();
  }
}
