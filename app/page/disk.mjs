/**
 * The page's end of models on the visitor's disk: choose a folder, or the files of one, and keep it
 * for the next visit, when the browser wants to be allowed once more. A program then loads it by
 * `intab.load("disk:NAME")`. Nothing is copied or sent anywhere.
 *
 * All that opens a dialog must be called in a click's or a drop's own event. A visitor who changes
 * their mind ends it with an AbortError.
 */
import {
  answerWorkers,
  forget as forgetRecord,
  handlesOf,
  recall,
  recallAll,
  remember,
} from "../intab/browser/js/files/folders.mjs";

const READ = { mode: "read" };
let listening; // to the workers, from the first of these on
const saving = new Set(); // names that this page has asked to be saved
const held = new Map(); // name -> Map of path -> File, for browsers whose files have no handles

/** Choose a folder: {name}. */
export async function pickFolder() {
  const { showDirectoryPicker: pick } = globalThis;
  if (pick) return keepFolder(await pick.call(globalThis, READ));
  return hold(await chooseFiles({ webkitdirectory: true }));
}

/** Choose the files of a model one by one: {name}. */
export async function pickFiles() {
  const { showOpenFilePicker: pick } = globalThis;
  if (pick) return keepFiles(await pick.call(globalThis, { multiple: true }));
  return hold(await chooseFiles({ multiple: true }));
}

/**
 * A folder, or a model's files, dropped on the page: {name}.
 * @param {{items: any}} given
 */
export async function acceptDrop({ items }) {
  const given = [...items].filter(({ kind }) => kind === "file");
  if (!given[0]?.getAsFileSystemHandle) {
    const entries = given.map((item) => item.webkitGetAsEntry()); // all of them before any await
    return hold((await Promise.all(entries.map(filesOf))).flat());
  }
  const handles = await Promise.all(given.map((item) => item.getAsFileSystemHandle()));
  return handles[0].kind === "directory" ? keepFolder(handles[0]) : keepFiles(handles);
}

/** Choose an archive to import: {name}, for `intab.storage.import_("disk:NAME")`. */
export async function pickArchive() {
  const { showOpenFilePicker: pick } = globalThis;
  if (pick) {
    const [handle] = await pick.call(globalThis);
    return keepArchive(handle.name, handle);
  }
  const [[name, file]] = await chooseFiles({});
  holdFiles(name, new Map([[name, file]]));
  return keepArchive(name);
}

/**
 * Choose where to export to: {name}, for `intab.storage.export(MODEL, "disk:NAME")`.
 * @param {string} suggestedName
 */
export async function pickTarget(suggestedName) {
  const { showSaveFilePicker: pick } = globalThis;
  if (pick) {
    const handle = await pick.call(globalThis, { suggestedName });
    return keepArchive(handle.name, handle);
  }
  holdFiles(suggestedName, new Map());
  saving.add(suggestedName);
  return keepArchive(suggestedName);
}

/**
 * @param {string} name
 * @param {any} [handle]
 */
async function keepArchive(name, handle) {
  await remember({ name, archive: true, handle });
  return { name };
}

/**
 * Without a picker the browser's own download saves what a worker has made.
 * @param {string} name
 * @param {Blob} blob
 */
