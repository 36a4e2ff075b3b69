/**
 * HTML that a program shows: in a frame without scripts, which loads nothing.
 *
 * What holds is the sandbox, which has no allow-scripts, and the frame's own policy on top of the
 * page's. The rest is looks: the page's policy refuses inline styles in a frame's text, so they are
 * put in by hand afterwards, as adopted style sheets. The page may reach into the frame for that
 * (allow-same-origin); nothing in it can reach out, since nothing in it runs.
 */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
// They load, lead away or run, which the policies refuse with an error in the console; some, such
// as <link rel=preconnect>, no policy covers. Their names are made others.
const NEVER = /<(\/?)(link|meta|base|i?frame|frameset|object|embed|script|portal|fencedframe|form)\b/gi;
const LOOKS = `
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
  body { margin: 0; overflow-wrap: anywhere; }
  table { border-collapse: collapse; }
  th, td { padding: 0.2em 0.7em; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); text-align: left; }`;
const TALLEST = 480; // CSS pixels: more is scrolled

/**
 * @param {string} html
 * @returns {HTMLIFrameElement}
 */
export function frameOf(html) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-same-origin");
  frame.setAttribute("referrerpolicy", "no-referrer");
  frame.title = "HTML that the program shows";
  frame.srcdoc = `<!doctype html><html lang="en"><head><meta http-equiv="Content-Security-Policy" content="${POLICY}"><title>Shown</title></head><body>${tamed(html)}</body></html>`;
  frame.addEventListener("load", () => dress(frame));
  return frame;
}

/** @param {string} html */
function tamed(html) {
  return html
    .replace(NEVER, "<$1x-$2")
    .replace(/@import\b|\burl\((?!\s*["']?data:)/gi, "x-$&")
    .replace(/<style\b/gi, "<template data-css")
    .replace(/<\/style\b/gi, "</template")
    .replace(/<[a-z][^>]*>/gi, (tag) =>
      tag
        .replace(/([\s"'/])(style|srcset|background|ping|target|on\w+)(\s*=)/gi, "$1data-$2$3")
        .replace(/([\s"'/])((?:src|href|[\w-]+:href)\s*=\s*["']?(?![\s"'#]|data:image\/))/gi, "$1data-$2"),
    );
}

/** @param {HTMLIFrameElement} frame */
function dress(frame) {
  const inside = /** @type {any} */ (frame.contentWindow);
  const { document: shown } = inside;
  const texts = [...shown.querySelectorAll("template[data-css]")].map(({ content }) => content.textContent);
  shown.adoptedStyleSheets = [LOOKS, ...texts].map((text) => {
    const sheet = new inside.CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
  for (const element of shown.querySelectorAll("[data-style]")) {
    element.style.cssText = element.dataset.style;
  }
  const fit = () => (frame.height = String(Math.min(shown.documentElement.offsetHeight + 4, TALLEST)));
  new inside.ResizeObserver(fit).observe(shown.body);
  fit();
}
