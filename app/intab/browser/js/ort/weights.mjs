/**
 * A graph without its weights, which stay where they are until onnxruntime asks for each of them.
 *
 * onnxruntime-web copies a model's bytes into its memory and there parses them into further copies.
 * So the large initializers of an ONNX file are made external data of that same file: what is left
 * is small. Field numbers: https://github.com/onnx/onnx/blob/v1.19.0/onnx/onnx.proto3
 */
import { isInt8Matrix } from "../../../../../kernels/constants.mjs";
import { inlined } from "./inlined.mjs";
import { DATA_LOCATION, EXTERNAL, EXTERNAL_DATA, placeOf, RAW_DATA } from "./onnx_file.mjs";
import { encode, join, message, Source, varint } from "./protobuf.mjs";

const GRAPH = 7; // of ModelProto, as is the next
const FUNCTION = 25;
const NODE = 1; // of GraphProto, as is the next
const INITIALIZER = 5;
const LARGE = 64 * 1024; // smaller ones, such as shapes, are asked for again and again

/** What onnxruntime takes for a Uint8Array of a file, though it is not in memory as a whole. */
class External extends Uint8Array {
  /** @param {any} body a Chunk or a Whole of files/bodies.mjs */
  constructor(body) {
    super(0);
    this.body = body;
    this.held = new Map(); // where a weight begins -> its bytes
    this.lent = new Uint8Array(0);
    this.int8 = new Set(); // where a matrix of int8 weights begins
    /** @type {any} */
    this.constants = null; // who hears of these
  }

  /** Take the weights at `places`, [[from, to], ...], out of what is held: onnxruntime asks for them
   * in an order of its own, and each is to be given back as soon as it has that. Nothing else is
   * held from then on, since `done` gives back no part of what a file holds.
   * @param {[number, number][]} places
   */
  take(places) {
    for (const [from, to] of places.sort(([one], [other]) => one - other)) {
      const bytes = this.body.copyHeld(from, to);
      if (bytes) this.held.set(from, bytes);
      this.body.letGo(to);
    }
    this.body.letGo();
  }

  get byteLength() {
    return this.body.size;
  }

  /**
   * onnxruntime has copied what it asked for when it asks for more.
   * @param {number} start
   * @param {number} end
   */
  subarray(start, end) {
    this.body.done(this.lent);
    const bytes = this.held.get(start);
    this.held.delete(start);
    this.lent = bytes?.length === end - start ? bytes : this.body.read(start, end);
    if (this.int8.has(start)) this.constants.add(this.lent);
    return this.lent;
  }
}

/** The bytes of the graph in `body`, and as `externalData` its weights and `others`, which is
 * [[path, body], ...]. `constants.add` gets the bytes of each matrix of int8 weights when onnxruntime
 * asks for them; null: nobody does.
 * @param {string} name
 * @param {import("./protobuf.mjs").Body} body
 * @param {[string, import("./protobuf.mjs").Body][]} others
 * @param {any} [constants]
 */
export function withoutWeights(name, body, others, constants = null) {
  /** @type {[string, import("./protobuf.mjs").Body][]} */
  const all = [[name, body], ...others];
  const files = new Map(all.map(([path, file]) => [path, new External(file)]));
  /** @type {Map<string, [number, number][]>} */
  const places = new Map(all.map(([path]) => [path, []]));
  const small = join(model(new Source(body), name, { files, places, constants }, new Map(others)));
  for (const [path, file] of files) file.take(places.get(path) ?? []);
  return { graph: small, externalData: Array.from(files, ([path, data]) => ({ path, data })) };
}

/**
 * @param {import("./protobuf.mjs").Source} source
 * @param {string} name
 * @param {any} found
 * @param {Map<string, import("./protobuf.mjs").Body>} others
 */
function* model(source, name, found, others) {
  for (const field of source.fields(0, source.size)) {
    if (field.number === GRAPH) yield* message(GRAPH, [...graph(source, field, name, found, others)]);
    else if (field.number === FUNCTION) yield* inlined(source, "function", field, others);
    else yield source.bytes(field.start, field.to).slice();
  }
}

/**
 * The graph's fields; where its weights are is added to what was `found`.
 * @param {import("./protobuf.mjs").Source} source
 * @param {{from: number, to: number}} given
 * @param {string} name
 * @param {any} found
 * @param {Map<string, import("./protobuf.mjs").Body>} others
 */
function* graph(source, { from, to }, name, found, others) {
  for (const field of source.fields(from, to)) {
    if (field.number === NODE) yield* inlined(source, "node", field, others);
    else if (field.number === INITIALIZER) yield* initializer(source, field, name, found);
    else yield source.bytes(field.start, field.to).slice();
  }
}

/**
 * Where a matrix begins whose bytes `constants` are to get, once onnxruntime asks for them.
 * @param {{files: Map<string, External>, constants: any}} given1
 * @param {{location: any, start: number}} given2
 */
function noteInt8({ files, constants }, { location, start }) {
  const file = files.get(location);
  if (!file) return; // onnxruntime says that it is missing
  file.int8.add(start);
  file.constants = constants;
}

/**
 * @param {import("./protobuf.mjs").Source} source
 * @param {import("./protobuf.mjs").Field} field
 * @param {string} name
 * @param {any} found
 */
function* initializer(source, field, name, found) {
  const fields = [...source.fields(field.from, field.to)];
  const raw = fields.find(({ number }) => number === RAW_DATA);
  const large = raw && raw.to - raw.from >= LARGE;
  const place = large ? { location: name, start: raw.from, end: raw.to } : placeOf(source, fields);
  if (place?.end) found.places.get(place.location)?.push([place.start, place.end]);
  const int8 = found.constants && isInt8Matrix(source, fields);
  if (int8 && place) noteInt8(found, place);
  else if (int8 && raw) found.constants.add(source.bytes(raw.from, raw.to));
  if (large) yield* moved(source, fields, raw, name);
  else yield source.bytes(field.start, field.to).slice();
}

/**
 * An initializer that says where in the file its data is.
 * @param {import("./protobuf.mjs").Source} source
 * @param {import("./protobuf.mjs").Field[]} fields
 * @param {any} raw
 * @param {string} name
 */
function* moved(source, fields, raw, name) {
  const kept = fields
    .filter((field) => field !== raw && field.number !== DATA_LOCATION)
    .map((field) => source.bytes(field.start, field.to).slice());
  const told = { location: name, offset: `${raw.from}`, length: `${raw.to - raw.from}` };
  const entries = Object.entries(told).flatMap(([key, value]) => [
    ...message(EXTERNAL_DATA, [...message(1, [encode(key)]), ...message(2, [encode(value)])]),
  ]);
  const location = Uint8Array.from([...varint(DATA_LOCATION * 8), EXTERNAL]);
  yield* message(INITIALIZER, [...kept, ...entries, location]);
}
