/**
 * A graph without its weights, which stay where they are until onnxruntime asks for each of them.
 *
 * onnxruntime-web copies a model's bytes into its memory and there parses them into further copies.
 * So the large initializers of an ONNX file are made external data of that same file: what is left
 * is small. Field numbers: https://github.com/onnx/onnx/blob/v1.19.0/onnx/onnx.proto3
 */
import { DATA_LOCATION, EXTERNAL, EXTERNAL_DATA } from "./onnx_file.mjs";
import { Source } from "./protobuf.mjs";

const GRAPH = 7; // of ModelProto
const INITIALIZER = 5; // of GraphProto
const RAW_DATA = 9; // of TensorProto
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
  const graph = join(model(new Source(body), name, places));
  for (const [path, file] of files) file.take(places.get(path));
  return { graph, externalData: Array.from(files, ([path, data]) => ({ path, data })) };
}

function* model(source, name, places) {
  for (const field of source.fields(0, source.size)) {
    if (field.number === GRAPH) yield* message(GRAPH, [...graph(source, field, name, places)]);
    else yield source.bytes(field.start, field.to).slice();
  }
}

/** The graph's fields; where its weights are is added to `places`. */
function* graph(source, { from, to }, name, places) {
  for (const field of source.fields(from, to)) {
    const fields = field.number === INITIALIZER ? [...source.fields(field.from, field.to)] : [];
    const raw = fields.find(({ number }) => number === RAW_DATA);
    const large = raw && raw.to - raw.from >= LARGE;
    const { location, offset, length } = large
      ? { location: name, offset: raw.from, length: raw.to - raw.from }
      : external(source, fields);
    const begin = Number(offset ?? 0);
    places.get(location?.replace(/^\.\//, ""))?.push([begin, begin + Number(length)]);
    if (large) yield* moved(source, fields, raw, name);
    else yield source.bytes(field.start, field.to).slice();
  }
}

/** What a tensor says of its data in another file. */
function external(source, fields) {
  const text = ({ from, to }) => new TextDecoder().decode(source.bytes(from, to));
  const entries = fields.filter(({ number }) => number === EXTERNAL_DATA);
  return Object.fromEntries(entries.map(({ from, to }) => [...source.fields(from, to)].map(text)));
}

/** An initializer that says where in the file its data is. */
function* moved(source, fields, raw, name) {
  const kept = fields
    .filter((field) => field !== raw && field.number !== DATA_LOCATION)
    .map((field) => source.bytes(field.start, field.to).slice());
  const place = { location: name, offset: `${raw.from}`, length: `${raw.to - raw.from}` };
  const entries = Object.entries(place).flatMap(([key, value]) => [
    ...message(EXTERNAL_DATA, [...message(1, [encode(key)]), ...message(2, [encode(value)])]),
  ]);
  const location = Uint8Array.from([...varint(DATA_LOCATION * 8), EXTERNAL]);
  yield* message(INITIALIZER, [...kept, ...entries, location]);
}

function encode(text) {
  return new TextEncoder().encode(text);
}

function* message(number, parts) {
  yield Uint8Array.from([...varint(number * 8 + 2), ...varint(length(parts))]);
  yield* parts;
}

function* varint(value) {
  for (; value >= 128; value = Math.floor(value / 128)) yield (value % 128) + 128;
  yield value;
}

function length(parts) {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function join(parts) {
  const all = [...parts];
  const joined = new Uint8Array(length(all));
  let at = 0;
  for (const part of all) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
