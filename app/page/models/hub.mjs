/** What the hub says of a model before it is downloaded: one question, of the page's own thread. */

const HUB = "https://huggingface.co";
const GRAPH = /(?:^|\/)(?:decoder_)?model(?:_merged)?(?:_(q4f16|q4|quantized|int8|uint8|fp16|bnb4))?\.onnx(?:_data.*)?$/;
const TEXTS = new Set(["text-generation", "image-text-to-text", "any-to-any", "text2text-generation"]);
const DTYPES = { quantized: "q8" };

/**
 * @param {string} name owner/name, and perhaps @revision
 * @param {(bytes: number) => string} sizeText
 * @returns {Promise<{model?: any, error?: string}>}
 */
export async function lookUp(name, sizeText) {
  const [id, revision = "main"] = name.split("@");
  let answer;
  try {
    answer = await fetch(`${HUB}/api/models/${id}/revision/${revision}?blobs=true`);
  } catch {
    return { error: "The hub cannot be reached: without a network only stored models can be used." };
  }
  if (answer.status === 401 || answer.status === 404) {
    return { error: `The hub has no model ${name}, or it is private: check its name, or type your access token under Stored models.` };
  }
  if (!answer.ok) return { error: `The hub answered with status ${answer.status}: try again later.` };
  return describe(name, await answer.json(), sizeText);
}

/**
 * @param {string} name
 * @param {any} facts
 * @param {(bytes: number) => string} sizeText
 */
export function describe(name, facts, sizeText) {
  const sizes = sizesOf(facts.siblings ?? []);
  if (!sizes.size) return { error: `${name} has no ONNX files, which is what runs here: look for an export of it, such as those of onnx-community.` };
  if (facts.pipeline_tag && !TEXTS.has(facts.pipeline_tag)) {
    return { error: `${name} is for ${facts.pipeline_tag.replaceAll("-", " ")}, not for text: a program can use it, by intab.pipeline.` };
  }
  const licence = facts.cardData?.license ?? "not said";
  const parts = [...sizes].map(([dtype, bytes]) => `${dtype} ${sizeText(bytes)}`);
  const is = facts.gated ? "Gated: it wants an access token, under Stored models." : "A model of the hub.";
  return { model: { id: name, title: name, is, licence, bytes: Math.min(...sizes.values()), sizes: parts.join(", ") } };
}

/**
 * Bytes of each dtype's files.
 * @param {{rfilename: string, size: number}[]} files
 * @returns {Map<string, number>}
 */
function sizesOf(files) {
  /** @type {Map<string, number>} */
  const sizes = new Map();
  for (const { rfilename, size } of files) {
    const found = GRAPH.exec(rfilename);
    if (!found) continue;
    const suffix = found[1] ?? "fp32";
    const dtype = /** @type {Record<string, string>} */ (DTYPES)[suffix] ?? suffix;
    sizes.set(dtype, (sizes.get(dtype) ?? 0) + (size ?? 0));
  }
  return sizes;
}
