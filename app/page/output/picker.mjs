/** Where the visitor chooses a picture: a file, one that is dropped, one that is pasted. */

/**
 * @param {{prompt: string}} given
 * @param {(node: HTMLElement) => void} place
 * @returns {import("./taking.mjs").Giver}
 */
export function pickerOf({ prompt }, place) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/*" });
  const words = document.createElement("span");
  label.className = "question picker";
  words.textContent = prompt || "Choose a picture, drop it here, or paste it";
  label.append(words, input);
  place(label);
  input.focus();
  const heard = new AbortController();
  const { signal } = heard;
  const close = () => {
    heard.abort();
    label.remove();
  };
  return {
    next: () =>
      new Promise((resolve) => {
        const take = (/** @type {FileList | null | undefined} */ files) => {
          const file = files?.[0];
          if (!file) return;
          close();
          resolve(file);
        };
        input.addEventListener("change", () => take(input.files), { signal });
        label.addEventListener("dragover", (event) => event.preventDefault(), { signal });
        label.addEventListener("drop", (event) => (event.preventDefault(), take(event.dataTransfer?.files)), { signal });
        document.addEventListener("paste", (event) => take(event.clipboardData?.files), { signal });
      }),
    close,
  };
}
