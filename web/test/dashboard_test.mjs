// The dashboard in Chromium against a running `frugal serve` that is being fed.
//
//   node dashboard_test.mjs FRUGAL OUTPUT
//
// FRUGAL: the program. OUTPUT: a folder for the store and the screenshots.
import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { flaws } from "./accessible.mjs";
import { looks, openBrowser, overflow, patience, step, take, until } from "./browser.mjs";
import { accuracy, draw, finish, heartbeat, lease, randomNumbers, Server, space } from "./server.mjs";
import { Tune } from "./tune.mjs";

const [program, output] = process.argv.slice(2);
const launch = await openBrowser();

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

const random = randomNumbers(7);
const server = new Server(program, join(output, "dashboard.db"), "a-token-for-the-test");

const tune = new Tune(program, join(output, "tune"));

// A suggestion of one of the tasks, the cheap ones more often.
async function queue(experiment) {
  const task = ["small", "small", "small", "medium", "full"][Math.floor(random() * 5)];
  await server.need("POST", `/v1/experiments/${experiment}/queued_suggestions`, { assignments: draw(random), task });
}

async function furnish() {
  const tasks = [{ name: "small", cost: 0.1 }, { name: "medium", cost: 0.4 }, { name: "full", cost: 1 }];
  const metrics = [{ name: "accuracy", objective: "maximize" }];
  const make = async (more) => (await server.need("POST", "/v1/experiments", { parameters: space, metrics, suggester: "random", ...more })).id;
  const ids = {
    live: await make({ name: "ResNet-18 on cars", tasks, observation_budget: 300, parallel_bandwidth: 4 }),
    large: await make({ name: "Two thousand observations", observation_budget: 2500 }),
    empty: await make({ name: "Not begun", observation_budget: 20 }),
    latency: await make({
      name: "Accuracy against latency",
      observation_budget: 80,
      metrics: [...metrics, { name: "milliseconds", objective: "minimize" }],
    }),
  };
  for (let sent = 0; sent < 2000; sent += 1000) {
    const observations = Array.from({ length: 1000 }, () => {
      const assignments = draw(random);
      return random() < 0.03 ? { assignments, failed: true } : { assignments, value: accuracy(assignments, 1, random) };
    });
    await server.need("POST", `/v1/experiments/${ids.large}/observations/batch`, { observations });
  }
  const observations = Array.from({ length: 60 }, () => {
    const assignments = draw(random);
    const value = accuracy(assignments, 1, random);
    return { assignments, values: [{ name: "accuracy", value }, { name: "milliseconds", value: 4 + assignments.epochs * value }] };
  });
  await server.need("POST", `/v1/experiments/${ids.latency}/observations/batch`, { observations });
  for (let i = 0; i < 45; i += 1) {
    await queue(ids.live);
    const trial = await lease(server, ids.live, `worker-${1 + (i % 3)}`);
    if (i % 15 === 14)
      await server.need("POST", `/v1/trials/${trial.id}/failure`, { fence: trial.fence, reason: "loss is NaN at epoch 3" });
    else await finish(server, trial, random);
  }
  return ids;
}

// Two workers that keep a trial each, and one that ends a trial now and then, until told to stop.
class Feeder {
  constructor(experiment) {
    this.experiment = experiment;
    this.held = [];
    this.isOver = false;
  }
  async begin() {
    for (const worker of ["worker-1", "worker-2"]) this.held.push(await lease(server, this.experiment, worker));
    this.work = this.run();
  }
  async run() {
    for (let turn = 1; !this.isOver; turn += 1) {
      for (const trial of this.held) await heartbeat(server, trial, 0.8, Math.min(0.9, 0.2 + turn / 60));
      await queue(this.experiment);
      const trial = await lease(server, this.experiment, "worker-3");
      if (trial) await finish(server, trial, random);
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
  }
  async end() {
    this.isOver = true;
    await this.work;
  }
}

const complaints = [];
let expected = null; // a pattern of console errors that a step provokes
const endedStream = /ERR_INCOMPLETE_CHUNKED_ENCODING/; // events of a session or server that ended
function watch(page) {
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (endedStream.test(message.text())) return;
    if (!expected?.test(message.text())) complaints.push(`${message.text()} (${page.url()})`);
  });
  page.on("pageerror", (error) => complaints.push(`${error.message} (${page.url()})`));
}

