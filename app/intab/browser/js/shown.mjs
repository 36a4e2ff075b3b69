/**
 * What a program shows and asks: bytes that go to the page by transfer, and standing still until it
 * has answered.
 *
 * The shared memory for answers: [0] is 1 once there is one, [1] its length in bytes, then the text.
 */
const LOOK_EVERY = 100; // ms: whether the program was stopped meanwhile
/** @type {Int32Array | undefined} */
let interrupted;
/** @type {Int32Array | undefined} */
let answer;

/**
 * @param {SharedArrayBuffer | undefined} interrupt
 * @param {SharedArrayBuffer | undefined} memory for answers
 */
export function shareAnswers(interrupt, memory) {
  interrupted = interrupt && new Int32Array(interrupt);
  answer = memory && new Int32Array(memory);
}

/**
 * @param {string} text the event
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export function postData(text, bytes) {
  postMessage({ event: text, bytes: bytes.buffer }, [bytes.buffer]);
}

/** Whether Python can stand still for an answer. */
export const canWait = () => answer !== undefined;

/** The page's answer; undefined, which is None in Python (null is not), if the program is stopped. */
export function waitForAnswer() {
  if (!answer || !interrupted) return undefined;
  while (Atomics.wait(answer, 0, 0, LOOK_EVERY) === "timed-out") {
    if (Atomics.exchange(interrupted, 0, 0)) return undefined;
  }
  const bytes = new Uint8Array(answer.buffer, 8, answer[1]).slice(); // no decoder reads shared memory
  Atomics.store(answer, 0, 0);
  return new TextDecoder().decode(bytes);
}
