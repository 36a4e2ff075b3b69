#!/usr/bin/env bash
# onnxruntime-web 1.30.0: com.microsoft GroupQueryAttention leaves its `softcap` out on WebGPU,
# without a word; wasm honours it, as native onnxruntime does. Gemma 2 has such bounds.
#
# Needs Node.js 20, npm's registry and a Chromium (CHROMIUM, else /usr/lib/chromium/chromium). WebGPU
# runs on Chromium's software adapter. Passes while the behaviour is as told, fails when it changes.
set -euo pipefail
export CHROMIUM="${CHROMIUM:-/usr/lib/chromium/chromium}"
[ -x "$CHROMIUM" ] || { echo "No Chromium at $CHROMIUM: set CHROMIUM." >&2; exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module"}' > package.json
npm install --silent --no-audit --no-fund onnxruntime-web@1.30.0 puppeteer-core@24.43.1

cat > run.mjs <<'JS'
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import puppeteer from "puppeteer-core";

// One node of one head: 4 new tokens of 16 numbers, no tokens before them, softcap = 0.5. ONNX, base64.
const MODEL = [
  "CAoSADrSAgqHAQoBcQoBawoBdgoCcGsKAnB2CgRsYXN0CgV0b3RhbBIBeRICbmsSAm52IhNHcm91cFF1ZXJ5QXR0ZW50aW9uKhMK",
  "DGt2X251bV9oZWFkcxgBoAECKhAKCW51bV9oZWFkcxgBoAECKhEKB3NvZnRjYXAVAAAAP6ABAToNY29tLm1pY3Jvc29mdBIBZ1oX",
  "CgFxEhIKEAgBEgwKAggBCgIIBAoCCBBaFwoBaxISChAIARIMCgIIAQoCCAQKAggQWhcKAXYSEgoQCAESDAoCCAEKAggECgIIEFoc",
  "CgJwaxIWChQIARIQCgIIAQoCCAEKAggACgIIEFocCgJwdhIWChQIARIQCgIIAQoCCAEKAggACgIIEFoSCgRsYXN0EgoKCAgGEgQK",
  "AggBWg8KBXRvdGFsEgYKBAgGEgBiFwoBeRISChAIARIMCgIIAQoCCAQKAggQQgQKABAVQhEKDWNvbS5taWNyb3NvZnQQAQ==",
].join("");

const TYPES = { mjs: "text/javascript", wasm: "application/wasm" };
const server = createServer(async (request, response) => {
  const name = request.url.slice(1);
  const body = name ? await readFile(`node_modules/onnxruntime-web/dist/${name}`).catch(() => "") : "<!doctype html>";
  response.setHeader("content-type", TYPES[name.split(".").pop()] ?? "text/html").end(body);
}).listen(0, "127.0.0.1");

async function inPage(text) {
  const ort = await import("/ort.webgpu.min.mjs");
  ort.env.wasm.numThreads = 1;
  const bounded = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const at = new TextDecoder("latin1").decode(bounded).indexOf("softcap") + "softcap".length + 1;
  const free = bounded.slice();
  free.fill(0, at, at + 4); // the float: 0 is no bound
  const floats = (shape, size, scale) =>
    new ort.Tensor("float32", Float32Array.from({ length: size }, (_, i) => scale * Math.sin(i)), shape);
  const feeds = {
    q: floats([1, 4, 16], 64, 2), k: floats([1, 4, 16], 64, 2), v: floats([1, 4, 16], 64, 1),
    pk: floats([1, 1, 0, 16], 0, 0), pv: floats([1, 1, 0, 16], 0, 0),
    last: new ort.Tensor("int32", Int32Array.of(3), [1]), total: new ort.Tensor("int32", Int32Array.of(4), []),
  };
  const found = {};
  for (const device of ["wasm", "webgpu"]) {
    for (const [name, model] of Object.entries({ bounded, free })) {
      const session = await ort.InferenceSession.create(model, { executionProviders: [device] });
      found[`${device} ${name}`] = Array.from((await session.run(feeds, ["y"])).y.data).slice(48, 52);
    }
  }
  return found;
}

const args = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM, args });
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const found = await page.evaluate(inPage, MODEL);
  console.log("onnxruntime-web 1.30.0", await browser.version(), found);
  const apart = (one, two) => Math.max(...found[one].map((x, i) => Math.abs(x - found[two][i])));
  const asTold =
    apart("wasm bounded", "wasm free") > 0.01 &&
    apart("webgpu bounded", "webgpu free") < 1e-3 &&
    apart("webgpu free", "wasm free") < 1e-3;
  console.log(asTold ? "As told: WebGPU leaves softcap out." : "It behaves otherwise now.");
  process.exitCode = asTold ? 0 : 1;
} finally {
  await browser.close();
  server.close();
}
JS
node run.mjs
