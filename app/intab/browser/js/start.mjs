/**
 * Pyodide, as PyScript imports it; `start.mjs?model=NAME` asks for that model's files meanwhile. It
 * lies beside pyodide.mjs, since PyScript looks there for what belongs to the interpreter.
 */
import { begin } from "../intab/early.mjs";

export * from "./pyodide.mjs";

const model = new URL(import.meta.url).searchParams.get("model");
if (model) begin(model).catch(() => {}); // then it comes when Python asks for it
