/**
 * The Chat view: a box, a conversation, and the conversations of earlier visits. Each answer is
 * written by a Python program (program.mjs) that runs as those of the Program view do.
 *
 * What it needs of the page it is given (`page`), so that the page's own module need not be split.
 */
import { Chosen } from "../models/catalogue.mjs";
import { programOf } from "./program.mjs";
import { SavedChats } from "./saved.mjs";
import { newConversation } from "./store.mjs";
import { Turn, formatter } from "./turn.mjs";

const NO_TEMPLATE = "ChatTemplateError";
const PLACEHOLDERS = {
  story: "Begin a story, or say how it goes on",
  chat: "Ask something",
};

export class ChatView {
  /** @param {any} page */
  constructor(page) {
    this.page = page;
    const { named } = page;
    this.talk = named("talk", HTMLElement);
    this.box = named("said", HTMLTextAreaElement);
    this.sendButton = named("send", HTMLButtonElement);
    this.stopButton = named("chat-stop", HTMLButtonElement);
    this.system = named("system", HTMLTextAreaElement);
    this.models = new Chosen(page, () => this.showModel());
    /** @type {Turn[]} */
    this.shown = [];
    this.answering = false;
    /** @type {number | undefined} */
    this.edited = undefined; // the turn whose words are changed
    /** @type {any} */
    this.current = newConversation(page.chosenModel());
    this.saved = new SavedChats(page, (/** @type {any} */ conversation) => this.show(conversation));
    this.listen();
    this.showModel();
  }

