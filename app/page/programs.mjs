/**
 * The gallery's programs, the visitor's edits of them and programs of their own, kept in
 * localStorage, so that a reload loses no work. While the page is open the editor keeps them.
 */
import { EXAMPLES } from "../../examples/gallery.mjs";

/** @typedef {{id: string, title: string, source: string, sign?: string, mine?: boolean}} Program */

// A key for each program: tabs that edit different ones never write over each other.
const CURRENT = "intab.example";
const MINE = "intab.programs"; // [{id, title}]
const keyOf = (/** @type {{id: string}} */ { id }) => `intab.program.${id}`;
const keyBefore = (/** @type {{id: string}} */ { id }) => `intab.before.${id}`;

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

const isTitled = (/** @type {any} */ one) => typeof one?.id === "string" && typeof one?.title === "string";

/** The visitor's own, as any tab left them. @returns {Program[]} */
function readMine() {
  const list = attempt((storage) => JSON.parse(storage.getItem(MINE) ?? "[]"));
  const titled = Array.isArray(list) ? list.filter(isTitled) : [];
  return titled.map(({ id, title }) => ({ id, title, source: "", mine: true }));
}

export class Programs {
  constructor() {
    /** @type {Program[]} */
    this.mine = readMine();
    const id = attempt((storage) => storage.getItem(CURRENT));
    /** @type {Program} */
    this.current = this.find(id) ?? EXAMPLES[0];
    /** @type {Map<string, string>} */
    this.texts = new Map(); // where storage is refused
  }

  /** @returns {Program[]} */
  get all() {
    return [...EXAMPLES, ...this.mine];
  }

  /** @param {string | null} id */
  find(id) {
    return this.all.find((program) => program.id === id);
  }

  /** The current program: the visitor's text of it, or the example. */
  get text() {
    return this.textOf(this.current);
  }

  /** @param {Program} program */
  textOf(program) {
    const kept = attempt((storage) => storage.getItem(keyOf(program)));
    return kept ?? this.texts.get(program.id) ?? program.source;
  }

  /** Whether an example was changed. @param {Program} program */
  isEdited(program) {
    return !program.mine && this.textOf(program) !== program.source;
  }

  /** @param {string} text */
  edit(text) {
    const key = keyOf(this.current);
    this.texts.set(this.current.id, text);
    if (!this.current.mine && text === this.current.source) attempt((storage) => storage.removeItem(key));
    else attempt((storage) => storage.setItem(key, text));
  }

  /** @param {string} id */
  choose(id) {
    this.current = this.find(id) ?? this.current;
    attempt((storage) => storage.setItem(CURRENT, this.current.id));
  }

  /** What Reset took away, also before a reload; null if there is nothing. */
  get before() {
    return attempt((storage) => storage.getItem(keyBefore(this.current)));
  }

  /** The example as it was; what the visitor had made of it is kept. */
  reset() {
    if (this.isEdited(this.current)) attempt((storage) => storage.setItem(keyBefore(this.current), this.text));
    return this.current.source;
  }

  /** What Reset took away; it is kept no longer. */
  undoReset() {
    const text = this.before ?? this.text;
    attempt((storage) => storage.removeItem(keyBefore(this.current)));
    return text;
  }

  /**
   * A program of the visitor's own, which is the current one now.
   * @param {string} title
   * @param {string} text
   */
  create(title, text) {
    const id = `mine-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 6)}`;
    this.change((mine) => [...mine, { id, title: this.free(title), source: "", mine: true }]);
    this.choose(id);
    this.edit(text);
  }

  /**
   * A program that comes from elsewhere, as one of the visitor's own; the same one twice is one.
   * @param {string} title
   * @param {string} text
   */
  bring(title, text) {
    const same = this.mine.find((one) => this.textOf(one) === text);
    if (same) this.choose(same.id);
    else this.create(title, text);
  }

  /** A title that no program has. @param {string} title */
  free(title) {
    const titles = new Set(this.all.map((program) => program.title));
    let found = title;
    for (let number = 2; titles.has(found); number += 1) found = `${title} ${number}`;
    return found;
  }

  /** @param {string} title */
  rename(title) {
    const { id } = this.current;
    this.change((mine) => mine.map((one) => (one.id === id ? { ...one, title } : one)));
    this.choose(id);
  }

  /** Delete the current program, one of the visitor's own. */
  remove() {
    const gone = this.current;
    this.change((mine) => mine.filter((one) => one.id !== gone.id));
    attempt((storage) => storage.removeItem(keyOf(gone)));
    this.choose(EXAMPLES[0].id);
  }

  /** @param {(mine: Program[]) => Program[]} make */
  change(make) {
    const known = readMine(); // another tab may have changed it
    this.mine = make(known.length ? known : this.mine);
    const list = JSON.stringify(this.mine.map(({ id, title }) => ({ id, title })));
    attempt((storage) => storage.setItem(MINE, list));
    const { id } = this.current;
    this.current = this.find(id) ?? EXAMPLES[0];
  }
}
