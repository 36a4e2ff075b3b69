/**
 * The storage panel: which models are stored, how much room there is, whether the browser may throw
 * them away. The worker does what is asked for and answers with the list as it is then.
 */
import { pickArchive, pickTarget } from "./disk.mjs";
import { DiskList } from "./disk_list.mjs";
import { named } from "./elements.mjs";
import { onOneLine, sizeText, transferTexts } from "./texts.mjs";

const dialog = named("panel", HTMLDialogElement);
const room = named("room", HTMLElement);
const keeping = named("keeping", HTMLElement);
const keepButton = named("keep", HTMLButtonElement);
const list = named("stored", HTMLElement);
const message = named("panel-message", HTMLElement);
const progress = named("panel-progress", HTMLProgressElement);
const transfer = named("panel-transfer", HTMLElement);
const deleteAll = named("delete-all", HTMLButtonElement);
const token = named("token", HTMLInputElement);
/** @type {Record<string, string>} */
const DOING = {
  list: "",
  verify: "Reading every byte of it",
  delete: "Deleting",
  export: "Writing the file",
  import: "Reading the file",
};
/** @type {Record<string, string>} */
const STAGES = { ...DOING, check: "Checking the file", import: "Storing the model" };
const WAITING = "Python is starting: what is stored is shown as soon as it has.";

export class Panel {
  /**
   * `send(request)` sends to the worker.
   * @param {any} send
   */
  constructor(send) {
    this.send = send;
    this.connected = false;
    this.folders = new DiskList(named("folders", HTMLElement), (...words) => this.say(...words));
    named("open-panel", HTMLElement).addEventListener("click", () => this.open());
    named("close-panel", HTMLElement).addEventListener("click", () => dialog.close());
    keepButton.addEventListener("click", async () => this.showKeeping(await askToKeep()));
    named("import", HTMLElement).addEventListener("click", () => this.chosen(pickArchive(), "import", ""));
    named("open-folder", HTMLElement).addEventListener("click", () => this.folders.open());
    token.addEventListener("change", () => this.sendToken());
    confirmed(deleteAll, "Delete all models?", () => this.ask("delete", ""));
  }

  open() {
    dialog.showModal();
    this.folders.show();
    this.refresh();
  }

  /**
   * Whether there is a worker that answers.
   * @param {any} connected
   */
  connect(connected) {
    this.connected = connected;
    if (token.value) this.sendToken();
    if (dialog.open) this.refresh();
  }

  refresh() {
    if (this.connected) this.ask("list", "");
    else this.wait(WAITING);
  }

  /**
   * @param {string} action
   * @param {any} model
   * @param {string} [file]
   */
  ask(action, model, file = "") {
    this.wait(DOING[action]);
    this.send({ kind: "manage", action, model, file });
  }

  /**
   * Go on with the file that the visitor chooses, unless they change their mind.
   * @param {Promise<{name: string}>} picking
   * @param {string} action
   * @param {any} model
   */
  async chosen(picking, action, model) {
    try {
      this.ask(action, model, `disk:${(await picking).name}`);
    } catch (failure) {
      const error = /** @type {Error} */ (failure);
      if (error.name !== "AbortError") this.say(error.message, true);
    }
  }

  /** To the worker's memory; a new worker has to be told again. */
  sendToken() {
    if (this.connected) this.send({ kind: "token", token: token.value.trim() });
  }

  /** @param {string} text */
  wait(text) {
    this.say(text);
    this.hideProgress();
    this.setBusy(true);
  }

  /** @param {any} busy */
  setBusy(busy) {
    dialog.setAttribute("aria-busy", String(busy));
    // What is pressed goes off, and may go away: the focus waits where the answer will be.
    if (busy && document.activeElement?.matches("[data-acts]")) message.focus();
    for (const button of dialog.querySelectorAll("[data-acts]")) button.toggleAttribute("disabled", busy);
  }

  /**
   * @param {string} text
   * @param {boolean} [isError]
   */
  say(text, isError = false) {
    message.textContent = text;
    message.classList.toggle("failure", isError);
  }

