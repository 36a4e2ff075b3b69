/** Boxes and labels over a live view, in its own pixels. */

export class Overlay {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    this.element = document.createElement("canvas");
    this.element.setAttribute("aria-hidden", "true"); // the program may print what it found
  }

  /** @param {{words: string, box: {xmin: number, ymin: number, xmax: number, ymax: number} | null}[]} records */
  draw(records) {
    const { videoWidth: width, videoHeight: height } = this.video;
    const context = this.element.getContext("2d");
    if (!context || !width) return;
    Object.assign(this.element, { width, height }); // which empties it
    const size = Math.max(12, Math.round(height / 24));
    context.font = `${size}px system-ui, sans-serif`;
    context.lineWidth = size / 8;
    context.textBaseline = "top";
    records.forEach(({ words, box }, row) => {
      const [x, y] = box ? [box.xmin, box.ymin] : [size / 2, size / 2 + row * size * 1.4];
      context.strokeStyle = "#ffd166";
      if (box) context.strokeRect(x, y, box.xmax - x, box.ymax - y);
      context.fillStyle = "#000a";
      context.fillRect(x, y, context.measureText(words).width + size / 2, size * 1.3);
      context.fillStyle = "#fff";
      context.fillText(words, x + size / 4, y + size / 8);
    });
  }
}
