/**
 * The output panel: text is added once per frame, so that a program that prints a lot does not
 * block the page, and the oldest is dropped, with a word about it, when there is too much to read.
 */
const MOST = 200_000; // characters kept
// Lines are kept in blocks, so that a new line lays out its block alone, and one that is out of
// sight is not laid out at all (style.css).
const BLOCK = 4000; // characters; it ends with the line that reaches them

export class Output {
  /** @param {any} element */
  constructor(element) {
    this.element = element;
    /** @type {{text: string, kind: string}[]} */
    this.waiting = [];
    /** @type {any} */
    this.block = undefined;
    this.scheduled = false;
    this.size = 0;
    this.blockSize = 0; // characters of `block`
    this.dropped = document.createElement("span");
    Object.assign(this.dropped, { className: "note", textContent: "… earlier output dropped\n" });
  }

  clear() {
    this.waiting = [];
    this.size = 0;
    this.block = undefined;
    this.element.replaceChildren();
  }

  /**
   * Add text; `kind` is "stdout", "stderr", "failure" or "note".
   * @param {string} text
   * @param {string} [kind]
   */
  add(text, kind = "stdout") {
    const last = this.waiting.at(-1);
    if (last?.kind === kind) last.text += text;
    else this.waiting.push({ text, kind });
    if (this.scheduled) return;
    this.scheduled = true;
    // A hidden page gets no animation frames, but its output must not wait for ever.
    if (document.hidden) setTimeout(() => this.flush());
    else requestAnimationFrame(() => this.flush());
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
    for (const { text, kind } of this.waiting) this.append(text, kind);
    this.waiting = [];
    if (this.size > MOST) this.dropOldest();
    if (atEnd) element.scrollTop = element.scrollHeight;
  }

  /**
   * @param {string} text
   * @param {string} kind
   */
  append(text, kind) {
    this.size += text.length;
    for (let rest = text; rest; ) {
      const block = (this.block ??= this.addBlock());
      const line = rest.indexOf("\n", Math.max(0, BLOCK - this.blockSize)) + 1;
      const part = rest.slice(0, line || rest.length);
      block.append(dress(part, kind));
      this.blockSize += part.length;
      if (line) this.block = undefined;
      rest = rest.slice(part.length);
    }
  }

  addBlock() {
    this.blockSize = 0;
    return this.element.appendChild(document.createElement("div"));
  }

  dropOldest() {
    this.dropped.remove();
    cut(this.element, this.size - MOST);
    this.size = MOST;
    this.element.prepend(this.dropped);
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
  span.textContent = text;
  return span;
}

/**
 * Remove the first `surplus` characters of a node that has more.
 * @param {any} node
 * @param {any} surplus
 */
function cut(node, surplus) {
  if (node.nodeType === Node.TEXT_NODE) {
    node.deleteData(0, surplus);
    return;
  }
  let first = node.firstChild;
  for (; first.textContent.length <= surplus; first = node.firstChild) {
    surplus -= first.textContent.length;
    first.remove();
  }
  cut(first, surplus);
}
