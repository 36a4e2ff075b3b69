// Lets unmodified PyScript 0.7.31 run in a worker under a policy without 'unsafe-eval'.
// Import it before anything that starts a worker; it also tells the worker of its page. PyScript builds functions from text in two ways:
//
// 1. The default worker hook travels as source and is evaluated on both sides. It only registers
//    what `pyscript.fs` needs (folders of the visitor's disk), which no page of ours uses.
// 2. `pyscript.context` makes `js_import` with `window.Function(TEXT)` in the same `try` that finds
//    `window` and `document`; refused, it takes these two away from the worker as well. So exactly
//    that TEXT is answered with the function it stands for; all else meets the policy.
import { PyWorker, hooks } from "../pyscript/core.js";

export { PyWorker };

const JS_IMPORT = "return (...urls) => Promise.all(urls.map((url) => import(url)))";

const makeImporter = () => (/** @type {string[]} */ ...urls) => Promise.all(urls.map((url) => import(url)));

hooks.worker.onBeforeRunAsync.clear();

// The worker itself is started from a blob and cannot know where its page is, nor what
// <meta name="intab-store" content="opfs"> asks for. JSON of texts is Python too.
const store = document.querySelector('meta[name="intab-store"]')?.getAttribute("content");
const facts = { INTAB_PAGE: document.baseURI, ...(store && { INTAB_STORE: store }) };
const tell = `import os\nos.environ.update(${JSON.stringify(facts)})`;
hooks.worker.codeBeforeRun.add(tell);
hooks.worker.codeBeforeRunAsync.add(tell);

globalThis.Function = new Proxy(globalThis.Function, {
  apply: (native, self, texts) =>
    texts.length === 1 && texts[0] === JS_IMPORT
      ? makeImporter
      : Reflect.apply(native, self, texts),
});
