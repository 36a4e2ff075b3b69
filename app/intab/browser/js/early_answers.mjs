/**
 * What the worker's bundle takes of early.mjs, which itself stays outside it, under an address of its
 * own: the page's thread or a worker has started it before.
 */
export { asking, take, takeCompiled } from "./early.mjs";
