/**
 * The worker's JavaScript at an address that stays, for Pythons that this site did not start: what
 * `await intab.setup(base=...)` imports, and what a page registers as the JavaScript module `intab_js`.
 */
// @ts-ignore: the name of the folder is filled in when the site is made
export * from "../{{runtime}}/intab/worker.mjs";

/** Of intab: Python and JavaScript must be of one version. */
export const version = "{{version}}";
