/** The models that the page offers (app/models.json), and what is known of the chosen one. */
import MODELS from "../../models.json";

const OF_OTHERS = { is: "A model that you named.", task: "chat", bytes: 0, licence: "" };
const STARTERS = [
  "Tell me a short story about a lighthouse.",
  "Explain in two sentences why the sky is blue.",
  "Give me three ideas for a rainy afternoon.",
];

/**
 * What is known of a model.
 * @param {string} id
 * @returns {any}
 */
export function factsOf(id) {
  return MODELS.find((model) => model.id === id) ?? { ...OF_OTHERS, id, title: id };
}

export class Chosen {
  /**
   * `onChosen()` hears of another choice.
   * @param {any} page
   * @param {() => void} onChosen
   */
  constructor(page, onChosen) {
    this.page = page;
    this.onChosen = onChosen;
    this.stories = new Set(); // models that were found to have no chat template
    /** @type {any} */
    this.stored = undefined;
    /** @type {any} */
    this.menu = undefined;
    page.named("choose-model", HTMLElement).addEventListener("click", () => this.open());
  }

  /**
   * @param {string} id
   * @returns {"story" | "chat"}
   */
  taskOf(id) {
    return this.isStory(id) ? "story" : "chat";
  }

  /** @param {string} id */
  isStory(id) {
    return this.stories.has(id) || factsOf(id).task === "story";
  }

  /** @param {string} id */
  makeStory(id) {
    this.stories.add(id);
  }

  /** @param {string} id */
  starters(id) {
    return factsOf(id).starters ?? STARTERS;
  }

  /** In the page: what the chosen model is called, and what it is. */
  show() {
    const id = this.page.chosenModel();
    const { title, is } = factsOf(id);
    const more = this.stories.has(id) ? " It has no chat template: it goes on with your text." : "";
    this.page.named("choose-model", HTMLElement).textContent = `Model: ${title}`;
    this.page.named("model-is", HTMLElement).textContent = `${is}${more}`;
  }

  /**
   * What stands in an empty conversation.
   * @param {string} id
   * @param {(text: string) => void} begin
   */
  welcome(id, begin) {
    const host = document.createElement("div");
    host.className = "welcome";
    const isStory = this.isStory(id);
    const words = document.createElement("p");
    words.textContent = isStory ? "Begin a story, and the model goes on with it:" : "Ask something, for example:";
    host.append(words);
    for (const starter of isStory && !factsOf(id).starters ? factsOf("default").starters : this.starters(id)) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: starter });
      button.addEventListener("click", () => begin(starter));
      host.append(button);
    }
    return host;
  }

  async open() {
    const { Menu } = await import("./menu.mjs");
    this.menu ??= new Menu(this.page, MODELS, (/** @type {string} */ id) => this.choose(id));
    this.menu.open(this.stored);
    this.page.list();
  }

  /** @param {string} id */
  choose(id) {
    this.page.chooseModel(id);
    this.onChosen();
  }

  /** @param {any} event */
  showStored(event) {
    this.stored = event;
    this.menu?.showStored(event);
  }
}
