/** Starts the worker, as Transformers.js' guides do; it does the jobs. */
new Worker(new URL(`jobs.mjs${location.search}`, import.meta.url), { type: "module" });
