/**
 * Pyodide with intab in it, for pages and workers that use no PyScript:
 *
 *   import { startPython } from "./intab/python.mjs";
 *   const python = await startPython();
 *   await python.runPythonAsync(`import intab ...`);
 *
 * A worker is the place for it: the thread that computes does nothing else.
 */
const RUNTIME = new URL("../{{runtime}}/", import.meta.url).href;

/** Start the site's own Pyodide and load intab; `options` are loadPyodide's (stdout, env ...), and
 * `model`, one of models/ or an address, whose files come while Python starts. */
export async function startPython({ model = "", ...options } = {}) {
  const [{ loadPyodide }, worker] = await Promise.all([
    import(`${RUNTIME}pyodide/start.mjs?model=${encodeURIComponent(model)}`),
    import(`${RUNTIME}intab/worker.mjs`),
  ]);
  const python = await loadPyodide(options);
  python.registerJsModule("intab_js", worker);
  await python.loadPackage("intab", { messageCallback: () => {} });
  return python;
}
