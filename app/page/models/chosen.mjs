/** The model that was chosen: the chat's, and what programs find as MODEL. Kept for the next visit. */
const KEY = "intab.model";
const DEFAULT = "default";
let chosen = recall();

function recall() {
  try {
    return localStorage.getItem(KEY) || DEFAULT;
  } catch {
    return DEFAULT; // Storage may be refused.
  }
}

export function chosenModel() {
  return chosen;
}

/** @param {string} name as `intab.load` takes it */
export function chooseModel(name) {
  chosen = name;
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // As long as the page is open.
  }
}
