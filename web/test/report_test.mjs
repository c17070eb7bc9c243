// Reports in Chromium, opened from the disk: of a few trials, of very many, and of runs that went
// wrong.
//
//   node report_test.mjs FRUGAL OUTPUT
//
// FRUGAL: the program. OUTPUT: a folder for the runs and the screenshots, which are kept.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { flaws } from "./accessible.mjs";
import { looks, openBrowser, overflow, patience, step, take, until } from "./browser.mjs";
import { leaveRun } from "./run.mjs";

const [program, output] = process.argv.slice(2);
const launch = await openBrowser();
rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

const complaints = [];
let expected = null; // a pattern of what a step provokes

// Of a run in a folder of its own: its report, as an address.
async function report(name, options) {
  const folder = resolve(output, name);
  leaveRun(folder, options);
  await promisify(execFile)(program, ["report", folder, "--quiet"]);
  const file = join(folder, "report.html");
  const bytes = statSync(file).size;
  console.log(`${name}: ${(bytes / 1e6).toFixed(2)} MB`);
  assert.ok(bytes < 5e6, `${file} is too large`);
  return pathToFileURL(file).href;
}

// All at once, while the browser looks at those that are written.
const soon = {
  few: report("few", { trials: 5 }),
  many: report("many", { trials: 2000, classes: 196, test: 980 }),
  running: report("running", { trials: 8, isRunning: true }),
  failing: report("failing", { trials: 4, isFailing: true }),
  "one-class": report("one-class", { trials: 5, test: 10, classes: 1 }),
};
for (const written of Object.values(soon)) written.catch(() => {}); // whoever waits for it is told

const browser = await launch();
async function open(address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: "light", ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !expected?.test(message.text())) complaints.push(`${message.text()} (${address})`);
  });
  page.on("pageerror", (error) => complaints.push(`${error.message} (${address})`));
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) complaints.push(`asks for ${request.url()}`);
  });
  await page.goto(address);
  return page;
}

// Every place for a chart has one, and something is drawn in it.
const isDrawn = (page) =>
  page.evaluate(() => {
    const charts = [...document.querySelectorAll(".chart")];
    const small = new OffscreenCanvas(64, 64).getContext("2d", { willReadFrequently: true });
    const hasInk = (canvas) => {
      small.clearRect(0, 0, 64, 64);
      small.drawImage(canvas, 0, 0, 64, 64);
      return small.getImageData(0, 0, 64, 64).data.some((value, i) => i % 4 === 3 && value > 0);
    };
    return charts.length > 0 && charts.every((chart) => [...chart.querySelectorAll("canvas")].some(hasInk));
  });

async function drawn(page) {
  await page.locator("html.scripted").waitFor();
  await until("every chart is drawn", () => isDrawn(page));
}

// As the page itself measured: told, not judged, for machines are slow and busy.
async function timesOfCharts(page) {
  const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;
  const [count, ended, work, opened] = await page.evaluate(() => {
    const charts = performance.getEntriesByType("measure").filter((entry) => entry.name.startsWith("chart: "));
    const work = charts.reduce((sum, chart) => sum + chart.duration, 0);
    return [charts.length, Math.max(...charts.map((chart) => chart.startTime + chart.duration)), work, performance.now()];
  });
  assert.ok(count > 0, "charts measure how long they take");
  return `${count} charts drawn by ${seconds(ended)}, ${seconds(work)} of it at work on them; on the screen by ${seconds(opened)}`;
}

const picture = (page, name) => page.screenshot({ path: join(output, `${name}.png`), fullPage: true, animations: "disabled" });

async function looksRight(name) {
  const page = await open(await soon[name]);
  await drawn(page);
  console.log(`${name}: ${await timesOfCharts(page)}`);
  for (const { width, colorScheme } of looks) {
    await take(page, { width, colorScheme });
    await drawn(page);
    await picture(page, `${name}-${width}-${colorScheme}`);
    assert.ok((await overflow(page)) <= 0, `${name} at ${width} is too wide by ${await overflow(page)} pixels`);
    assert.deepEqual(await flaws(page), [], `${name}, ${colorScheme}`);
  }
  await page.context().close();
}

