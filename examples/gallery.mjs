/**
 * The programs of the page's gallery, by what one wants to do, in its order. The first one is what a
 * visitor sees first. `id` is a name for ever: a visitor's edit of the program is kept under it. What
 * a program is stands in its first line. `sign` is for those whose picture would need a model of the hub.
 */
import album from "./album.py";
import ask from "./ask.py";
import beams from "./beams.py";
import boxes from "./boxes.py";
import branches from "./branches.py";
import calculator from "./calculator.py";
import camera from "./camera.py";
import chat from "./chat.py";
import choices from "./choices.py";
import compare from "./compare.py";
import continuation from "./continuation.py";
import controls from "./controls.py";
import cutout from "./cutout.py";
import digit from "./digit.py";
import draw from "./draw.py";
import endings from "./endings.py";
import feeling from "./feeling.py";
import form from "./form.py";
import list from "./list.py";
import logits from "./logits.py";
import mood from "./mood.py";
import names from "./names.py";
import probabilities from "./probabilities.py";
import search from "./search.py";
import sound from "./sound.py";
import speech from "./speech.py";
import sureness from "./sureness.py";
import surprise from "./surprise.py";
import temperatures from "./temperatures.py";
import timing from "./timing.py";
import together from "./together.py";
import tokenizer from "./tokenizer.py";
import translate from "./translate.py";

/** @typedef {{id: string, title: string, source: string, sign?: string}} Example */

/** @type {[string, Example[]][]} */
export const GALLERY = [
  [
    "Write",
    [
      { id: "continuation", title: "Continue a story", source: continuation },
      { id: "controls", title: "Sliders", source: controls },
      { id: "together", title: "Write together", source: together },
      { id: "endings", title: "Four endings", source: endings },
      { id: "translate", title: "English to German", source: translate, sign: "en → de" },
      { id: "list", title: "Prompts from a list", source: list },
      { id: "temperatures", title: "Temperatures", source: temperatures },
    ],
  ],
  [
    "Talk",
    [
      { id: "chat", title: "Chat", source: chat },
      { id: "branches", title: "A chat that branches", source: branches },
      { id: "ask", title: "Short answers", source: ask, sign: "? → !" },
      { id: "calculator", title: "A calculator as its tool", source: calculator, sign: "437 × 86" },
    ],
  ],
  [
    "Read",
    [
      { id: "surprise", title: "What surprises it", source: surprise },
      { id: "mood", title: "Happy or sad?", source: mood },
      { id: "choices", title: "One of three words", source: choices },
      { id: "search", title: "Search by meaning", source: search, sign: "a ≈ b" },
      { id: "names", title: "Names in a text", source: names, sign: "[Ada]" },
      { id: "feeling", title: "Good or bad?", source: feeling, sign: ":-) :-(" },
      { id: "form", title: "A form filled in", source: form, sign: "[x] [ ]" },
    ],
  ],
  [
    "See and hear",
    [
      { id: "draw", title: "Draw an emoji", source: draw },
      { id: "digit", title: "A digit drawn by hand", source: digit },
      { id: "boxes", title: "Things in a picture", source: boxes, sign: "[cat]" },
      { id: "camera", title: "Things before the camera", source: camera, sign: "( o )" },
      { id: "cutout", title: "Without the background", source: cutout, sign: "- 8< -" },
      { id: "album", title: "Pictures by words", source: album, sign: "“sea”?" },
      { id: "speech", title: "Write down speech", source: speech, sign: "“Hello”" },
      { id: "sureness", title: "A picture of its choices", source: sureness },
      { id: "timing", title: "A plot of its speed", source: timing },
      { id: "sound", title: "Hear how sure it is", source: sound },
    ],
  ],
  [
    "Look inside",
    [
      { id: "probabilities", title: "Token probabilities", source: probabilities },
      { id: "tokenizer", title: "Tokenizer explorer", source: tokenizer },
      { id: "beams", title: "Beam search", source: beams },
      { id: "logits", title: "Your own logits", source: logits },
      { id: "compare", title: "Two models compared", source: compare },
    ],
  ],
];

export const EXAMPLES = GALLERY.flatMap(([, examples]) => examples);
