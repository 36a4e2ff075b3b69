#!/usr/bin/env bash
# Chromium 156: fetch() of a URL with a Range header fails ("Failed to fetch") if the server answers
# 200 with Content-Encoding: gzip, a valid answer to a range that it does not serve. Without Range the
# same answer is decoded. Chromium sends `Accept-Encoding: identity` with a Range, and takes a coded
# answer then for a network error, which a page cannot tell from a server that is not there. Node's
# fetch (undici) sends the same header and decodes the same answer.
#
# In intab: app/intab/engine/io asks for the whole file where a question for a part fails twice.
#
# Needs Node.js 20, npm's registry and a Chromium (CHROMIUM, else /usr/lib/chromium/chromium).
# Passes while the behaviour is as told, fails when it changes.
set -euo pipefail
export CHROMIUM="${CHROMIUM:-/usr/lib/chromium/chromium}"
[ -x "$CHROMIUM" ] || { echo "No Chromium at $CHROMIUM: set CHROMIUM." >&2; exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module"}' > package.json
npm install --silent --no-audit --no-fund puppeteer-core@24.43.1 undici@7.16.0

cat > run.mjs <<'JS'
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import puppeteer from "puppeteer-core";
import { fetch as undici } from "undici";

const asked = [];
const server = createServer((request, response) => {
  if (request.url !== "/file") return response.setHeader("content-type", "text/html").end("<!doctype html>");
  asked.push(request.headers["accept-encoding"]);
  response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("0123456789"));
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const address = `http://127.0.0.1:${server.address().port}`;

const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const page = await browser.newPage();
await page.goto(address);
const inPage = (headers) => page.evaluate(
  (given) => fetch("/file", { headers: given }).then((r) => r.text(), (error) => `${error}`), headers);
const found = {
  whole: await inPage({}),
  part: await inPage({ Range: "bytes=0-3" }),
  undici: await (await undici(`${address}/file`, { headers: { Range: "bytes=0-3" } })).text(),
};
console.log(await browser.version(), JSON.stringify({ ...found, asked }));
await browser.close();
server.close();
const right = found.whole === "0123456789" && found.undici === "0123456789"
  && found.part === "TypeError: Failed to fetch" && asked[1] === "identity";
if (!right) { console.error("The behaviour has changed."); process.exit(1); }
JS
node run.mjs
