/** What a model thinks before it answers, between <think> and </think>, and what it answers. */

const OPEN = "<think>";
const CLOSE = "</think>";

/**
 * A template may have opened the thoughts in the prompt: then the answer has their end alone.
 * @param {string} text as far as it has come
 * @returns {{thoughts: string, answer: string, thinking: boolean}}
 */
export function split(text) {
  const end = text.indexOf(CLOSE);
  const opened = text.trimStart().startsWith(OPEN);
  const from = opened ? text.indexOf(OPEN) + OPEN.length : 0;
  if (end < 0 && !opened) return { thoughts: "", answer: text, thinking: false };
  if (end < 0) return { thoughts: text.slice(from).trim(), answer: "", thinking: true };
  const answer = text.slice(end + CLOSE.length).trimStart();
  return { thoughts: text.slice(from, end).trim(), answer, thinking: false };
}
