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

/** Start the site's own Pyodide and load intab; `options` are loadPyodide's (stdout, env ...). */
export async function startPython(options = {}) {
  const [{ loadPyodide }, worker] = await Promise.all([
    import(`${RUNTIME}pyodide/pyodide.mjs`),
    import(`${RUNTIME}intab/worker.mjs`),
  ]);
  const python = await loadPyodide(options);
  python.registerJsModule("intab_js", worker);
  await python.loadPackage("intab", { messageCallback: () => {} });
  return python;
}