const browser = await launch();
// It gets ready while the other pages are looked at.
const tuned = browser.newPage().then((blank) => tune.start(blank, ["--strategy", "fine-tune", "--augment", "trivial", "--budget", "400runs"])).catch((error) => error);
await server.start();
const ids = await furnish();
const feeder = new Feeder(ids.live);
await feeder.begin();

const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
context.setDefaultTimeout(patience);
const page = await context.newPage();
watch(page);

const at = (fragment) => `${server.address}/#/${fragment}`;
const figure = (name) => page.locator(".figures > div", { has: page.getByText(name, { exact: true }) }).locator("dd");
const drawn = () => page.locator(".chart canvas").first().waitFor();

async function photograph(name, more = {}) {
  await page.screenshot({ path: join(output, `${name}.png`), fullPage: true, animations: "disabled", ...more });
}

async function signsIn() {
  await page.goto(at(""));
  await page.getByLabel("Token").waitFor();
  await photograph("sign-in");
  expected = /status of 403/;
  await page.getByLabel("Token").fill("not-the-token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This token is not known here").waitFor();
  expected = null;
  await page.getByLabel("Token").fill(server.token);
  await page.getByLabel("Token").press("Enter");
  await page.getByRole("link", { name: "ResNet-18 on cars" }).waitFor();
  const cookie = (await context.cookies()).find((one) => one.name.startsWith("frugal_session"));
  assert.ok(cookie.httpOnly && cookie.sameSite === "Strict");
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).includes(server.token));
}

async function listsExperiments() {
  await page.locator(".connection.live").waitFor();
  assert.equal(await page.locator(".card").count(), 4);
  await page.locator(".card", { hasText: "Two thousand" }).getByText("2,000").first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("cars");
  await until("one is left", async () => (await page.locator(".card").count()) === 1);
  await page.getByLabel("Find experiments").fill("nothing like that");
  await page.getByText("None of them").waitFor();
  await page.getByLabel("Find experiments").fill("");
}

async function showsWhatHappens() {
  await page.goto(at(`experiments/${ids.live}`));
  await drawn();
  const before = Number(await figure("Observations").evaluate((one) => one.firstChild.textContent));
  await until("the count of observations has grown by itself", async () => Number(await figure("Observations").evaluate((one) => one.firstChild.textContent)) > before);
  await page.getByRole("heading", { name: /open trials?$/ }).waitFor();
  await until("there is a forecast", async () => /left|spent/.test(await figure("Forecast").innerText()));
}

