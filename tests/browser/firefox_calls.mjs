/**
 * `node firefox_calls.mjs ADDRESS FIREFOX FUNCTION PROGRAM...`: opens a page in Firefox and prints what
 * its FUNCTION gives for each program, as a line of JSON.
 */
import puppeteer from "puppeteer-core";

const [address, executablePath, call, ...programs] = process.argv.slice(2);
const browser = await puppeteer.launch({ browser: "firefox", executablePath, protocolTimeout: 600_000 });
try {
  const page = await browser.newPage();
  await page.goto(address);
  for (const program of programs) {
    const printed = await page.evaluate(`(${call})(${JSON.stringify(["", program])})`);
    console.log(JSON.stringify(printed));
  }
} finally {
  await browser.close();
}