  listen() {
    const { named } = this.page;
    this.sendButton.addEventListener("click", () => this.send());
    this.stopButton.addEventListener("click", () => this.page.stop());
    this.box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.onKey(event));
    this.box.addEventListener("input", () => this.drawButtons());
    this.system.addEventListener("change", () => this.setSystem());
    named("open-as-program", HTMLElement).addEventListener("click", () => this.page.open(this.source()));
  }

  get task() {
    return this.models.taskOf(this.current.model);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.key === "Escape" && this.edited) this.leaveEditing();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.send();
  }

  /** The chosen model is that of the conversation; what it is stands under its name. */
  showModel() {
    this.current.model = this.page.chosenModel();
    this.models.show();
    this.box.placeholder = PLACEHOLDERS[this.task];
    this.page.named("instructions", HTMLElement).hidden = this.task === "story";
    if (this.task === "chat") formatter(); // so that it is there when the answer comes
    this.drawTurns();
    this.drawButtons();
  }

  setSystem() {
    this.current.system = this.system.value.trim();
    if (this.current.turns.length) this.save();
  }

  /** @param {any} conversation another one, or a new one */
  show(conversation) {
    if (this.answering) this.page.stop();
    this.answering = false;
    this.leaveEditing();
    this.current = conversation ?? newConversation(this.page.chosenModel());
    this.system.value = this.current.system ?? "";
    this.page.chooseModel(this.current.model);
    this.showModel();
    this.box.focus();
  }

  send() {
    const text = this.box.value;
    if (this.sendButton.disabled) return;
    if (this.edited !== undefined) this.current.turns.length = this.edited;
    const goesOn = this.task === "story" && !text.trim();
    if (!goesOn) this.current.turns.push({ role: "user", text });
    this.box.value = "";
    this.leaveEditing();
    this.box.focus();
    this.answer();
  }

  source() {
    const { model, system, turns } = this.current;
    // Of a whole conversation the program that wrote its last answer.
    const last = turns.at(-1)?.role === "assistant" ? turns.slice(0, -1) : turns;
    const asked = last.length ? last : [{ role: "user", text: this.box.value || this.models.starters(model)[0] }];
    return programOf({ model, task: this.task, system, turns: asked });
  }

  answer() {
    const turn = { role: "assistant", text: "" };
    const { current } = this;
    const source = programOf({ ...current, task: this.task });
    current.turns.push(turn);
    this.drawTurns();
    this.talk.scrollTop = this.talk.scrollHeight;
    this.answering = true;
    this.save();
    this.page.ask(source, this.listener(current, turn));
    this.drawButtons();
  }

  /**
   * What hears of the program that writes an answer.
   * @param {any} conversation
   * @param {any} turn
   */
  listener(conversation, turn) {
    const shown = () => this.shown.find((one) => one.turn === turn);
    return {
      output: (/** @type {string} */ text, /** @type {string} */ stream) => {
        if (stream !== "stdout") return;
        turn.text += text;
        shown()?.schedule();
      },
      measured: (/** @type {any} */ figures) => {
        turn.figures = figures;
      },
      finished: (/** @type {any} */ event) => {
        this.answering = false;
        Object.assign(turn, { done: true, stopped: event.outcome === "stopped" });
        if (event.outcome === "error") this.fail(conversation, turn, event);
        shown()?.schedule();
        this.save(conversation);
        this.announce(turn);
      },
    };
  }

  /**
   * @param {any} conversation
   * @param {any} turn
   * @param {{error_type: string, message: string, traceback: string}} event
   */
  fail(conversation, turn, { error_type: type, message, traceback }) {
    if (type !== NO_TEMPLATE || this.models.isStory(conversation.model)) {
      turn.error = { message, detail: traceback };
      return;
    }
    // It was trained to go on with a text, not to answer: so that is what it does here.
    this.models.makeStory(conversation.model);
    conversation.turns.pop();
    if (conversation !== this.current) return;
    this.showModel();
    queueMicrotask(() => this.answer());
  }

  /** @param {any} turn a screen reader hears the whole answer once, and no half words before */
  announce(turn) {
    const { text, error } = turn;
    this.page.named("chat-said", HTMLElement).textContent = error ? "" : text.slice(0, 2000);
  }

  save(conversation = this.current) {
    conversation.changed = Date.now();
    this.saved.keep(conversation, conversation === this.current);
  }

  drawTurns() {
    const isPlain = this.task === "story";
    const { turns } = this.current;
    this.shown = turns.map(
      (/** @type {any} */ turn, /** @type {number} */ i) =>
        this.shown.find((one) => one.turn === turn && one.isPlain === (isPlain || turn.role === "user")) ??
        this.makeTurn(turn, i, isPlain),
    );
    if (turns.length) this.talk.replaceChildren(...this.shown.map(({ element }) => element));
    else this.talk.replaceChildren(this.models.welcome(this.current.model, (text) => this.begin(text)));
  }

  /**
   * @param {any} turn
   * @param {number} i
   * @param {boolean} isPlain
   */
  makeTurn(turn, i, isPlain) {
    /** @type {Record<string, () => void>} */
    const acts = turn.role === "user" ? { Edit: () => this.edit(i) } : { Copy: () => this.copy(turn), Again: () => this.again(i) };
    const figuresOf = this.page.metricsTexts;
    const made = new Turn(turn, { isPlain, acts, figuresOf });
    made.onDrawn = () => this.follow();
    return made;
  }

  /** Stay at the end of an answer that grows, unless the visitor has scrolled up. */
  follow() {
    const { talk } = this;
    const isNear = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 160;
    if (this.answering && isNear) talk.scrollTop = talk.scrollHeight;
  }

  /** @param {string} text a starter, which is sent at once */
  begin(text) {
    this.box.value = text;
    this.drawButtons();
    this.send();
  }

  /** @param {number} i of the turn whose words are changed; what comes after it goes when it is sent */
  edit(i) {
    if (this.answering) return;
    this.edited = i;
    this.box.value = this.current.turns[i].text;
    this.page.named("editing", HTMLElement).hidden = false;
    this.drawButtons();
    this.box.focus();
  }

  leaveEditing() {
    if (this.edited !== undefined) this.box.value = "";
    this.edited = undefined;
    this.page.named("editing", HTMLElement).hidden = true;
    this.drawButtons();
  }

  /** @param {number} i of an answer, which is written once more, and with it goes what came after */
  again(i) {
    if (this.answering || this.busy) return;
    this.current.turns.length = i;
    this.answer();
  }

  /** @param {any} turn */
  async copy({ text }) {
    try {
      await navigator.clipboard.writeText(text);
      this.page.notify("copied", "Copied.");
    } catch {
      this.page.notify("copied", "The browser did not allow that: select the text and copy it.");
    }
  }

  /**
   * @param {string} state of the page
   * @param {boolean} busy
   */
  setState(state, busy) {
    this.busy = busy || state === "missing";
    this.drawButtons();
  }

  drawButtons() {
    const goesOn = this.task === "story" && this.current.turns.length > 0;
    const isEmpty = !this.box.value.trim();
    const stops = Boolean(this.busy);
    // Focus never falls to the body when its button goes off.
    if (document.activeElement === (stops ? this.sendButton : this.stopButton)) this.box.focus();
    this.sendButton.textContent = goesOn && isEmpty ? "Go on" : "Send";
    this.sendButton.disabled = stops || (isEmpty && !goesOn);
    this.stopButton.disabled = !stops;
  }

  /** @param {any} event what is stored, by the worker */
  showStored(event) {
    this.models.showStored(event);
  }
}
