/**
 * The two views of the page, Chat and Program: one is shown, the other hidden. `#chat` and `#program`
 * in the address choose one, as does what was shown last; a first visitor is shown the chat.
 */
import { element } from "./elements.mjs";

const KEY = "intab.view";
const buttons = [...document.querySelectorAll("nav.views button")];

/** Storage may be refused: then the choice lives as long as the page. */
function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** The view that an address asks for: a shared program is one, too. */
function asked() {
  if (location.hash.startsWith("#code=")) return "program";
  const name = location.hash.slice(1);
  return name === "chat" || name === "program" ? name : null;
}

export class Views {
  current = "chat";

  start() {
    for (const button of buttons) {
      button.addEventListener("click", () => this.choose(nameOf(button)));
    }
    addEventListener("hashchange", () => this.show(asked() ?? this.current));
    this.show(asked() ?? remembered() ?? "chat");
  }

  /** @param {string} name */
  choose(name) {
    try {
      localStorage.setItem(KEY, name);
    } catch {
      // As long as the page is open.
    }
    this.show(name);
  }

  /** @param {string} name */
  show(name) {
    this.current = name === "program" ? "program" : "chat";
    document.body.dataset.view = this.current;
    for (const button of buttons) {
      button.setAttribute("aria-current", String(nameOf(button) === this.current));
    }
    element("main", HTMLElement).scrollTop = 0;
  }
}

/** @param {Element} button */
function nameOf(button) {
  return /** @type {HTMLElement} */ (button).dataset.view ?? "chat";
}
