/**
 * Opens the Chat view, whose module comes while Python does. It is given what it shares with the
 * page's own module: if it imported that, the page would be two files, one after the other.
 */
import { pickFiles, pickFolder } from "../disk.mjs";
import { named } from "../elements.mjs";
import { chooseModel, chosenModel } from "../models/chosen.mjs";
import { confirmed } from "../panel.mjs";
import { metricsTexts, sizeText } from "../texts.mjs";

/** @param {any} hooks the page's functions: ask, stop, open, list, notify, preload */
export async function openChat({ preload, ...hooks }) {
  const { ChatView } = await import("./view.mjs");
  const shared = { named, confirmed, metricsTexts, sizeText, pickFolder, pickFiles, chosenModel };
  return new ChatView({
    ...hooks,
    ...shared,
    chooseModel: (/** @type {string} */ name) => {
      if (name === chosenModel()) return;
      chooseModel(name);
      preload(name);
    },
  });
}
