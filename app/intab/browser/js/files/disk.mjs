/**
 * Models on the visitor's own disk. `disk:NAME/path` is a file of a folder that the page was given
 * (app/page/disk.mjs), its path as it is, with nothing encoded; here it is answered as a server would answer, with a Blob for a body: nothing
 * is copied, and bytes are read when they are wanted.
 */
import { stored } from "./bodies.mjs";
import { askPages, handlesOf, recall } from "./folders.mjs";

const ABSENT = ["NotFoundError", "TypeMismatchError", "TypeError"]; // the last: of no file's name
const MOST_LISTED = 10_000; // files of a folder; one with more is no model's
const DEEPEST = 6; // folders in folders

class DiskAnswer {
  /**
   * @param {any} status
   * @param {any} headers
   * @param {Blob} [blob]
   */
  constructor(status, headers, blob = new Blob()) {
    this.status = status;
    this.hides = false;
    this.headers = JSON.stringify(headers);
    this.blob = blob;
  }

  /** @param {(count: number) => void} report */
  async body(report) {
    report(this.blob.size);
    return stored(this.blob);
  }
}

/**
 * The answer about a file, or about a part of it where `range` is a Range header.
 * @param {string} address
 * @param {string} range
 */
export async function askDisk(address, range) {
  const [name, path] = partsOf(address);
  const file = await findFile(name, path);
  if (!file) return new DiskAnswer(404, {});
  const etag = `"${file.lastModified}-${file.size}"`;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  if (first === undefined) return new DiskAnswer(200, { etag }, file);
  const part = file.slice(Number(first), Number(last) + 1);
  if (!part.size) return new DiskAnswer(416, { "content-range": `bytes */${file.size}` });
  const span = `bytes ${first}-${Number(first) + part.size - 1}/${file.size}`;
  return new DiskAnswer(206, { etag, "content-range": span }, part);
}

/**
 * The folder's name in an address, and the path in it.
 * @param {string} address
 */
function partsOf(address) {
  const [, name, path] = /^disk:([^/]+)\/(.*)$/s.exec(address) ?? ["", "", ""];
  return [name, path];
}

/**
 * A file of a folder; undefined where the folder has none of that name.
 * @param {string} name
 * @param {string} path
 */
async function findFile(name, path) {
  const { handle, files } = await openFolder(name);
  try {
    return await (files ? unwrapped(files.get(path)) : fileIn(handle, path.split("/")));
  } catch (error) {
    if (error instanceof Error && ABSENT.includes(error.name)) return undefined;
    throw error;
  }
}

/**
 * The paths of the files in the folder at `address`, as JSON; null of one that has too many.
 * @param {string} address
 */
export async function listDisk(address) {
  const [name, inside] = partsOf(address);
  const { handle, files } = await openFolder(name);
  const paths = [];
  for await (const path of files ? files.keys() : pathsIn(handle)) {
    if (path.startsWith(inside)) paths.push(path.slice(inside.length));
    if (paths.length > MOST_LISTED) return "null";
  }
  return JSON.stringify(paths);
}

/**
 * @param {any} folder
 * @param {any} [above]
 * @param {number} [depth]
 * @returns {AsyncGenerator<string>}
 */
async function* pathsIn(folder, above = "", depth = 0) {
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === "file") yield above + name;
    else if (depth < DEEPEST && !name.startsWith(".")) yield* pathsIn(handle, `${above}${name}/`, depth + 1);
  }
}

/**
 * What the page was given under that name; an error that says what to do where it cannot be read.
 * @param {string} name
 */
async function openFolder(name) {
  const record = await recall(name);
  if (!record) {
    throw new DOMException(`There is no folder disk:${name}: open it in the page.`, "NotFoundError");
  }
  const handles = handlesOf(record);
  if (!handles.length) record.files = await askPages(name);
  const states = await Promise.all(handles.map((handle) => handle.queryPermission({ mode: "read" })));
  if (handles.length ? states.every((state) => state === "granted") : record.files) return record;
  throw new DOMException(
    `disk:${name} may not be read until the page is allowed to, or given it, once more.`,
    "NotAllowedError",
  );
}

/**
 * @param {any} folder
 * @param {any} names
 */
async function fileIn(folder, names) {
  const file = names.pop();
  for (const name of names) folder = await folder.getDirectoryHandle(name);
  return (await folder.getFileHandle(file)).getFile();
}

/**
 * A file is one already, or its handle.
 * @param {any} file
 */
function unwrapped(file) {
  if (file?.getFile) return file.getFile();
  return file instanceof Blob ? file : undefined;
}
