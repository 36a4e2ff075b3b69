/**
 * Messages of an ONNX graph with the external data of their tensors put into them. Of the bodies of If
 * and Loop, and of constants, onnxruntime-web looks for the files on a disk, where there are none.
 */
import { DATA_LOCATION, EXTERNAL_DATA, INSIDE, placeOf, RAW_DATA } from "./onnx_file.mjs";
import { message } from "./protobuf.mjs";

/** The parts of a field: as they are, or with the data of the files in `others`, a Map of
 * location -> body.
 * @param {import("./protobuf.mjs").Source} source
 * @param {string} kind
 * @param {import("./protobuf.mjs").Field} field
 * @param {Map<string, import("./protobuf.mjs").Body>} others
 */
export function* inlined(source, kind, field, others) {
  const found = others.size ? changed(source, kind, field, others) : null;
  if (found) yield* message(field.number, found);
  else yield source.bytes(field.start, field.to).slice();
}

/**
 * The parts of a message, null where nothing in it has data outside.
 * @param {import("./protobuf.mjs").Source} source
 * @param {string} kind
 * @param {{from: number, to: number}} given
 * @param {Map<string, import("./protobuf.mjs").Body>} others
 * @returns {Uint8Array[] | null}
 */
function changed(source, kind, { from, to }, others) {
  const fields = [...source.fields(from, to)];
  if (kind === "tensor") return withData(source, fields, others);
  let count = 0;
  const parts = fields.flatMap((field) => {
    const inner = INSIDE[kind][field.number];
    const found = inner && changed(source, inner, field, others);
    if (!found) return [source.bytes(field.start, field.to).slice()];
    count += 1;
    return [...message(field.number, found)];
  });
  return count ? parts : null;
}

/**
 * @param {import("./protobuf.mjs").Source} source
 * @param {import("./protobuf.mjs").Field[]} fields
 * @param {Map<string, import("./protobuf.mjs").Body>} others
 */
function withData(source, fields, others) {
  const place = placeOf(source, fields);
  const body = place && others.get(place.location);
  if (!body) return null;
  const data = body.read(place.start, place.end || body.size).slice();
  const kept = fields
    .filter(({ number }) => number !== EXTERNAL_DATA && number !== DATA_LOCATION)
    .map((field) => source.bytes(field.start, field.to).slice());
  return [...kept, ...message(RAW_DATA, [data])];
}