function save(name, blob) {
  if (!saving.delete(name)) return;
  const href = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** What was chosen before: [{name, granted}]; what is not granted can be read after `grant`. */
export async function knownFolders() {
  const records = (await recallAll()).filter((/** @type {any} */ { archive }) => !archive);
  return Promise.all(
    records.map(async (/** @type {any} */ record) => ({
      name: record.name,
      granted: held.has(record.name) || (await isGranted(record).catch(() => false)),
    })),
  );
}

/**
 * Ask the visitor for a known folder again; whether it can be read now.
 * @param {string} name
 */
export async function grant(name) {
  const handles = handlesOf((await recall(name)) ?? {});
  if (!handles.length) return (await pickFolder()).name === name;
  const answers = await Promise.all(handles.map((handle) => handle.requestPermission(READ)));
  return answers.every((answer) => answer === "granted");
}

/**
 * Forget a folder; on the disk it stays.
 * @param {string} name
 */
export async function forget(name) {
  held.delete(name);
  await forgetRecord(name);
}

/** @param {any} record */
async function isGranted(record) {
  const handles = handlesOf(record);
  const states = await Promise.all(handles.map((handle) => handle.queryPermission(READ)));
  return handles.length > 0 && states.every((state) => state === "granted");
}

/** @param {any} handle */
async function keepFolder(handle) {
  const name = await freeName(handle.name, (/** @type {any} */ record) => record.handle?.isSameEntry?.(handle));
  await remember({ name, handle });
  return { name };
}

/** @param {any[]} handles */
async function keepFiles(handles) {
  const files = new Map(handles.map((handle) => [placeOf(handle.name), handle]));
  const name = nameOf([...files.keys()]);
  await remember({ name, files });
  return { name };
}

/**
 * Files without handles, as [path, File]: this page holds them as long as it is open.
 * @param {[string, File][]} given
 */
async function hold(given) {
  /** @type {[string, File][]} */
  const placed = given.map(([path, file]) => [path.replace(/^[^/]+\//, ""), file]);
  const [folder, inside] = given[0][0].split("/");
  const files = new Map(inside ? placed : placed.map(([path, file]) => [placeOf(path), file]));
  const name = inside ? folder : nameOf([...files.keys()]);
  holdFiles(name, files);
  await remember({ name });
  return { name };
}

/**
 * @param {string} name
 * @param {any} files
 */
function holdFiles(name, files) {
  listening ??= answerWorkers(held, save) ?? true;
  held.set(name, files);
}

/** Where a file that came without its folder belongs: graphs are in onnx/, and so is their data,
 * whatever it is called.
 * @param {string} name
 */
function placeOf(name) {
  return /\.(json|jinja|txt|model|md)$/i.test(name) ? name : `onnx/${name}`;
}

/**
 * A name for files without a folder; an error where they are no model.
 * @param {string[]} paths
 */
function nameOf(paths) {
  const graph = paths.find((path) => path.endsWith(".onnx"));
  const config = paths.includes("genai_config.json") ? [] : ["config.json"];
  const wanted = [...config, "tokenizer.json"].filter((name) => !paths.includes(name));
  if (!graph) wanted.push("onnx/model.onnx");
  if (!wanted.length) return /** @type {string} */ (graph).slice("onnx/".length, -".onnx".length);
  throw new Error(
    `${paths.join(", ")}: this is not a whole model, ${wanted.join(" and ")} ` +
      `${wanted.length > 1 ? "are" : "is"} missing. Choose all files together, or their folder.`,
  );
}

/**
 * The folder's own name; numbered where another folder has it.
 * @param {string} name
 * @param {any} isSame
 */
async function freeName(name, isSame) {
  for (let count = 1; ; count += 1) {
    const candidate = count > 1 ? `${name} (${count})` : name;
    const record = await recall(candidate);
    if (!record || (await isSame(record))) return candidate;
  }
}

/** @param {any} options */
function chooseFiles(options) {
  const input = Object.assign(document.createElement("input"), { type: "file", ...options });
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new DOMException("Nothing was chosen.", "AbortError"));
    const chosen = () => [...input.files].map((file) => [file.webkitRelativePath || file.name, file]);
    input.onchange = () => (input.files.length ? resolve(chosen()) : giveUp());
    input.oncancel = giveUp;
    input.click();
  });
}

/** The files of a dropped entry, as [path, File].
 * @returns {Promise<[string, File][]>}
 * @param {any} entry
 */
async function filesOf(entry) {
  const called = (/** @type {any} */ target, /** @type {string} */ method) => new Promise((done, fail) => target[method](done, fail));
  if (entry.isFile) return [[entry.fullPath.slice(1), await called(entry, "file")]];
  const reader = entry.createReader();
  /** @type {[string, File][]} */
  const found = [];
  for (let some; (some = await called(reader, "readEntries")).length; ) {
    for (const inner of some) found.push(...(await filesOf(inner)));
  }
  return found;
}
