/**
 * The gallery's programs and the visitor's edits of them, kept in localStorage, so that a reload
 * loses no work. While the page is open the editor keeps them.
 */
import { EXAMPLES } from "../../examples/gallery.mjs";

// A key for each example: tabs that edit different examples never write over each other.
const CURRENT = "intab.example";
const keyOf = (/** @type {{id: string}} */ { id }) => `intab.program.${id}`;

/**
 * Storage may be refused (private windows, settings): then edits live as long as the page.
 * @param {(storage: Storage) => any} access
 */
function attempt(access) {
  try {
    return access(localStorage);
  } catch {
    return null;
  }
}

export class Programs {
  constructor() {
    const id = attempt((storage) => storage.getItem(CURRENT));
    this.current = EXAMPLES.find((example) => example.id === id) ?? EXAMPLES[0];
  }

  /** The current program: the visitor's edit of the example, or the example. */
  get text() {
    return attempt((storage) => storage.getItem(keyOf(this.current))) ?? this.current.source;
  }

  /** @param {string} text */
  edit(text) {
    const key = keyOf(this.current);
    if (text === this.current.source) attempt((storage) => storage.removeItem(key));
    else attempt((storage) => storage.setItem(key, text));
  }

  /** @param {string} id */
  choose(id) {
    this.current = EXAMPLES.find((example) => example.id === id) ?? this.current;
    attempt((storage) => storage.setItem(CURRENT, id));
  }
}
