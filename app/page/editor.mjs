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
import { Compartment, EditorState, Prec } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

const theme = EditorView.theme({
  "&": {
    flex: "1 1 auto",
    minHeight: "0",
    fontSize: "0.95rem",
    color: "var(--ink)",
    borderRadius: "7px",
  },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", overflow: "auto" },
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

/**
 * Text typed over a selection. Chromium's own editing would join the lines with inline styles,
 * which the policy refuses with an error in the console.
 * @param {any} event
 * @param {any} view
 */
function replaceSelected(event, view) {
  if (event.inputType !== "insertText" || event.isComposing || !event.data) return false;
  // In a shadow root the event itself has no ranges; older browsers have none here either.
  const [range] = getSelection()?.getComposedRanges?.({ shadowRoots: [view.root] }) ?? [];
  if (!range || range.collapsed) return false;
  const from = view.posAtDOM(range.startContainer, range.startOffset);
  const to = view.posAtDOM(range.endContainer, range.endOffset);
  view.dispatch({
    changes: { from, to, insert: event.data },
    selection: { anchor: from + event.data.length },
    userEvent: "input.type",
    scrollIntoView: true,
  });
  return true;
}

/** @param {{onChange: any, onRun: any}} given */
function extensions({ onChange, onRun }) {
  const run = () => {
    onRun();
    return true;
  };
  return [
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
      tabindex: "0", // said, so that what looks for it knows that the scrolled text has the focus
      "aria-label": "Python program. Escape, then Tab, leaves the editor.",
    }),
    EditorView.domEventHandlers({ beforeinput: replaceSelected }),
    python(),
    later.of([]),
    theme,
    syntaxHighlighting(highlighting),
    EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged) onChange(state.doc.toString());
    }),
  ];
}

const later = new Compartment(); // editor_extras.mjs

/** The editor inside `host`; `onChange(text)` on every edit, `onRun()` on Ctrl-Enter. */
export class Editor {
  /**
   * @param {any} host
   * @param {any} handlers
   */
  constructor(host, handlers) {
    this.extensions = extensions(handlers);
    /** @type {any} */
    this.extras = [];
    this.states = new Map(); // of programs that were shown, with their undo history and selection
    this.host = host;
    const root = host.attachShadow({ mode: "open", delegatesFocus: true });
    this.view = new EditorView({ root, parent: root });
  }

  get text() {
    return this.view.state.doc.toString();
  }

  /**
   * Show the program `id`: as it was left, or `text` where it was not shown before.
   * @param {string} id
   * @param {string} text
   */
  show(id, text) {
    this.states.set(this.id, this.view.state);
    this.id = id;
    const fresh = () => EditorState.create({ doc: text, extensions: this.extensions });
    this.view.setState(this.states.get(id) ?? fresh());
    this.view.dispatch({ effects: later.reconfigure(this.extras) });
  }

  /** What came after the page. @param {any} extras */
  extend(extras) {
    this.extras = extras;
    this.view.dispatch({ effects: later.reconfigure(extras) });
    this.host.dataset.extended = ""; // for tests: from now on a key may open a list
  }

  focus() {
    this.view.focus();
  }

  /**
   * Put the cursor into a line, as far as there is one.
   * @param {number} number counted from 1
   */
  goTo(number) {
    const { doc } = this.view.state;
    const { from } = doc.line(Math.min(Math.max(number, 1), doc.lines));
    this.view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    this.view.focus();
  }

  /**
   * Replace the whole program; Ctrl-Z brings the old one back.
   * @param {string} text
   */
  replace(text) {
    this.view.dispatch({
      changes: { from: 0, to: this.view.state.doc.length, insert: text },
      annotations: isolateHistory.of("full"),
    });
  }
}
