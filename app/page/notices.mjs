/**
 * Calm words about what went on by itself, e.g. that a model is not kept: one of a topic, each until
 * it is dismissed, by its button or Escape; the focus goes to the next one, else to what comes after.
 */
export class Notices {
  /**
   * @param {any} host
   * @param {HTMLElement} after
   */
  constructor(host, after) {
    this.host = host;
    this.after = after;
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
    dismiss.addEventListener("click", () => this.dismiss(notice));
    notice.addEventListener("keydown", ({ key }) => key === "Escape" && this.dismiss(notice));
    notice.append(text, dismiss);
    this.byTopic.set(topic, notice);
    this.host.append(notice);
  }

  /** @param {HTMLElement} notice */
  dismiss(notice) {
    const next = notice.nextElementSibling ?? notice.previousElementSibling;
    notice.remove();
    (next?.querySelector("button") ?? this.after).focus();
  }
}
