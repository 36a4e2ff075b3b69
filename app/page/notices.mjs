/**
 * Calm words about what went on by itself, e.g. that a model is not kept: one of a topic, each until
 * it is dismissed.
 */
export class Notices {
  /** @param {any} host */
  constructor(host) {
    this.host = host;
    this.byTopic = new Map();
  }

  /**
   * @param {any} topic
   * @param {string} text
   */
  show(topic, text) {
    this.byTopic.get(topic)?.remove();
    const notice = document.createElement("p");
    const dismiss = document.createElement("button");
    Object.assign(dismiss, { type: "button", className: "quiet", textContent: "Dismiss" });
    dismiss.addEventListener("click", () => notice.remove());
    notice.append(text, dismiss);
    this.byTopic.set(topic, notice);
    this.host.append(notice);
  }
}
