/**
 * Memory that is used again. A camera's frames take megabytes each, many times a second: left to the
 * browser's collector, hundreds of megabytes of them lie about, and new memory is slow to be had.
 */
const MOST = 4; // what a loop over frames has at one time

/** @type {ArrayBuffer[]} */
const spare = [];

/** Memory of that size, with whatever is in it. @param {number} size bytes @returns {ArrayBuffer} */
export function borrow(size) {
  const place = spare.findIndex(({ byteLength }) => byteLength === size);
  return place < 0 ? new ArrayBuffer(size) : spare.splice(place, 1)[0];
}

/** Nobody reads it any more. @param {ArrayBuffer} buffer */
export function giveBack(buffer) {
  spare.push(buffer);
  if (spare.length > MOST) spare.shift();
}
