/** arrivals.mjs: how much of a first visit has come. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Arrivals } from "../../app/page/arrivals.mjs";

const SIZES = { "python.wasm": 300, "model.onnx": 600, "numpy.whl": 200 };

/** Arrivals whose clock stands at `at.now`. */
function started() {
  const at = { now: 1000 };
  return { at, arrivals: new Arrivals({ sizes: SIZES, rest: 100 }, () => at.now) };
}

test("nothing is known before something is told", () => {
  const { at, arrivals } = started();
  at.now += 5000;
  assert.deepEqual(arrivals.progress, { loaded: 100, total: 1200, rate: 0, seconds_left: 0 });
  arrivals.hear({ path: "elsewhere.js" });
  assert.equal(arrivals.progress.rate, 0);
});

test("what was asked for with the model comes as it does", () => {
  const { at, arrivals } = started();
  at.now += 1000;
  arrivals.hear({ path: "model.onnx", loaded: 200 });
  assert.deepEqual(arrivals.progress, { loaded: 500, total: 1200, rate: 500, seconds_left: 1.4 });
  arrivals.hear({ path: "model.onnx", loaded: 500 });
  assert.equal(arrivals.progress.loaded, 100 + 500 + 285); // 95 % of what nobody said is whole
  arrivals.hear({ path: "python.wasm" });
  assert.equal(arrivals.progress.loaded, 900);
});

test("the wheels come at the visit's rate until they are there", () => {
  const { at, arrivals } = started();
  at.now += 1000;
  arrivals.hear({ path: "model.onnx" });
  arrivals.hear({ path: "python.wasm" });
  assert.equal(arrivals.progress.loaded, 1000);
  at.now += 100;
  assert.equal(arrivals.progress.loaded, 1100);
  at.now += 60_000;
  assert.equal(arrivals.progress.loaded, 1190);
  arrivals.hear({ path: "numpy.whl" });
  assert.equal(arrivals.progress.loaded, 1200);
});

test("it never goes back", () => {
  const { at, arrivals } = started();
  at.now += 1000;
  arrivals.hear({ path: "model.onnx", loaded: 400 });
  const { loaded } = arrivals.progress;
  arrivals.hear({ path: "model.onnx", loaded: 100 });
  assert.equal(arrivals.progress.loaded, loaded);
});
