/** Python's word on a program's syntax, asked of the worker while nothing runs. */
const PATIENCE = 4000; // ms: a worker that is busy does not answer

export class Syntax {
  /** @param {any} link */
  constructor(link) {
    this.link = link;
    this.number = 0;
    /** @type {((problems: any[]) => void) | undefined} */
    this.answer = undefined;
    this.isReady = false;
  }

  /**
   * @param {string} source
   * @returns {Promise<any[]>}
   */
  check(source) {
    if (!this.isReady || this.link.running) return Promise.resolve([]);
    this.answer?.([]);
    this.number += 1;
    this.link.send({ kind: "check", number: this.number, source });
    return new Promise((answer) => {
      this.answer = answer;
      setTimeout(() => answer([]), PATIENCE);
    });
  }

  /** @param {any} event */
  onEvent({ kind, number, problems }) {
    if (kind === "checked" && number === this.number) this.answer?.(problems);
  }
}
