/** As start.mjs finds it in the site. */
export * from "pyodide";
