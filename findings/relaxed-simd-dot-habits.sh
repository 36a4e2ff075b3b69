#!/usr/bin/env bash
# V8 11.3 (Node.js 20, --experimental-wasm-relaxed-simd), x86: i32x4.relaxed_dot_i8x16_i7x16_add_s loses
# its third operand and gives twice the product, even for bytes of 0 to 127, for which the standard
# leaves no choice. Only V8's first compiler (Liftoff) does; with --no-liftoff results are right.
# In a browser bytes above 127 are left to the processor: [1] x [200] and [127, 127] x [255, 255] give
# (200, 64770), (200, 32767) or (-56, -254). So a kernel must prove itself at start, on the processor
# and the compiler that it meets. In intab: kernels/self_test.mjs does, or the shipped kernel stays.
#
# Needs Node.js 20 or newer, npm and a Chromium (CHROMIUM, else /usr/lib/chromium/chromium). Passes while
# it is so, fails when it changes. Node is judged on x86 without AVX-VNNI only, on which it was seen:
#   2026-11-28                1 x 100   and 1000   1 x 200   127 x 255 twice
#   Chromium 156              100       1100       200       32767
#   Node 20.20.2              200       200        400       65534
#   Node 20.20.2 --no-liftoff 100       1100       200       32767
set -eu
export CHROMIUM="${CHROMIUM:-/usr/lib/chromium/chromium}"
[ -x "$CHROMIUM" ] || { echo "No Chromium at $CHROMIUM: set CHROMIUM." >&2; exit 2; }
seen=yes
case "$(uname -m)" in x86_64 | amd64) ;; *) seen=no ;; esac
if grep -qw avx_vnni /proc/cpuinfo 2> /dev/null; then seen=no; fi
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module"}' > package.json
npm install --silent --no-audit --no-fund puppeteer-core@24.43.1 node@20.20.2

cat > products.mjs <<'JS'
/** 1 x 100, the same and 1000, 1 x 200, 127 x 255 twice: by a module of 53 bytes. */
export function products() {
  // (func (export "f") (param $a i32) (param $b i32) (param $sum i32) (result i32): lane 0 of the dot
  // product of the four bytes of a and of b, and sum, each in all lanes
  const dot = [0x20, 0, 0xfd, 0x11, 0x20, 1, 0xfd, 0x11, 0x20, 2, 0xfd, 0x11, 0xfd, 0x93, 2, 0xfd, 0x1b, 0];
  const code = [0x0a, 4 + dot.length, 1, 2 + dot.length, 0, ...dot, 0x0b];
  const type = [1, 8, 1, 0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7f];
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...type, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0];
  const module = new WebAssembly.Module(Uint8Array.from([...head, ...code]));
  const { f } = new WebAssembly.Instance(module).exports;
  return [f(1, 100, 0), f(1, 100, 1000), f(1, 200, 0), f(0x7f7f, 0xffff, 0)].join(" ");
}
JS
echo 'import { products } from "./products.mjs"; console.log(products());' > node.mjs
cat > run.mjs <<'JS'
import { execFileSync } from "node:child_process";
import puppeteer from "puppeteer-core";
import { products } from "./products.mjs";

const node = (...options) =>
  execFileSync("node_modules/.bin/node", ["--experimental-wasm-relaxed-simd", ...options, "node.mjs"], {
    encoding: "utf8",
  }).trim();

const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const page = await browser.newPage();
const found = { browser: await page.evaluate(products), node: node(), "node, no Liftoff": node("--no-liftoff") };
console.log(await browser.version(), "Node", node("--version"), found);
await browser.close();

const habits = ["100 1100 200 64770", "100 1100 200 32767", "100 1100 -56 -254"];
const wrong = found.node === "200 200 400 65534" && habits.includes(found["node, no Liftoff"]);
const judged = process.argv[2] === "yes";
if (!judged) console.log("Node was not seen on such a processor: it is not judged here.");
const so = habits.includes(found.browser) && (wrong || !judged);
console.log(so ? "As told." : "It behaves otherwise now.");
process.exitCode = so ? 0 : 1;
JS
node run.mjs "$seen"
