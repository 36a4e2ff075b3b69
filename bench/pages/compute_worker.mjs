/** Starts the worker that computes, as Transformers.js' guides do. */
new Worker(new URL("compute.mjs", import.meta.url), { type: "module" });