async function sortsFiltersAndOpensTrials() {
  const page = await open(await soon.many);
  await drawn(page);
  const trials = page.locator("#trials");
  await trials.getByRole("button", { name: "fine-tune" }).click();
  await trials.getByText("1,333 trials").waitFor();
  await trials.getByRole("columnheader", { name: "accuracy %" }).getByRole("button").click();
  const values = async () => (await trials.locator(".row strong").allInnerTexts()).map(Number);
  await until("the best come first", async () => (await values()).every((value, i, all) => i === 0 || value <= all[i - 1]));
  await trials.getByLabel("Filter trials").fill("failed");
  await until("few are left", async () => /^\d+ of 1,333 trials$/.test(await trials.locator(".count-text").innerText()));
  await trials.locator(".row").first().click();
  const box = page.getByRole("dialog", { name: /^Trial \d+$/ });
  await box.getByText("It failed: the loss is not a number").waitFor();
  await box.getByRole("button", { name: "Close" }).click();
  await box.waitFor({ state: "detached" });
  await page.context().close();
}

async function choosesOnTheCoordinates() {
  const page = await open(await soon.few);
  await drawn(page);
  await page.locator("#parameters").getByRole("button", { name: "fine-tune" }).click();
  const chart = page.getByRole("img", { name: /^Parallel coordinates/ });
  await until("a stroke along an axis chooses", async () => {
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    await page.mouse.move(box.x + 60, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 60, box.y + box.height * 0.6, { steps: 6 });
    await page.mouse.up();
    return page.getByText(/trials? chosen/).isVisible();
  });
  await page.getByText(/trials? chosen/).click();
  await until("the table shows them alone", async () => /^\d of 3 trials$/.test(await page.locator("#trials .count-text").innerText()));
  await page.context().close();
}

async function showsWhatMattered() {
  const page = await open(await soon.many);
  await drawn(page);
  await page.getByRole("img", { name: /^Importances: / }).waitFor();
  await page.locator("#parameters").getByRole("button", { name: "Slices" }).click();
  await page.getByText("Slices through the best assignments").waitFor();
  await page.getByRole("img", { name: /^Confusion matrix of 196 classes/ }).waitFor();
  await page.locator("#tradeoff").getByRole("button", { name: "minutes" }).click();
  await page.getByRole("img", { name: /^Test accuracy against minutes/ }).waitFor();
  await page.context().close();
}

async function printsAndReadsWithoutScript() {
  const page = await open(await soon.few, { colorScheme: "dark" });
  await drawn(page);
  await page.pdf({ path: join(output, "few.pdf"), format: "A4", preferCSSPageSize: true });
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint"))); // the dark charts become light
  await page.emulateMedia({ media: "print", colorScheme: "light" });
  await page.locator("#trials table").waitFor(); // all of them, instead of those in sight
  const apart = await page.evaluate(() => {
    const places = (chart) => [...chart.querySelectorAll("canvas")].map((canvas) => JSON.stringify(canvas.getBoundingClientRect()));
    return [...document.querySelectorAll(".chart")].filter((chart) => new Set(places(chart)).size !== 1).map((chart) => chart.ariaLabel);
  });
  assert.deepEqual(apart, [], "the canvases of a chart lie on one another");
  await until("paper has two dots a pixel", () => page.evaluate(() => [...document.querySelectorAll(".chart canvas")].every((canvas) => canvas.width >= 1.9 * parseFloat(canvas.style.width))));
  await picture(page, "few-print");
  await page.context().close();
  expected = /script/;
  const plain = await open(await soon.few, { javaScriptEnabled: false });
  await plain.locator("#trials table").waitFor();
  assert.equal(await plain.locator("#trials tbody tr").count(), 5);
  assert.equal(await plain.locator("figure:visible").count(), 0, "no empty place of a chart");
  await picture(plain, "few-plain");
  await plain.context().close();
  expected = null;
}

async function saysWhatWentWrong() {
  const cases = {
    running: "Not finished, no answer yet",
    failing: "4 of 4 trials failed and none is done",
    "one-class": "There is only one class",
  };
  for (const [name, sentence] of Object.entries(cases)) {
    const page = await open(await soon[name]);
    await page.locator("html.scripted").waitFor();
    await page.getByText(sentence).first().waitFor();
    if (name !== "failing") await drawn(page);
    assert.deepEqual(await flaws(page), [], name);
    await picture(page, name);
    await page.context().close();
  }
}

let failure = null;
try {
  await step("looksRightOfFew", () => looksRight("few"));
  await step("looksRightOfMany", () => looksRight("many"));
  for (const act of [sortsFiltersAndOpensTrials, choosesOnTheCoordinates, showsWhatMattered, printsAndReadsWithoutScript, saysWhatWentWrong]) await step(act.name, act);
  assert.deepEqual(complaints, [], "the console is silent, and nothing is asked for");
} catch (error) {
  failure = error;
  console.error(error);
  console.error(complaints.join("\n"));
}
await browser.close();
process.exit(failure ? 1 : 0);
