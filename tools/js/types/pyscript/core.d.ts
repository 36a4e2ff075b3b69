/** PyScript as without_eval.mjs finds it in the site. */
export const PyWorker: Function;
export const hooks: { worker: Record<"onBeforeRunAsync" | "codeBeforeRun" | "codeBeforeRunAsync", Set<string>> };
