/** The element for a value that a program shows, by its form (engine/display/shown.py). */
import { frameOf } from "./frame.mjs";
import { save } from "./save.mjs";
import { tokensOf } from "./tokens.mjs";

/** @typedef {{form: string, text: string, content: any, bytes?: ArrayBuffer}} Shown */

/** @type {Record<string, (shown: Shown) => Node[]>} */
const FORMS = {
  text: ({ text }) => [document.createTextNode(text)],
  table: ({ content }) => tableOf(content),
  html: ({ content }) => [frameOf(content)],
  tokens: ({ content }) => [tokensOf(content)],
  image: (shown) => {
    const image = document.createElement("img");
    image.alt = shown.text;
    image.src = blobOf(shown);
    image.addEventListener("error", () => image.replaceWith("This picture is damaged: the browser cannot show it."));
    return [image, downloadOf(shown, "picture")];
  },
  audio: (shown) => {
    const audio = document.createElement("audio");
    Object.assign(audio, { controls: true, src: blobOf(shown) });
    audio.setAttribute("aria-label", shown.text);
    return [audio, downloadOf(shown, "sound")];
  },
};
/** @type {string[]} */
const addresses = []; // of blobs: given back when the output is cleared

/** @param {Shown} shown */
export function elementOf(shown) {
  const figure = document.createElement("figure");
  figure.className = `shown ${shown.form}`;
  figure.append(...FORMS[shown.form](shown));
  return figure;
}

/** Give back the memory of all pictures and sounds. */
export function forget() {
  for (const address of addresses.splice(0)) URL.revokeObjectURL(address);
}

/** @param {Shown} shown */
function blobOf({ content, bytes }) {
  const address = URL.createObjectURL(new Blob([bytes ?? ""], { type: content }));
  addresses.push(address);
  return address;
}

/**
 * @param {Shown} shown
 * @param {string} name
 */
function downloadOf({ content, bytes }, name) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "quiet", textContent: `Download ${name}` });
  const suffix = content.split("/")[1].split("+")[0];
  button.addEventListener("click", () => save(`${name}.${suffix}`, bytes ?? "", content));
  return button;
}

/** @param {{columns: string[], rows: string[][], left_out: number}} given */
function tableOf({ columns, rows, left_out }) {
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const column of columns) {
    const cell = document.createElement(column ? "th" : "td");
    if (column) cell.setAttribute("scope", "col");
    cell.textContent = column;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const text of row) line.insertCell().textContent = text;
  }
  const scroller = document.createElement("div");
  scroller.className = "wide";
  scroller.tabIndex = 0;
  scroller.setAttribute("role", "region");
  scroller.setAttribute("aria-label", "Table");
  scroller.append(table);
  return left_out ? [scroller, document.createTextNode(`${left_out} more rows are left out.`)] : [scroller];
}
