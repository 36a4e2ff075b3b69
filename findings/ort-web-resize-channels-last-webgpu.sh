#!/usr/bin/env bash
# onnxruntime-web 1.30.0: on WebGPU a linear Resize of pictures with channels last (scales 1, 2, 2, 1)
# gives other numbers than on wasm, without a word, and ReduceLogSumExp of 100 and 100 infinity.
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

// Graphs of one node each, opset 13. ONNX, base64.
const RESIZE = [
  "CAgSADpuCiYKAXgKAAoBcxIBeSIGUmVzaXplKhEKBG1vZGUiBmxpbmVhcqABAxIBZyoZCAQQAUIBc0oQAACAPwAAAEAAAABAAACAP1obCgF4",
  "EhYKFAgBEhAKAggBCgIIAgoCCAIKAggCYgkKAXkSBAoCCAFCBAoAEA0=",
].join("");
const SUM = [
  "CAgSADpJCiQKAXgSAXkiD1JlZHVjZUxvZ1N1bUV4cCoLCgRheGVzQAGgAQcSAWdaEwoBeBIOCgwIARIICgIIAQoCCAJiCQoBeRIECgIIAUIE",
  "CgAQDQ==",
].join("");

const TYPES = { mjs: "text/javascript", wasm: "application/wasm" };
const server = createServer(async (request, response) => {
  const name = request.url.slice(1);
  const body = name ? await readFile(`node_modules/onnxruntime-web/dist/${name}`).catch(() => "") : "<!doctype html>";
  response.setHeader("content-type", TYPES[name.split(".").pop()] ?? "text/html").end(body);
}).listen(0, "127.0.0.1");

async function inPage(resize, sum) {
  const ort = await import("/ort.webgpu.min.mjs");
  ort.env.wasm.numThreads = 1;
  const found = {};
  for (const [name, text, x, shape] of [["resize", resize, [0, 10, 1, 11, 2, 12, 3, 13], [1, 2, 2, 2]], ["sum", sum, [100, 100], [1, 2]]]) {
    for (const device of ["wasm", "webgpu"]) {
      const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const session = await ort.InferenceSession.create(bytes, { executionProviders: [device] });
      const { y } = await session.run({ x: new ort.Tensor("float32", Float32Array.from(x), shape) });
      found[`${name} ${device}`] = Array.from(y.data, String);
    }
  }
  return found;
}

const args = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM, args });
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const found = await page.evaluate(inPage, RESIZE, SUM);
  console.log("onnxruntime-web 1.30.0", await browser.version(), found);
  const [plain, gpu] = ["wasm", "webgpu"].map((device) => found[`resize ${device}`].map(Number));
  const asTold =
    Math.max(...plain.map((x, i) => Math.abs(x - gpu[i]))) > 0.1 &&
    found["sum wasm"][0].startsWith("100.69") &&
    found["sum webgpu"][0] === "Infinity";
  console.log(asTold ? "As told: both differ on WebGPU." : "It behaves otherwise now.");
  process.exitCode = asTold ? 0 : 1;
} finally {
  await browser.close();
  server.close();
}
JS
node run.mjs
