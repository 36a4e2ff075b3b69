/**
 * The program's editor: CodeMirror in a shadow root.
 *
 * A shadow root, because there CodeMirror adopts its style sheets, which a Content-Security-Policy
 * without 'unsafe-inline' allows; in the document it would insert <style> elements. Colours are the
 * page's custom properties, which reach into the shadow root.
 */
import {
  defaultKeymap,
  history,
  historyKeymap,
  indentWithTab,
  isolateHistory,
} from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import {
  HighlightStyle,
  bracketMatching,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { Prec } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

const theme = EditorView.theme({
  "&": { flex: "1", minWidth: "0", fontSize: "0.95rem", color: "var(--ink)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--ink)", padding: "0.7rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { background: "transparent", color: "var(--soft)", border: "0" },
  ".cm-activeLine": { background: "color-mix(in srgb, var(--line) 30%, transparent)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { background: "var(--selection)" },
});

const highlighting = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.self], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.definition(tags.variableName)],
    color: "var(--code-name)",
  },
]);

/** Make the editor inside `host`; `onChange(text)` on every edit, `onRun()` on Ctrl-Enter. */
export function createEditor(host, { text, onChange, onRun }) {
  const run = () => {
    onRun();
    return true;
  };
  const root = host.attachShadow({ mode: "open", delegatesFocus: true });
  const container = root.appendChild(document.createElement("div"));
  container.style.cssText = "display: flex; width: 100%; min-width: 0";
  host.style.minWidth = "0";
  const view = new EditorView({
    root,
    parent: container,
    doc: text,
    extensions: [
      Prec.highest(keymap.of([{ key: "Mod-Enter", run }, { key: "Ctrl-Enter", run }])),
      keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
      lineNumbers(),
      history(),
      drawSelection(),
      highlightActiveLine(),
      indentOnInput(),
      bracketMatching(),
      indentUnit.of("    "),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({
        "aria-label": "Python program. Escape, then Tab, leaves the editor.",
      }),
      python(),
      theme,
      syntaxHighlighting(highlighting),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onChange(view.state.doc.toString());
      }),
    ],
  });
  return {
    get text() {
      return view.state.doc.toString();
    },
    /** Replace the whole program; Ctrl-Z brings the old one back. */
    set text(value) {
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: value },
        annotations: isolateHistory.of("full"),
      });
    },
  };
}
