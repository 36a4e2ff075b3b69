/**
 * A program in a link: `#code=` and the base64url of {title, code} as JSON, deflated. The part
 * behind # goes to no server.
 */
const NAME = "#code=";
const MOST = 1_000_000; // characters of a program: a small link may unfold to gigabytes

/**
 * The link that shares a program.
 * @param {string} title
 * @param {string} code
 */
export async function linkOf(title, code) {
  const stream = new Blob([JSON.stringify({ title, code })]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  const packed = btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${location.origin}${location.pathname}${NAME}${packed}`;
}

/**
 * What the page's address brings: nothing, a program, or the word that it is damaged.
 * @param {string} hash
 * @returns {Promise<{title: string, code: string} | {error: string} | null>}
 */
export async function sharedBy(hash) {
  if (!hash.startsWith(NAME)) return null;
  try {
    const { title, code } = JSON.parse(await unpack(hash.slice(NAME.length)));
    if (typeof title !== "string" || typeof code !== "string") throw new TypeError("no program");
    return { title: title.slice(0, 60) || "Shared program", code };
  } catch {
    return { error: "The link to this program is damaged: a part of it is missing or changed. Ask for it again." };
  }
}

/** @param {string} packed */
async function unpack(packed) {
  const text = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.pipeThrough(new TextDecoderStream("utf-8", { fatal: true })).getReader();
  let found = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    found += part.value;
    if (found.length > MOST) throw new RangeError("too long");
  }
  return found;
}
