/**
 * The output panel: text is added once per frame, so that a program that prints a lot does not
 * block the page, and the oldest is dropped, with a word about it, when there is too much to read.
 */
const MOST = 200_000; // characters kept

export class Output {
  constructor(element) {
    Object.assign(this, { element, waiting: [], scheduled: false, size: 0 });
    this.dropped = document.createElement("span");
    Object.assign(this.dropped, { className: "note", textContent: "… earlier output dropped\n" });
  }

  clear() {
    this.waiting = [];
    this.size = 0;
    this.element.replaceChildren();
  }

  /** Add text; `kind` is "stdout", "stderr", "failure" or "note". */
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

  flush() {
    this.scheduled = false;
    const { element } = this;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    for (const { text, kind } of this.waiting) this.append(text, kind);
    this.waiting = [];
    if (this.size > MOST) this.dropOldest();
    if (atEnd) element.scrollTop = element.scrollHeight;
  }

  append(text, kind) {
    this.size += text.length;
    if (kind === "stdout") {
      this.element.append(text);
      return;
    }
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = text;
    this.element.append(span);
  }

  dropOldest() {
    this.dropped.remove();
    let surplus = this.size - MOST;
    this.size = MOST;
    while (surplus >= this.element.firstChild.textContent.length) {
      surplus -= this.element.firstChild.textContent.length;
      this.element.firstChild.remove();
    }
    const first = this.element.firstChild;
    const text = first.nodeType === Node.TEXT_NODE ? first : first.firstChild;
    text.deleteData(0, surplus);
    this.element.prepend(this.dropped);
  }
}
