/**
 * One turn of a conversation as the page shows it: the visitor's words, or the model's answer with
 * its thoughts folded, its figures on demand, and what went wrong in a visitor's words.
 */
import { split } from "./thoughts.mjs";

const SHOWN = 4000; // characters of the visitor's own words; the rest is folded

/** @type {Promise<any> | undefined} */
let markdown; // comes with the first answer that needs it

/** Have what formats answers on its way. */
export function formatter() {
  return (markdown ??= import("./blocks.mjs"));
}

export class Turn {
  /**
   * `turn` is {role, text, figures, error}; `acts` are the buttons' functions by name.
   * @param {any} turn
   * @param {{isPlain: boolean, acts: Record<string, () => void>, figuresOf: any}} given
   */
  constructor(turn, { isPlain, acts, figuresOf }) {
    this.turn = turn;
    /** @type {(() => void) | undefined} */
    this.onDrawn = undefined;
    /** @type {any} */
    this.formatted = undefined; // a Markdown, for answers that are
    this.isPlain = isPlain || turn.role === "user";
    this.figuresOf = figuresOf;
    this.element = document.createElement("article");
    this.element.className = `turn ${turn.role}`;
    this.element.ariaLabel = turn.role === "user" ? "You" : "The model";
    this.body = this.element.appendChild(document.createElement("div"));
    this.body.className = "body";
    this.foot = this.element.appendChild(document.createElement("div"));
    this.foot.className = "foot";
    for (const [name, act] of Object.entries(acts)) this.foot.append(button(name, act));
    this.scheduled = false;
    this.draw();
  }

  /** At most once a frame; a hidden page has no frames, but its answers must not wait for ever. */
  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    if (document.hidden) setTimeout(() => this.draw());
    else requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.scheduled = false;
    const { role, text } = this.turn;
    if (role === "user") this.drawWords(text);
    else this.drawAnswer(text);
    this.drawFigures();
    this.drawError();
    this.onDrawn?.();
  }

  /** @param {string} text */
  drawWords(text) {
    if (text.length <= SHOWN) {
      this.body.textContent = text;
      return;
    }
    const more = document.createElement("details");
    const left = (text.length - SHOWN).toLocaleString("en");
    more.append(textIn("summary", `${left} more characters`), textIn("span", text.slice(SHOWN)));
    this.body.replaceChildren(text.slice(0, SHOWN), more);
  }

  /** @param {string} text */
  drawAnswer(text) {
    const { thoughts, answer, thinking } = this.isPlain
      ? { thoughts: "", answer: text, thinking: false }
      : split(text);
    this.drawThoughts(thoughts, thinking);
    this.body.dataset.waiting = String(!text && !this.turn.error && !this.turn.done);
    if (this.isPlain) this.words().textContent = answer.trimStart();
    else this.format(answer);
  }

  /** @param {string} answer */
  async format(answer) {
    this.formatted ??= new (await formatter()).Markdown(this.words());
    this.formatted.update(answer);
    this.onDrawn?.();
  }

  words() {
    if (!this.wordsElement) {
      this.wordsElement = this.body.appendChild(document.createElement("div"));
      this.wordsElement.className = this.isPlain ? "plain" : "formatted";
    }
    return this.wordsElement;
  }

  /**
   * @param {string} thoughts
   * @param {boolean} thinking
   */
  drawThoughts(thoughts, thinking) {
    if (!thoughts && !thinking) return;
    if (!this.thoughts) {
      this.thoughts = document.createElement("details");
      this.thoughts.className = "thoughts";
      this.thoughts.append(document.createElement("summary"), document.createElement("div"));
      this.body.prepend(this.thoughts);
    }
    const [summary, words] = this.thoughts.children;
    const title = thinking && !this.turn.done ? "Thinking…" : "Thoughts";
    if (summary.textContent !== title) summary.textContent = title;
    words.textContent = thoughts;
  }

  drawFigures() {
    if (!this.turn.figures) return;
    if (!this.figures) {
      this.figures = document.createElement("details");
      this.figures.className = "figures";
      this.figures.append(textIn("summary", "Figures"), document.createElement("p"));
      this.foot.append(this.figures);
    }
    this.figures.children[1].textContent = this.figuresOf(this.turn.figures).join(" · ");
  }

  drawError() {
    this.error?.remove();
    if (!this.turn.error) return;
    const { message, detail } = this.turn.error;
    this.error = document.createElement("div");
    this.error.className = "error";
    this.error.role = "alert";
    this.error.append(textIn("p", message));
    if (detail) {
      const folded = document.createElement("details");
      folded.append(textIn("summary", "For developers"), textIn("pre", detail));
      this.error.append(folded);
    }
    this.body.after(this.error);
  }
}

/**
 * @param {string} textContent
 * @param {() => void} act
 */
function button(textContent, act) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "quiet", textContent });
  made.addEventListener("click", act);
  return made;
}

/**
 * @param {string} tag
 * @param {string} textContent
 */
function textIn(tag, textContent) {
  return Object.assign(document.createElement(tag), { textContent });
}
