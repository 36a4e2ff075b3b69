/** The dialog in which a program is chosen: the examples by what one wants to do, and one's own. */
import { GALLERY } from "../../examples/gallery.mjs";
import { named } from "./elements.mjs";

/** @typedef {import("./programs.mjs").Program} Program */

export class Gallery {
  /** @param {{programs: any, choose: (id: string) => void}} given */
  constructor({ programs, choose }) {
    this.programs = programs;
    this.choose = choose;
    this.dialog = named("gallery", HTMLDialogElement);
    this.opener = named("open-gallery", HTMLButtonElement);
    this.list = named("examples", HTMLElement);
    this.opener.addEventListener("click", () => this.dialog.showModal());
    named("close-gallery", HTMLButtonElement).addEventListener("click", () => this.dialog.close());
  }

  /** Draw it: programs may have come and gone, in another tab too. */
  show() {
    const groups = GALLERY.map(([title, programs]) => this.groupOf(title, programs));
    const { mine } = this.programs;
    if (mine.length) groups.unshift(this.groupOf("Your own", mine));
    this.list.replaceChildren(...groups);
    this.mark();
  }

  /** What is said of the current program: its name on the button, and whether it was edited. */
  mark() {
    const { current } = this.programs;
    const isEdited = this.programs.isEdited(current);
    this.opener.textContent = `Program: ${current.title}`;
    const button = this.list.querySelector('[aria-current="true"]');
    for (const one of [this.opener, button]) {
      if (!(one instanceof HTMLElement)) continue;
      one.toggleAttribute("data-edited", isEdited);
      one.title = isEdited ? "You have edited this example." : "";
    }
  }

  /**
   * @param {string} title
   * @param {Program[]} programs
   */
  groupOf(title, programs) {
    const group = document.createElement("section");
    const heading = document.createElement("h3");
    const list = document.createElement("ul");
    heading.textContent = title;
    list.append(...programs.map((program) => this.itemOf(program)));
    group.append(heading, list);
    return group;
  }

  /** @param {Program} program */
  itemOf(program) {
    const { id, title, mine, sign } = program;
    const item = document.createElement("li");
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: title });
    button.dataset.example = id;
    button.toggleAttribute("data-edited", this.programs.isEdited(program));
    button.setAttribute("aria-current", String(id === this.programs.current.id));
    button.addEventListener("click", () => {
      this.dialog.close(); // the focus goes back to what opened it
      this.choose(id);
    });
    const about = document.createElement("p");
    about.textContent = aboutText(this.programs.textOf(program));
    if (!mine) item.append(sign ? signOf(sign) : pictureOf(id));
    item.append(button, about);
    return item;
  }
}

/** What it printed once, in the visitor's colours (`make gallery`). @param {string} id */
function pictureOf(id) {
  const picture = document.createElement("picture");
  const dark = document.createElement("source");
  const image = new Image(256, 144);
  Object.assign(dark, { srcset: `./gallery/${id}-dark.webp`, media: "(prefers-color-scheme: dark)" });
  Object.assign(image, { loading: "lazy", alt: "", src: `./gallery/${id}.webp` });
  picture.append(dark, image);
  return picture;
}

/** Instead of a picture, where a model is needed that no picture could be made with. @param {string} sign */
function signOf(sign) {
  const tile = Object.assign(document.createElement("span"), { className: "sign", textContent: sign });
  tile.setAttribute("aria-hidden", "true");
  return tile;
}

/** What a program's first line says of it. @param {string} source */
function aboutText(source) {
  return /^# ?(.{1,120})/.exec(source)?.[1] ?? "";
}
