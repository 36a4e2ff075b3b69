/**
 * The gallery's programs and the visitor's edits of them, kept in localStorage per example, so that
 * neither a reload nor a look at another example loses work.
 */
import chat from "../examples/chat.py";
import continuation from "../examples/continuation.py";
import list from "../examples/list.py";
import logits from "../examples/logits.py";
import temperatures from "../examples/temperatures.py";

export const EXAMPLES = [
  { id: "continuation", title: "Continue a story", source: continuation },
  { id: "chat", title: "Chat", source: chat },
  { id: "list", title: "Prompts from a list", source: list },
  { id: "logits", title: "Your own logits", source: logits },
  { id: "temperatures", title: "Temperatures", source: temperatures },
];
const KEY = "intab.programs";

/** Storage may be refused (private windows, settings): then edits live as long as the page. */
function readSaved() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

export class Programs {
  constructor() {
    const saved = readSaved();
    this.edits = saved.edits ?? {};
    this.current = EXAMPLES.find(({ id }) => id === saved.current) ?? EXAMPLES[0];
  }

  /** The current program: the visitor's edit of the example, or the example. */
  get text() {
    return this.edits[this.current.id] ?? this.current.source;
  }

  edit(text) {
    if (text === this.current.source) delete this.edits[this.current.id];
    else this.edits[this.current.id] = text;
    this.save();
  }

  choose(id) {
    this.current = EXAMPLES.find((example) => example.id === id);
    this.save();
  }

  save() {
    try {
      localStorage.setItem(KEY, JSON.stringify({ current: this.current.id, edits: this.edits }));
    } catch {
      // Nothing to do: the page still holds the edits.
    }
  }
}
