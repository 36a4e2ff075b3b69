/** A canvas in the output to draw on by mouse, pen or finger. */

/**
 * @param {{prompt: string, width: number, height: number, ink: string, pen: number}} given
 * @param {(node: HTMLElement) => void} place
 * @returns {import("./taking.mjs").Giver}
 */
export function canvasOf({ prompt, width, height, ink, pen }, place) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const done = button("Done");
  const clear = button("Clear", "quiet");
  figure.className = "shown drawing";
  caption.textContent = prompt || "Draw a picture";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", caption.textContent);
  figure.append(caption, canvas, done, clear);
  const empty = () => {
    context.fillStyle = ink === "white" ? "black" : "white";
    context.fillRect(0, 0, width, height);
  };
  empty();
  Object.assign(context, { strokeStyle: ink, lineWidth: pen, lineCap: "round", lineJoin: "round" });
  follow(canvas, context);
  clear.addEventListener("click", empty);
  place(figure);
  return {
    next: () =>
      new Promise((resolve) => {
        const give = () => {
          done.disabled = clear.disabled = true;
          canvas.inert = true;
          resolve(createImageBitmap(canvas));
        };
        done.addEventListener("click", give, { once: true });
      }),
    close: () => done.disabled || figure.remove(), // what was drawn stays in the output
  };
}

/** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2D} context */
function follow(canvas, context) {
  /** @type {{x: number, y: number} | undefined} */
  let last;
  const placeOf = (/** @type {PointerEvent} */ { offsetX, offsetY }) => ({
    x: (offsetX * canvas.width) / canvas.clientWidth,
    y: (offsetY * canvas.height) / canvas.clientHeight,
  });
  const draw = (/** @type {PointerEvent} */ event) => {
    if (!last) return;
    const { x, y } = placeOf(event);
    context.beginPath();
    context.moveTo(last.x, last.y);
    context.lineTo(x, y);
    context.stroke();
    last = { x, y };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (canvas.inert) return;
    canvas.setPointerCapture(event.pointerId);
    last = placeOf(event);
    draw(event); // a dot
  });
  canvas.addEventListener("pointermove", draw);
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (last = undefined));
}

/** @param {string} textContent @param {string} [className] */
function button(textContent, className = "") {
  return Object.assign(document.createElement("button"), { type: "button", className, textContent });
}
