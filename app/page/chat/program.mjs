/**
 * The Python that drives the chat: a program of its own for each answer, run as any other. What
 * "Open as program" shows is what was run, to the letter.
 */

const HEAD = `# This program writes the chat's next answer. Change it, press Run.
import intab
`;

/**
 * @param {{model: string, task: string, system: string, turns: {role: string, text: string}[]}} given
 *   the turns up to the question
 */
export function programOf({ model, task, system, turns }) {
  const load = `model = await intab.load(${literal(model)})\n`;
  if (task === "story") return `${HEAD}\n${load}\n${storyPart(textOf(turns))}`;
  return `${HEAD}\n${load}\n${chatPart(system, turns)}`;
}

/** @param {string} text */
function storyPart(text) {
  return `# The text so far; the model goes on with it.
text = ${literal(text, "")}

async for chunk in model.stream(
    text,
    max_new_tokens=120,
    temperature=0.7,
    repetition_penalty=1.1,
    truncation=True,
):
    print(chunk, end="")
`;
}

/**
 * @param {string} system
 * @param {{role: string, text: string}[]} turns
 */
function chatPart(system, turns) {
  const messages = turns.map(({ role, text }) => ({ role, text }));
  if (system) messages.unshift({ role: "system", text: system });
  const lines = messages.map(
    ({ role, text }) => `    {"role": "${role}", "content": ${literal(text, "        ")}},\n`,
  );
  return `messages = [
${lines.join("")}]

# The model keeps this chat from run to run: what has been computed is not computed again.
options = {"max_new_tokens": 512, "truncation": True}
chat = vars(model).setdefault("page_chat", model.chat(**options))
chat.messages = messages
async for chunk in chat.stream():
    print(chunk, end="")
`;
}

/**
 * All that a story consists of by now.
 * @param {{text: string}[]} turns
 */
export function textOf(turns) {
  let all = "";
  for (const { text } of turns) {
    all += all && text && !/\s$/.test(all) && /^\p{L}/u.test(text) ? ` ${text}` : text;
  }
  return all;
}

/**
 * A text as Python writes it, several lines as several literals.
 * @param {string} text
 * @param {string} [indent] of the lines, which stand in brackets then
 */
export function literal(text, indent) {
  const lines = text.toWellFormed().match(/[^\n]*\n|[^\n]+$/g) ?? [""];
  const parts = lines.map((line) => JSON.stringify(line));
  if (indent === undefined || parts.length === 1) return parts.join(" ");
  return `(\n${parts.map((part) => `${indent}    ${part}\n`).join("")}${indent})`;
}
