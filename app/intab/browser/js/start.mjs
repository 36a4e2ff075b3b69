/**
 * Pyodide, as PyScript imports it; `start.mjs?model=NAME` asks for that model's files meanwhile, and
 * `start.mjs?model=NAME#CHANNEL` tells what is there (arrivals.mjs). It
 * lies beside pyodide.mjs, since PyScript looks there for what belongs to the interpreter.
 */
import { begin } from "../intab/early.mjs";
import { loadPyodide as load } from "./pyodide.mjs";
import { tellArrivals } from "./arrivals.mjs";
import { forget, keptSnapshot, makerOf, renew, startsAlike } from "./snapshot.mjs";

export * from "./pyodide.mjs";

const ADDRESS = new URL("python.snapshot", import.meta.url).href;
const MODULE = new URL("pyodide.asm.mjs", import.meta.url).href;

const { searchParams, hash } = new URL(import.meta.url);
const told = hash ? tellArrivals(hash.slice(1)) : undefined;
const model = searchParams.get("model");
if (model) begin(model, told).catch(() => {}); // then it comes when Python asks for it

/**
 * Pyodide's, which takes what it did at an earlier visit from what is kept of the site.
 * @param {Record<string, any>} options
 */
export async function loadPyodide(options = {}) {
  const snapshot = startsAlike(options) && (await keptSnapshot(ADDRESS, SNAPSHOT));
  if (!snapshot) return load(options);
  try {
    // A copy: Pyodide writes into its options, and would refuse them the second time.
    const createPyodideModule = makerOf(MODULE);
    const python = await load({ ...options, createPyodideModule, _loadSnapshot: snapshot });
    renew(python);
    return python;
  } catch {
    await forget(ADDRESS);
    return load(options);
  }
}
