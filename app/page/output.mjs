/**
 * The output panel: text is added once per frame, so that a program that prints a lot does not
 * block the page. Of too much to read the middle is left out, and a button gives all of it as a
 * file. Pictures, tables and the like stand between the text, each an element of its own.
 */
import { save } from "./output/save.mjs";

const HEAD = 20_000; // characters kept of the beginning, to the end of their line
const MOST = 200_000; // and of the end
const KEPT = 50_000_000; // characters kept for the file
// Lines are kept in blocks, so that a new line lays out its block alone, and one that is out of
// sight is not laid out at all (style.css).
const BLOCK = 4000; // characters; it ends with the line that reaches them
const LINE = /(?<=File "program\.py", )(line \d+)/;
const ELEMENT = 500; // characters that an element of its own counts for
const FRAMES = 2; // until what has come into sight is laid out

export class Output {
  /** @param {any} element */
  constructor(element) {
    this.element = element;
    /** @type {{text: string, kind: string, node?: HTMLElement}[]} */
    this.waiting = [];
    this.scheduled = false;
    this.gap = document.createElement("div"); // between the head and the rest
    this.gap.className = "gap";
    /** @type {any} */
    this.block = undefined;
    /** @type {string[]} */
    this.kept = []; // all that was printed
    this.keptSize = 0;
    this.size = 0; // characters behind the head
    this.headSize = 0;
    this.blockSize = 0; // characters of `block`
    this.leftOut = 0;
  }

  clear() {
    this.waiting = [];
    this.kept = [];
    this.block = undefined;
    this.keptSize = this.size = this.headSize = this.blockSize = this.leftOut = 0;
    this.gap.replaceChildren();
    this.element.replaceChildren();
  }

  /** All that was printed, as far as it is kept. */
  get text() {
    return this.kept.join("");
  }

  /**
   * Add text; `kind` is "stdout", "stderr", "failure" or "note".
   * @param {string} text
   * @param {string} [kind]
   */
  add(text, kind = "stdout") {
    this.keep(text);
    const last = this.waiting.at(-1);
    if (last?.kind === kind) last.text += text;
    else this.waiting.push({ text, kind });
    this.schedule();
  }

  /**
   * Add an element between the text; `text` stands for it where there is only text.
   * @param {HTMLElement} node
   * @param {string} [text]
   */
  addElement(node, text = "") {
    this.keep(text && `${text}\n`);
    this.waiting.push({ text, kind: "element", node });
    this.schedule();
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    // A hidden page gets no animation frames, but its output must not wait for ever.
    if (document.hidden) setTimeout(() => this.flush());
    else requestAnimationFrame(() => this.flush());
  }

  /** @param {string} text */
  keep(text) {
    if (this.keptSize + text.length > KEPT) return;
    this.keptSize += text.length;
    this.kept.push(text);
  }

  /**
   * Add text on a line of its own.
   * @param {string} text
   * @param {string} kind
   */
  addLine(text, kind) {
    const shown = this.waiting.at(-1)?.text ?? this.element.textContent;
    this.add(shown === "" || shown.endsWith("\n") ? text : `\n${text}`, kind);
  }

  flush() {
    this.scheduled = false;
    const { element } = this;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    for (const { text, kind, node } of this.waiting) {
      if (node) this.appendElement(node);
      else this.append(text, kind);
    }
    this.waiting = [];
    if (this.size > MOST) this.dropMiddle();
    if (atEnd) this.showEnd(FRAMES);
  }

  /**
   * Blocks that come into sight are as high as their text only when they are laid out, a frame later.
   * @param {number} frames
   */
  showEnd(frames) {
    this.element.scrollTop = this.element.scrollHeight;
    if (frames) requestAnimationFrame(() => this.showEnd(frames - 1));
  }

  /**
   * @param {string} text
   * @param {string} kind
   */
  append(text, kind) {
    for (let rest = text; rest; ) {
      const block = (this.block ??= this.addBlock());
      const line = rest.indexOf("\n", Math.max(0, BLOCK - this.blockSize)) + 1;
      // What has no end of line in sight must not fill the head alone.
      const part = rest.slice(0, line || (this.gap.isConnected ? rest.length : HEAD));
      block.append(dress(part, kind));
      this.count(part.length);
      this.blockSize += part.length;
      if (line || this.blockSize > HEAD) this.endBlock();
      rest = rest.slice(part.length);
    }
  }

  /** @param {HTMLElement} node */
  appendElement(node) {
    this.endBlock();
    this.element.append(node);
    this.count(ELEMENT);
  }

  /** @param {number} size */
  count(size) {
    if (this.gap.isConnected) this.size += size;
    else this.headSize += size;
  }

  addBlock() {
    this.blockSize = 0;
    return this.element.appendChild(document.createElement("div"));
  }

  endBlock() {
    this.block = undefined;
    if (!this.gap.isConnected && this.headSize >= HEAD) this.element.append(this.gap);
  }

  dropMiddle() {
    const surplus = this.size - MOST;
    this.leftOut += surplus;
    this.size = MOST;
    cut(this.gap, surplus);
    const note = document.createElement("span");
    note.className = "note";
    note.textContent = `… ${this.leftOut.toLocaleString("en")} characters left out here `;
    const all = document.createElement("button");
    Object.assign(all, { type: "button", className: "quiet", textContent: "Download all of it" });
    all.addEventListener("click", () => save("output.txt", this.text));
    // Written once and then only counted: a button that is pressed must not be replaced.
    if (this.gap.firstChild) this.gap.firstChild.replaceWith(note);
    else this.gap.append(note, all, "\n");
  }
}

/**
 * @param {string} text
 * @param {string} kind
 */
function dress(text, kind) {
  if (kind === "stdout") return text;
  const span = document.createElement("span");
  span.className = kind;
  if (kind === "failure") span.append(...text.split(LINE).map((part, at) => (at % 2 ? lineButton(part) : part)));
  else span.textContent = text;
  return span;
}

/** Leads to that line of the program: the panel's element fires `goto`. @param {string} text */
function lineButton(text) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "to-line", textContent: text });
  const detail = Number(text.replace(/\D/g, ""));
  button.addEventListener("click", () => button.dispatchEvent(new CustomEvent("goto", { detail, bubbles: true })));
  return button;
}

/**
 * Remove the `surplus` first characters behind `gap`.
 * @param {Element} gap
 * @param {number} surplus
 */
function cut(gap, surplus) {
  for (let next = gap.nextElementSibling; next && surplus > 0; next = gap.nextElementSibling) {
    const isText = next.tagName === "DIV";
    const size = isText ? (next.textContent ?? "").length : ELEMENT;
    if (isText && size > surplus) {
      cutText(next, surplus);
      return;
    }
    next.remove();
    surplus -= size;
  }
}

/**
 * @param {any} node
 * @param {number} surplus fewer characters than it has
 */
function cutText(node, surplus) {
  if (node.nodeType === Node.TEXT_NODE) {
    node.deleteData(0, surplus);
    return;
  }
  let first = node.firstChild;
  for (; first.textContent.length <= surplus; first = node.firstChild) {
    surplus -= first.textContent.length;
    first.remove();
  }
  cutText(first, surplus);
}
