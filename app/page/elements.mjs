/**
 * The element that a selector finds, of the class that it must have: a page without it is no page of
 * this version.
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} kind
 * @param {ParentNode} [inside]
 * @returns {T}
 */
export function element(selector, kind, inside = document) {
  const found = inside.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${selector}: reload it`);
}

/**
 * The same by `data-testid`.
 * @template {Element} T
 * @param {string} name
 * @param {new () => T} kind
 * @returns {T}
 */
export function named(name, kind) {
  return element(`[data-testid="${name}"]`, kind);
}

/**
 * One button goes off and another on; the focus goes with it, or it would fall to the body.
 * @param {HTMLButtonElement} off
 * @param {HTMLButtonElement} on
 */
export function switchOver(off, on) {
  const hadFocus = document.activeElement === off;
  on.disabled = false;
  if (hadFocus) on.focus();
  off.disabled = true;
}
