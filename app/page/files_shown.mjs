/** The files of the model on its way, in one line. */
import { filesText } from "./texts.mjs";

export class FilesShown {
  /** @type {Map<string, any>} */
  #files = new Map(); // name -> [loaded, total] in bytes

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /** @param {{stage: string, file: string, file_loaded: number, file_total: any}} given */
  show({ stage, file, file_loaded, file_total }) {
    if (file) this.#files.set(file, [file_loaded, file_total]);
    else this.#files.clear();
    if (stage === "download") this.element.textContent = filesText(this.#files);
  }
}
