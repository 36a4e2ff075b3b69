/**
 * What the editor has besides writing: completion from intab's own docstrings, find, and Python's
 * word on the syntax. It comes after the page, since nobody needs it in the first second.
 */
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { lintKeymap, linter } from "@codemirror/lint";
import { search, searchKeymap } from "@codemirror/search";
import { EditorView, keymap } from "@codemirror/view";

/** @typedef {{label: string, type: string, detail: string, info: string}} Entry */
/** @typedef {Record<"intab" | "members" | "options", Entry[]>} Api tools/site/completions.py */
/** @typedef {{line: number, column: number, message: string}} Problem */

const IDLE = 700; // ms without a key before Python is asked
const CALLS = /\b(?:stream|generate|send|chat|controls|pipeline)\s*\($/;

const theme = EditorView.theme({
  ".cm-tooltip": { background: "var(--panel)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--selection)", color: "var(--ink)" },
  ".cm-completionInfo": { maxWidth: "26rem", whiteSpace: "pre-wrap", font: "0.85rem/1.45 system-ui, sans-serif" },
  ".cm-completionDetail": { color: "var(--soft)", fontStyle: "normal" },
  "[aria-selected] .cm-completionDetail": { color: "var(--ink)" },
  ".cm-panels": { background: "var(--panel)", color: "var(--ink)" },
  ".cm-panel.cm-search": { font: "0.9rem system-ui, sans-serif" },
  ".cm-panel.cm-search input, .cm-panel.cm-search button, .cm-panel.cm-search label": { fontSize: "0.85rem" },
  ".cm-textfield": { background: "var(--panel)", color: "var(--ink)", border: "1px solid var(--soft)" },
  ".cm-button": { background: "var(--ground)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-searchMatch": { background: "var(--selection)" },
  ".cm-diagnostic-error": { borderLeft: "4px solid var(--bad)" },
});

/**
 * `check(text)` gives Python's problems with it; `api` is the address of the entries.
 * @param {{check: (text: string) => Promise<Problem[]>, api: string}} given
 */
export function extras({ check, api }) {
  /** @type {Promise<Api> | undefined} */
  let loading;
  const load = () =>
    (loading ??= fetch(api)
      .then((answer) => answer.json())
      .catch(() => ((loading = undefined), { intab: [], members: [], options: [] })));
  return [
    autocompletion({ override: [async (context) => complete(context, await load())], icons: false }),
    search({ top: true }),
    linter(async (view) => problemsOf(view, await check(view.state.doc.toString())), { delay: IDLE }),
    keymap.of([...completionKeymap, ...searchKeymap, ...lintKeymap]),
    theme,
  ];
}

/**
 * @param {import("@codemirror/autocomplete").CompletionContext} context
 * @param {Api} api
 */
function complete(context, api) {
  const member = context.matchBefore(/(\w+)\.\w*$/);
  if (member) {
    const options = member.text.startsWith("intab.") ? api.intab : api.members;
    return { from: member.from + member.text.indexOf(".") + 1, options, validFor: /^\w*$/ };
  }
  const word = context.matchBefore(/\w+$/);
  if ((!word && !context.explicit) || !isInCall(context)) return null;
  return { from: word ? word.from : context.pos, options: api.options, validFor: /^\w*$/ };
}

/** Whether the place is an argument of a call that takes options. @param {any} context */
function isInCall({ state, pos }) {
  const before = state.sliceDoc(Math.max(0, pos - 2000), pos);
  let depth = 0;
  for (let at = before.length - 1; at >= 0; at -= 1) {
    if (")]}".includes(before[at])) depth += 1;
    else if ("([{".includes(before[at]) && (depth -= 1) < 0) return CALLS.test(before.slice(0, at + 1));
  }
  return false;
}

/**
 * @param {EditorView} view
 * @param {Problem[]} problems
 * @returns {import("@codemirror/lint").Diagnostic[]}
 */
function problemsOf({ state }, problems) {
  return problems.map(({ line, column, message }) => {
    const at = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
    const from = Math.min(at.from + Math.max(column - 1, 0), at.to);
    return { from, to: Math.min(from + 1, at.to), severity: "error", message };
  });
}