  /**
   * How far the worker is.
   * @param {any} event
   */
  showProgress(event) {
    const text = STAGES[event.stage];
    if (message.textContent !== text) this.say(text); // a screen reader reads it again
    Object.assign(progress, { hidden: false, max: event.total, value: event.loaded });
    transfer.replaceChildren(...transferTexts(event).map(onOneLine));
  }

  hideProgress() {
    progress.hidden = true;
    transfer.replaceChildren();
  }

  /**
   * The worker's answer.
   * @param {{models: any, used: number, quota: number, persisted: boolean, done: any, error: string}} given
   */
  show({ models, used, quota, persisted, done, error }) {
    this.say(error || done, Boolean(error));
    this.hideProgress();
    room.textContent = roomText(used, quota);
    this.showKeeping(persisted);
    list.replaceChildren(...models.map((/** @type {any} */ model) => this.describe(model)));
    this.setBusy(false);
    deleteAll.hidden = models.length < 2;
  }

  /** @param {boolean} persisted */
  showKeeping(persisted) {
    keeping.textContent = persisted
      ? "They are kept until you delete them."
      : "The browser may delete these files when it runs out of room.";
    keepButton.hidden = persisted;
  }

  /** @param {any} model */
  describe(model) {
    const item = document.createElement("li");
    const text = document.createElement("div");
    const name = document.createElement("strong");
    const facts = document.createElement("p");
    name.textContent = model.name;
    facts.textContent = factsText(model);
    const verify = actButton(`Verify ${model.name}`, "Verify");
    const remove = actButton(`Delete ${model.name}`, "Delete");
    verify.addEventListener("click", () => this.ask("verify", model.address));
    const save = actButton(`Export ${model.name}`, "Export…");
    const fileName = `${model.name.split("/").at(-1)}.tar`;
    save.addEventListener("click", () => this.chosen(pickTarget(fileName), "export", model.address));
    confirmed(remove, `Delete ${sizeText(model.bytes)}?`, () => this.ask("delete", model.address));
    text.append(name, facts);
    item.append(text, verify, save, remove);
    return item;
  }
}

/** Ask the browser to keep what this site stores; some browsers ask the visitor then. */
export async function askToKeep() {
  return (await navigator.storage?.persist?.()) ?? false;
}

/**
 * @param {number} used
 * @param {number} quota
 */
function roomText(used, quota) {
  if (used === null || quota === null) return "";
  const offline = document.body.dataset.offline === "kept" ? ", and works without a network" : "";
  return `This site uses ${sizeText(used)} of the ${sizeText(quota)} that it may${offline}.`;
}

/** @param {{revision: any, bytes: number, complete: any, verified: any, last_used: any, loaded: number}} given */
function factsText({ revision, bytes, complete, verified, last_used: used, loaded }) {
  const parts = [sizeText(bytes), complete ? "complete" : "not complete yet"];
  if (verified) parts.push("verified");
  if (loaded) parts.push("loaded");
  if (revision) parts.push(`revision ${revision.slice(0, 12)}`);
  if (used) parts.push(`last used ${dateText(used)}`);
  return parts.join(" · ");
}

/** @param {number} seconds */
function dateText(seconds) {
  return new Date(seconds * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/**
 * @param {any} label
 * @param {string} textContent
 */
function actButton(label, textContent) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", textContent, ariaLabel: label });
  button.dataset.acts = "";
  return button;
}

/**
 * What cannot be undone takes a second press of the same button, which asks for it.
 * @param {any} button
 * @param {string} question
 * @param {() => void} act
 */
export function confirmed(button, question, act) {
  const { textContent, ariaLabel } = button;
  const reset = () => Object.assign(button, { textContent, ariaLabel });
  button.addEventListener("blur", reset);
  button.addEventListener("click", () => {
    if (button.textContent === question) {
      reset();
      act();
    } else Object.assign(button, { textContent: question, ariaLabel: question });
  });
}
