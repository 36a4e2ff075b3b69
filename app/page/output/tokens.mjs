/**
 * Tokens tinted by how surprising they were; the likeliest in a token's place on hover and focus.
 * One Tab leads in, arrow keys from token to token.
 */
const LEVELS = [0.9, 0.6, 0.3, 0.1, 0.02]; // probabilities above which a token has level 0, 1 ...
let count = 0;

/** @typedef {{text: string, probability: number, top: [string, number][]}} Token */

const percent = (/** @type {number} */ part) => `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`;
// What would be seen as nothing.
const visible = (/** @type {string} */ text) => text.replaceAll("\n", "⏎").replaceAll("\t", "⇥").replace(/^ | $/g, "␣") || "∅";

/** @param {Token[]} tokens */
export function tokensOf(tokens) {
  const host = document.createElement("div");
  const line = document.createElement("div");
  const detail = document.createElement("div");
  Object.assign(detail, { className: "likeliest", id: `likeliest-${(count += 1)}` });
  detail.textContent = "Point at a token, or go to it with Tab and the arrow keys: it shows what else was likely.";
  line.className = "tokens";
  line.setAttribute("role", "group");
  line.setAttribute("aria-label", "Tokens and their probabilities");
  line.append(...tokens.map((token, at) => buttonOf(token, at, detail)));
  line.addEventListener("keydown", (event) => move(line, event));
  host.append(line, detail);
  return host;
}

/**
 * @param {Token} token
 * @param {number} at
 * @param {HTMLElement} detail
 */
function buttonOf(token, at, detail) {
  const button = document.createElement("button");
  const level = LEVELS.findIndex((least) => token.probability >= least);
  button.type = "button";
  button.tabIndex = at ? -1 : 0;
  button.textContent = token.text;
  button.dataset.level = String(level < 0 ? LEVELS.length : level);
  button.setAttribute("aria-label", `${visible(token.text)}, ${percent(token.probability)}`);
  button.setAttribute("aria-describedby", detail.id);
  const show = () => detail.replaceChildren(...likeliest(token));
  button.addEventListener("pointerenter", show);
  button.addEventListener("focus", show);
  return button;
}

/** @param {Token} token */
function likeliest({ text, probability, top }) {
  const chosen = document.createElement("p");
  chosen.textContent = `“${visible(text)}” had ${percent(probability)}.${top.length ? " Likeliest here:" : ""}`;
  const list = document.createElement("ol");
  list.append(
    ...top.map(([other, part]) => {
      const item = document.createElement("li");
      const meter = document.createElement("meter");
      Object.assign(meter, { value: part, textContent: percent(part) });
      meter.setAttribute("aria-hidden", "true");
      const name = document.createElement("code");
      name.textContent = visible(other);
      item.append(meter, " ", name, ` ${percent(part)}`);
      return item;
    }),
  );
  return top.length ? [chosen, list] : [chosen];
}

/**
 * @param {HTMLElement} line
 * @param {KeyboardEvent} event
 */
function move(line, event) {
  const buttons = /** @type {HTMLButtonElement[]} */ ([...line.children]);
  const at = buttons.findIndex((button) => button === event.target);
  /** @type {Record<string, number>} */
  const targets = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 };
  const next = buttons[targets[event.key] ?? -1];
  if (!next) return;
  event.preventDefault();
  buttons[at].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
