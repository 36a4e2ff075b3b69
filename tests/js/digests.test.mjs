/** digests.mjs and versions.mjs: what the service worker believes of what it keeps. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { integrityOf, isWhole, judged, promisedList } from "../../app/page/digests.mjs";
import { nameOf, prefixOf } from "../../app/page/versions.mjs";

const INTEGRITY = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="; // of "abc": FIPS 180-2

/** The address of a list with that text.
 * @param {string} text */
const addressOf = (text) => {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 8).toUpperCase();
  return `https://host/assets/files-${digest}.json`;
};

test("the integrity of bytes", async () => {
  assert.equal(await integrityOf(new TextEncoder().encode("abc")), INTEGRITY);
});

test("an answer is whole, or it is not", async () => {
  assert.equal(await isWhole(new Response("abc"), INTEGRITY), true);
  assert.equal(await isWhole(new Response("abd"), INTEGRITY), false);
  assert.equal(await isWhole(new Response("abc", { status: 404 }), INTEGRITY), false);
  const read = new Response("abc");
  await read.text();
  assert.equal(await isWhole(read, INTEGRITY), false);
});

test("a list is what its address promises", async () => {
  const text = JSON.stringify({ "index.html": INTEGRITY });
  const address = addressOf(text);
  assert.deepEqual(await promisedList(new Response(text), address), { "index.html": INTEGRITY });
  assert.equal(await promisedList(new Response(`${text} `), address), undefined);
  assert.equal(await promisedList(new Response(text), "https://host/files.json"), undefined);
});

test("a list without digests is none", async () => {
  for (const integrity of /** @type {any[]} */ (["", "sha1-abc=", 5, `${INTEGRITY} `])) {
    assert.throws(() => judged({ a: integrity }), /has no digests/);
    const text = JSON.stringify({ a: integrity });
    assert.equal(await promisedList(new Response(text), addressOf(text)), undefined);
  }
});

test("the names of versions begin with their site's", () => {
  const scope = "https://host/a/";
  assert.equal(prefixOf(scope), "intab site /a/ ");
  assert.equal(nameOf(scope, "https://host/a/assets/x.json"), "intab site /a/ assets/x.json");
});