async function pausesAndResumes() {
  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator("h1 .badge.paused").waitFor();
  assert.equal((await server.ask("POST", `/v1/experiments/${ids.live}/leases`, { worker: "other" })).status, 204);
  await page.getByRole("button", { name: "Resume" }).click();
  await page.locator("h1 .badge.running").waitFor();
  await page.getByRole("button", { name: "Stop when done" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Stop when done" }).click();
  await page.getByText("stopping", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.locator("h1 .badge.running").waitFor();
}

async function changesBudgetAndBandwidth() {
  await page.getByRole("button", { name: "Budget" }).click();
  await page.getByRole("dialog").getByRole("spinbutton").fill("350");
  await page.getByRole("button", { name: "Set the budget" }).click();
  await until("the budget is shown", async () => (await figure("Budget").innerText()).includes("350"));
  await page.getByRole("button", { name: "Bandwidth" }).click();
  await page.getByRole("dialog").getByRole("spinbutton").fill("6");
  await page.keyboard.press("Enter");
  await page.getByText("bandwidth 6").waitFor();
  const stored = await server.need("GET", `/v1/experiments/${ids.live}`);
  assert.equal(stored.observation_budget, 350);
  assert.equal(stored.parallel_bandwidth, 6);
}

async function queuesASuggestion() {
  await page.goto(at(`experiments/${ids.empty}`));
  await page.getByText("Nothing observed yet").waitFor();
  await photograph("empty-1280-light");
  await page.getByRole("button", { name: "Queue suggestion" }).click();
  await page.getByRole("dialog").getByLabel("momentum").fill("0.9");
  await page.getByRole("dialog").getByLabel("augmentation").selectOption("trivial");
  await photograph("dialog-1280-light", { fullPage: false });
  await page.getByRole("button", { name: "Queue", exact: true }).click();
  await until("it is queued", async () => (await server.need("GET", `/v1/experiments/${ids.empty}/queued_suggestions`)).count === 1);
  const queued = (await server.need("GET", `/v1/experiments/${ids.empty}/queued_suggestions`)).data[0];
  assert.equal(queued.assignments.momentum, 0.9);
  assert.equal(queued.assignments.augmentation, "trivial");
  await page.getByRole("link", { name: /^Trial \d+/ }).waitFor();
}

async function sortsAndFiltersManyRows() {
  await page.goto(at(`experiments/${ids.large}/trials`));
  const rows = page.locator(".table .row");
  await rows.first().waitFor();
  await page.getByText("2,000 trials").first().waitFor();
  assert.ok((await rows.count()) < 100, "only what is in sight is in the page");
  await page.getByRole("columnheader", { name: "accuracy" }).getByRole("button").click();
  const values = async () => (await rows.locator("strong").allInnerTexts()).map(Number);
  await until("the best come first", async () => {
    const shown = await values();
    return shown.length > 5 && shown.every((value, i) => i === 0 || value <= shown[i - 1]);
  });
  await page.locator(".table").evaluate((table) => table.scrollTo(0, 30000));
  await until("the rows have followed", async () => Number(await rows.first().getAttribute("aria-rowindex")) > 800);
  await page.keyboard.press("/");
  await page.keyboard.type("trivial failed");
  await until("few are left", async () => /^\d+ of 2,000 trials$/.test(await page.locator(".count-text").innerText()));
  for (const badge of await rows.locator(".badge").allInnerTexts()) assert.equal(badge, "failed");
  await page.getByLabel("State").selectOption("done");
  await page.getByText("No trial matches").waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  await page.locator(".table").focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /^Observation \d+/ }).waitFor();
  await page.getByText("these are of networks that Frugal trains").waitFor();
  await page.goBack();
  await rows.first().waitFor();
}

async function showsATrial() {
  const done = (await server.need("GET", `/v1/experiments/${ids.live}/trials?state=ended`)).data.find((trial) => trial.state === "done");
  await page.goto(at(`experiments/${ids.live}/trials/${done.id}`));
  await page.getByRole("heading", { name: "Learning curve" }).waitFor();
  await drawn();
  await page.getByRole("definition").filter({ hasText: "GiB" }).waitFor();
  await page.getByText(`begun by ${done.worker}`).waitFor();
  await page.getByRole("img", { name: /^Confusion matrix of 4 classes/ }).waitFor();
  await page.getByRole("cell", { name: "class 3" }).waitFor();
  await page.keyboard.press("ArrowLeft");
  await until("the one before is shown", async () => !(await page.locator("h1").innerText()).includes(`Trial ${done.id} `));
}

// What a network was shown, and what it took for what.
async function showsPicturesOfATrial() {
  const shown = await context.newPage();
  watch(shown);
  const done = await tuned;
  if (done instanceof Error) throw done;
  await shown.goto(`${tune.address}/#/experiments/1/trials/${done.id}`);
  await shown.getByLabel("Token").fill(tune.token);
  await shown.getByLabel("Token").press("Enter");
  const sheet = shown.getByRole("img", { name: /^A sheet of 8 training photographs/ });
  await sheet.waitFor();
  assert.equal(await sheet.evaluate((img) => img.decode().then(() => img.naturalWidth)), Number(await sheet.getAttribute("width")));
  await shown.getByText("random_crop, horizontal_flip, trivial_augment").waitFor();
  await shown.getByText(/\d+ of \d+ photographs mistaken/).waitFor();
  await looksRightHere(shown, "trial-pictures");
  await shown.close();
  await tune.stop();
}

async function stopsATrial() {
  const trial = feeder.held[0];
  await page.goto(at(`experiments/${ids.live}/trials/${trial.id}`));
  await page.getByRole("button", { name: "Stop trial" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Stop trial" }).click();
  await page.getByText("Stopping…").waitFor();
  await feeder.end();
  const order = await heartbeat(server, trial, 0.8, 0.9);
  assert.equal(order.body.order, "stop");
  await server.need("POST", `/v1/trials/${trial.id}/release`, { fence: trial.fence });
  await page.locator("h1 .badge.failed").waitFor();
  await page.getByText("stopped by request").first().waitFor();
}

async function choosesOnTheCoordinates() {
  await page.goto(at(`experiments/${ids.latency}/parameters`));
  const chart = page.locator(".chart").first();
  await chart.locator("canvas").waitFor();
  const box = await chart.boundingBox();
  await until("a stroke along an axis chooses", async () => {
    await page.mouse.move(box.x + 60, box.y + box.height - 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 60, box.y + box.height / 2, { steps: 6 });
    await page.mouse.up();
    return page.getByText(/trials? chosen/).isVisible();
  });
  await page.getByText(/trials? chosen/).click();
  await until("the table shows them alone", async () => /^\d+ of 60 trials$/.test(await page.locator(".count-text").innerText()));
}

async function showsWhatMattered() {
  await page.goto(at(`experiments/${ids.live}/parameters`));
  await page.getByRole("img", { name: /^Importances: / }).waitFor();
  await page.getByRole("img", { name: "accuracy by learning_rate" }).waitFor();
  await page.getByRole("button", { name: "Slices" }).click();
  await page.getByText("Slices through the best assignments").waitFor();
}

async function compares() {
  await page.goto(at(""));
  await page.getByLabel("Compare ResNet-18 on cars").check();
  await page.getByLabel("Compare Two thousand observations").check();
  await page.getByRole("button", { name: "Compare (2)" }).click();
  await page.getByRole("heading", { name: "Compare 2 experiments" }).waitFor();
  await drawn();
}

async function showsWorkers() {
  await page.goto(at("workers"));
  await page.getByRole("row", { name: /worker-2/ }).waitFor();
}

async function opensDeepLinks() {
  const other = await context.newPage();
  watch(other);
  await other.goto(at(`experiments/${ids.live}/trials/3`));
  await other.getByRole("heading", { name: /^Trial 3/ }).waitFor();
  await other.goto(at("experiments/999"));
  await other.getByText("There is no experiment 999").waitFor();
  await other.close();
}

async function looksRight() {
  const views = {
    experiments: "",
    overview: `experiments/${ids.live}`,
    parameters: `experiments/${ids.live}/parameters`,
    trials: `experiments/${ids.live}/trials`,
    many: `experiments/${ids.large}`,
    trial: `experiments/${ids.live}/trials/3`,
    setup: `experiments/${ids.live}/setup`,
    workers: "workers",
    compare: `compare?e=${ids.live},${ids.large}`,
  };
  for (const [name, fragment] of Object.entries(views)) {
    await page.goto(at(fragment));
    await looksRightHere(page, name);
  }
}

async function looksRightHere(shown, name) {
  await shown.locator("h1").waitFor();
  await until(`${name} is there`, async () => (await shown.locator(".waiting, .starting").count()) === 0);
  if (["overview", "parameters", "many", "compare"].includes(name)) await shown.locator(".chart canvas").first().waitFor();
  for (const look of looks) {
    await take(shown, look);
    await shown.screenshot({ path: join(output, `${name}-${look.width}-${look.colorScheme}.png`), fullPage: true, animations: "disabled" });
    assert.ok((await overflow(shown)) <= 0, `${name} at ${look.width} is too wide by ${await overflow(shown)} pixels`);
    assert.deepEqual(await flaws(shown), [], `${name}, ${look.colorScheme}`);
  }
  await take(shown, looks[0]);
}

async function survivesALostConnection() {
  await page.goto(at(""));
  await page.locator(".connection.live").waitFor();
  const port = new URL(server.address).port;
  expected = /Failed to load resource|ERR_/;
  await server.stop();
  await page.getByText("The connection to the coordinator is lost").waitFor();
  await photograph("lost-1280-light");
  await server.start(port);
  await page.getByLabel("Token").waitFor(); // sessions end with the server
  await page.getByLabel("Token").fill(server.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".connection.live").waitFor();
  expected = null;
  assert.equal(await page.locator(".card").count(), 4);
}

async function signsOut() {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  await page.reload();
  await page.getByLabel("Token").waitFor();
}

let failure = null;
try {
  for (const act of [
    signsIn,
    listsExperiments,
    showsWhatHappens,
    pausesAndResumes,
    changesBudgetAndBandwidth,
    queuesASuggestion,
    sortsAndFiltersManyRows,
    showsATrial,
    stopsATrial,
    choosesOnTheCoordinates,
    showsWhatMattered,
    compares,
    showsWorkers,
    opensDeepLinks,
    looksRight,
    showsPicturesOfATrial,
    survivesALostConnection,
    signsOut,
  ])
    await step(act.name, act);
  assert.deepEqual(complaints, [], "the console is silent");
} catch (error) {
  failure = error;
  console.error(error);
  console.error(complaints.join("\n"));
  await photograph("failure").catch(() => {});
}
await feeder.end().catch(() => {});
await browser.close();
await tune.stop();
await server.stop();
process.exit(failure ? 1 : 0);
