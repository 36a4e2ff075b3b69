/**
 * The conversations of this browser in a list: chosen, begun, deleted. One that cannot be kept is
 * said to be so, and stays in the page.
 */
import { allConversations, forget, keep, titleOf } from "./store.mjs";

const FULL = "This chat could not be kept: the browser's storage is full. It stays here as long as the page is open. Delete a stored model or an old chat to make room; the next message tries again.";
const REFUSED = "This browser keeps no chats here (a private window, or its settings): this one stays as long as the page is open.";

export class SavedChats {
  /**
   * `show(conversation)` shows one; undefined is a new one.
   * @param {any} page
   * @param {(conversation?: any) => void} show
   */
  constructor(page, show) {
    this.page = page;
    this.show = show;
    this.list = page.named("chats", HTMLSelectElement);
    /** @type {Map<string, any>} */
    this.known = new Map();
    this.forgotten = new Set();
    this.list.addEventListener("change", () => this.choose(this.list.value));
    page.named("new-chat", HTMLElement).addEventListener("click", () => this.begin());
    this.remove = page.named("delete-chat", HTMLButtonElement);
    page.confirmed(this.remove, "Really delete?", () => this.forgetShown());
    this.draw("");
    this.ready = this.load();
  }

  async load() {
    for (const conversation of await allConversations()) {
      if (!this.known.has(conversation.id)) this.known.set(conversation.id, conversation);
    }
    this.draw(this.list.value);
  }

  /** @param {string} id */
  choose(id) {
    this.draw(id);
    this.show(this.known.get(id));
  }

  begin() {
    this.show();
    this.draw("");
  }

  /**
   * @param {any} conversation
   * @param {boolean} isShown
   */
  async keep(conversation, isShown) {
    if (this.forgotten.has(conversation.id)) return; // deleted while it was answered
    this.known.set(conversation.id, conversation);
    this.draw(isShown ? conversation.id : this.list.value);
    try {
      await keep(conversation);
    } catch (error) {
      const isFull = /** @type {Error} */ (error)?.name === "QuotaExceededError";
      this.page.notify("chat", isFull ? FULL : REFUSED);
    }
  }

  async forgetShown() {
    const id = this.list.value;
    this.known.delete(id);
    this.forgotten.add(id);
    this.begin();
    await forget(id).catch(() => {}); // what was never kept
  }

  /** @param {string} id of the one that is shown, "" for a new one */
  draw(id) {
    const newest = [...this.known.values()].sort((a, b) => b.changed - a.changed);
    const options = newest.map((one) => new Option(titleOf(one), one.id, false, one.id === id));
    if (!id) options.unshift(new Option("New chat", "", false, true));
    this.list.replaceChildren(...options);
    this.list.hidden = !newest.length;
    this.remove.hidden = !id;
  }
}
