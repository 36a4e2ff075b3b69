/** As start.mjs finds it in the site. */
export * from "../../../../app/intab/browser/js/early.mjs";
