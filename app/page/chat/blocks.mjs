/**
 * Markdown as it comes in, into elements: of the blocks of a growing text the last alone is made
 * again, all before it stay as they are. Nothing that a text says is ever read as HTML: elements are
 * made one by one, of those that TAGS has, and text goes in as text.
 */
import MarkdownIt from "markdown-it/browser";

const MOST = 100_000; // characters that are formatted; a longer text stands there as it is
const TAGS = new Set(
  "p h1 h2 h3 h4 h5 h6 blockquote ul ol li hr pre code table thead tbody tr th td em strong s br a".split(" "),
);
const SAFE = /^(?:https?:\/\/|mailto:)/i;
const parser = new MarkdownIt("default", { html: false, linkify: false, maxNesting: 20 });

export class Markdown {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.settled = 0; // characters of the blocks that are finished
    this.text = "";
    /** @type {Element[]} */
    this.open = []; // elements of the last block
    this.made = 0; // blocks so far, those that were made again included
  }

  /** @param {string} text the whole of it; mostly it begins with what was there before */
  update(text) {
    if (!text.startsWith(this.text)) this.clear();
    this.text = text;
    if (text.length > MOST) {
      this.showPlainly();
      return;
    }
    const rest = text.slice(this.settled);
    const groups = topLevel(parser.parse(rest, {}));
    for (const element of this.open) element.remove();
    this.open = [];
    for (const [i, group] of groups.entries()) {
      const made = build(group, document.createElement("div"));
      this.made += 1;
      const children = [...made.children];
      this.host.append(...children);
      if (i === groups.length - 1) {
        this.open = children;
        this.settled += offsetOf(rest, group[0].map?.[0] ?? 0);
      }
    }
  }

  clear() {
    this.settled = 0;
    this.open = [];
    this.host.replaceChildren();
  }

  showPlainly() {
    this.clear();
    this.host.append(Object.assign(document.createElement("pre"), { textContent: this.text }));
  }
}

/**
 * The tokens of each block that stands in no other.
 * @param {any[]} tokens
 */
function topLevel(tokens) {
  /** @type {any[][]} */
  const groups = [];
  let depth = 0;
  for (const token of tokens) {
    if (depth === 0) groups.push([]);
    groups.at(-1)?.push(token);
    depth += token.nesting;
  }
  return groups;
}

/**
 * Where a line begins.
 * @param {string} text
 * @param {number} line
 */
function offsetOf(text, line) {
  let at = 0;
  for (let i = 0; i < line; i++) at = text.indexOf("\n", at) + 1;
  return at;
}

/**
 * @param {any[]} tokens
 * @param {HTMLElement} host
 */
function build(tokens, host) {
  const parents = [host];
  const here = () => /** @type {HTMLElement} */ (parents.at(-1));
  for (const token of tokens) {
    if (token.type === "inline") build(token.children, here());
    else if (token.nesting < 0) parents.pop();
    else if (token.nesting > 0) parents.push(here().appendChild(opened(token)));
    else addLeaf(token, here());
  }
  return host;
}

/**
 * @param {any} token
 * @param {HTMLElement} parent
 */
function addLeaf(token, parent) {
  if (token.type === "fence" || token.type === "code_block") parent.append(codeBlock(token));
  else if (token.type === "code_inline") parent.append(withText("code", token.content));
  else if (token.type === "image") parent.append(...picture(token));
  else if (token.type === "softbreak") parent.append("\n");
  else if (token.type === "hardbreak") parent.append(document.createElement("br"));
  else if (token.type === "hr") parent.append(document.createElement("hr"));
  else parent.append(token.content);
}

/** @param {any} token of something that others stand in */
function opened(token) {
  if (token.type === "link_open") return link(token.attrGet("href"));
  // The page has the first two levels itself.
  const tag = token.tag.replace(/^h[1-6]$/, (/** @type {string} */ name) => `h${Math.min(Number(name[1]) + 2, 6)}`);
  const element = document.createElement(token.hidden || !TAGS.has(tag) ? "span" : tag);
  if (tag === "ol" && token.attrGet("start")) element.setAttribute("start", token.attrGet("start"));
  return element;
}

/**
 * A link that shows where it leads, and tells nobody where it was pressed.
 * @param {string | null} address
 */
function link(address) {
  if (!address || !SAFE.test(address)) return document.createElement("span");
  const element = document.createElement("a");
  Object.assign(element, { href: address, target: "_blank", rel: "noopener noreferrer nofollow", title: address });
  element.dataset.address = hostOf(address);
  return element;
}

/** @param {string} address */
function hostOf(address) {
  try {
    const { protocol, host, pathname } = new URL(address);
    return protocol === "mailto:" ? pathname : host;
  } catch {
    return address;
  }
}

/**
 * A picture is never fetched: there is a link to it in its place.
 * @param {any} token
 */
function picture(token) {
  const element = link(token.attrGet("src"));
  element.textContent = `picture: ${token.content || "without a name"}`;
  return [element];
}

/** @param {any} token */
function codeBlock(token) {
  const pre = document.createElement("pre");
  const language = (token.info ?? "").trim().split(/\s+/)[0].slice(0, 30);
  if (language) pre.dataset.language = language;
  pre.tabIndex = 0;
  pre.append(withText("code", token.content));
  return pre;
}

/**
 * @param {string} tag
 * @param {string} textContent
 */
function withText(tag, textContent) {
  return Object.assign(document.createElement(tag), { textContent });
}
