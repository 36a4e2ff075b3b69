/** early.mjs: what was asked for is taken once; the key of a model's record is the engine's. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { asking, recordKey, take } from "../../app/intab/browser/js/early.mjs";

const FOLDERS = [
  "https://example.org/models/default/",
  "https://example.org/a%20b/(it's)!*~-_./",
  "disk:Größe/x y/",
];

test("what nobody asked for early is rejected", async () => {
  await assert.rejects(take("https://example.org/x"), /not asked for early/);
});

test("parts stay out of the HTTP cache, and no server is told which page asks", () => {
  const referrerPolicy = "no-referrer";
  assert.deepEqual(asking(""), { headers: {}, cache: "no-cache", referrerPolicy });
  const headers = { Range: "bytes=0-7" };
  assert.deepEqual(asking("bytes=0-7"), { headers, cache: "no-store", referrerPolicy });
});

test("the key of a record has every sign encoded that Python encodes", () => {
  const keys = FOLDERS.map(recordKey);
  assert.equal(keys[0], "=https%3A%2F%2Fexample.org%2Fmodels%2Fdefault%2F/=/=record");
  assert.equal(keys[1], "=https%3A%2F%2Fexample.org%2Fa%2520b%2F%28it%27s%29%21%2A~-_.%2F/=/=record");
  assert.equal(keys[2], "=disk%3AGr%C3%B6%C3%9Fe%2Fx%20y%2F/=/=record");
});
