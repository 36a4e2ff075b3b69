/**
 * The names of what is kept of the site, one for each version of it. A version is the address of its
 * list of files, which carries a digest. Other sites of this origin have names of their own.
 */
export const prefixOf = (/** @type {string} */ scope) => `intab site ${new URL(scope).pathname} `;

/** The name of a version's cache; each page of that version holds a Web Lock of the same name. */
export const nameOf = (/** @type {string} */ scope, /** @type {string} */ list) =>
  prefixOf(scope) + new URL(list).href.slice(scope.length);
