/**
 * The programs of the page's gallery, in its order. The first one is what a visitor sees first.
 * `id` is a name for ever: a visitor's edit of the program is kept under it.
 */
import chat from "./chat.py";
import continuation from "./continuation.py";
import list from "./list.py";
import logits from "./logits.py";
import temperatures from "./temperatures.py";

/** @type {{id: string, title: string, source: string}[]} */
export const EXAMPLES = [
  { id: "continuation", title: "Continue a story", source: continuation },
  { id: "chat", title: "Chat", source: chat },
  { id: "list", title: "Prompts from a list", source: list },
  { id: "logits", title: "Your own logits", source: logits },
  { id: "temperatures", title: "Temperatures", source: temperatures },
];
