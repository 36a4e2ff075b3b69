#!/usr/bin/env bash
# Firefox 153: an IntersectionObserver without a root takes what a scroll container cuts off for visible
# where that container is `position: fixed`, as a modal <dialog> and a popover are by themselves: a ratio
# of 1 for an element of which half is out of sight. Where it is static or absolute, and in Chromium
# everywhere, the ratio is 0.5. What loads or starts when it "comes into view" does so too early, and
# puppeteer, whose click() asks an observer whether it must scroll, clicks beside the element.
# In intab: tests/browser/firefox.mjs scrolls to what it clicks in the gallery.
#
# Needs Node.js 20, npm's registry, a Firefox (FIREFOX, else firefox-esr) and, to compare, a Chromium
# (CHROMIUM, else /usr/lib/chromium/chromium). Passes while the behaviour is as told, fails when it changes.
# Seen on 2026-11-29: firefox/153.8.0 static 0.5, absolute 0.5, fixed 1, modal 1, popover 1; Chrome 156 five times 0.5
set -euo pipefail
export FIREFOX="${FIREFOX:-$(command -v firefox-esr || true)}" CHROMIUM="${CHROMIUM:-/usr/lib/chromium/chromium}"
[ -x "$FIREFOX" ] || { echo "No firefox-esr: set FIREFOX." >&2; exit 2; }
[ -x "$CHROMIUM" ] || { echo "No Chromium at $CHROMIUM: set CHROMIUM." >&2; exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module"}' > package.json
npm install --silent --no-audit --no-fund puppeteer-core@24.43.1

cat > run.mjs <<'JS'
import puppeteer from "puppeteer-core";

const HTML = `<!doctype html>
<style>
  .box { overflow: auto; height: 100px; width: 200px; margin: 0; padding: 0; border: 0; inset: 0 auto auto 0 }
  .box p { margin: 90px 0 0; height: 20px }
</style>
<div class="box" id="static"><p>half of me</p></div>
<div class="box" id="absolute" style="position: absolute"><p>half of me</p></div>
<div class="box" id="fixed" style="position: fixed"><p>half of me</p></div>
<dialog class="box" id="modal"><p>half of me</p></dialog>
<div class="box" id="popover" popover><p>half of me</p></div>`;

async function ratios() {
  document.querySelector("#modal").showModal();
  document.querySelector("#popover").showPopover();
  const found = {};
  for (const line of document.querySelectorAll("p")) {
    found[line.parentElement.id] = await new Promise((resolve) => {
      new IntersectionObserver(([entry], observer) => {
        observer.disconnect();
        resolve(entry.intersectionRatio);
      }).observe(line);
    });
  }
  return found;
}

async function seen(options) {
  const browser = await puppeteer.launch(options);
  const page = await browser.newPage();
  await page.setContent(HTML);
  const found = JSON.stringify(await page.evaluate(ratios));
  console.log(await browser.version(), found);
  await browser.close();
  return found;
}

const firefox = await seen({ browser: "firefox", executablePath: process.env.FIREFOX });
const chromium = await seen({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const isAsTold = firefox === '{"static":0.5,"absolute":0.5,"fixed":1,"modal":1,"popover":1}'
  && chromium === '{"static":0.5,"absolute":0.5,"fixed":0.5,"modal":0.5,"popover":0.5}';
console.log(isAsTold ? "As told." : "It behaves otherwise now.");
process.exit(isAsTold ? 0 : 1);
JS
node run.mjs
