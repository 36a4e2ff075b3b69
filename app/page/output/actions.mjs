/** Copy and Download of the whole output, beside its heading. */
import { named } from "../elements.mjs";
import { save } from "./save.mjs";

/**
 * @param {any} output
 * @param {(text: string) => void} say
 */
export function addActions(output, say) {
  named("copy-output", HTMLButtonElement).addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(output.text);
      say("The output is copied.");
    } catch {
      say("This browser does not let the page copy: select the output and press Ctrl-C.");
    }
  });
  named("download-output", HTMLButtonElement).addEventListener("click", () => save("output.txt", output.text));
}
