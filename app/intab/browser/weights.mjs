/**
 * A graph without its weights, which stay where they are until onnxruntime asks for each of them.
 *
 * onnxruntime-web copies a model's bytes into its memory and there parses them into further copies.
 * So the large initializers of an ONNX file are made external data of that same file: what is left
 * is small. Field numbers: https://github.com/onnx/onnx/blob/v1.19.0/onnx/onnx.proto3
 */
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
  constructor(body) {
    super(0);
    this.body = body;
    this.held = new Map(); // where a weight begins -> its bytes
    this.lent = new Uint8Array(0);
  }

  /** Take the weights at `places`, [[from, to], ...], out of what is held: onnxruntime asks for them
   * in an order of its own, and each is to be given back as soon as it has that. Nothing else is
   * held from then on, since `done` gives back no part of what a file holds. */
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

  /** onnxruntime has copied what it asked for when it asks for more. */
  subarray(start, end) {
    this.body.done(this.lent);
    const bytes = this.held.get(start);
    this.held.delete(start);
    this.lent = bytes?.length === end - start ? bytes : this.body.read(start, end);
    return this.lent;
  }
}

/** The bytes of the graph in `body`, and as `externalData` its weights and `others`, which is
 * [[path, body], ...]. */
export function withoutWeights(name, body, others) {
  const files = new Map([[name, body], ...others].map(([path, file]) => [path, new External(file)]));
  const places = new Map([...files.keys()].map((path) => [path, []]));
  const graph = join(model(new Source(body), name, places, new Map(others)));
  for (const [path, file] of files) file.take(places.get(path));
  return { graph, externalData: Array.from(files, ([path, data]) => ({ path, data })) };
}

function* model(source, name, places, others) {
  for (const field of source.fields(0, source.size)) {
    if (field.number === GRAPH) yield* message(GRAPH, [...graph(source, field, name, places, others)]);
    else if (field.number === FUNCTION) yield* inlined(source, "function", field, others);
    else yield source.bytes(field.start, field.to).slice();
  }
}

/** The graph's fields; where its weights are is added to `places`. */
function* graph(source, { from, to }, name, places, others) {
  for (const field of source.fields(from, to)) {
    if (field.number === NODE) yield* inlined(source, "node", field, others);
    else if (field.number === INITIALIZER) yield* initializer(source, field, name, places);
    else yield source.bytes(field.start, field.to).slice();
  }
}

function* initializer(source, field, name, places) {
  const fields = [...source.fields(field.from, field.to)];
  const raw = fields.find(({ number }) => number === RAW_DATA);
  const large = raw && raw.to - raw.from >= LARGE;
  const place = large ? { location: name, start: raw.from, end: raw.to } : placeOf(source, fields);
  if (place?.end) places.get(place.location)?.push([place.start, place.end]);
  if (large) yield* moved(source, fields, raw, name);
  else yield source.bytes(field.start, field.to).slice();
}

/** An initializer that says where in the file its data is. */
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
