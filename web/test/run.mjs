// Folders as `frugal tune` leaves them, of made-up runs: options.json and result.json.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accuracy, draw, randomNumbers, space } from "./server.mjs";

// As the optimizer writes a space.
const searched = space.map((parameter) => (parameter.categorical_values ? { ...parameter, categorical_values: parameter.categorical_values.map((name) => ({ name })) } : parameter));

const tasks = [
  { name: "small", cost: 0.1 },
  { name: "medium", cost: 0.4 },
  { name: "full", cost: 1 },
];

function history(value, epochs) {
  return Array.from({ length: epochs }, (_, i) => {
    const share = 1 - Math.exp((-3.2 * (i + 1)) / epochs);
    return {
      epochs: i + 1,
      training_loss: 2.1 * (1 - share) + 0.12,
      validation_loss: 2.0 * (1 - share) + 0.3,
      validation_accuracy: value * share,
      wall_seconds: 3 * (i + 1),
    };
  });
}

function trial(id, strategy, began, random) {
  const task = tasks[Math.floor(random() * 3)];
  const assignments = draw(random);
  const seconds = (20 + 60 * task.cost) * (0.7 + 0.6 * random());
  const common = { id, strategy, task: task.name, cost: task.cost, assignments, started_seconds: began, seconds };
  Object.assign(common, { cpu_seconds: seconds * 1.9, device_seconds: seconds * 2, machine_seconds: seconds / 2, peak_memory_bytes: 4.1e8, dollars: seconds * 2e-5 });
  if (random() < 0.04) return { ...common, state: "failed", reason: "the loss is not a number at epoch 3" };
  const value = accuracy(assignments, task.cost, random) - (strategy === "features" ? 0.1 : 0);
  return { ...common, state: "done", value, history: history(value, 12) };
}

function arm(strategy, tuned, right, labels, classes, random) {
  const seeds = [1000, 1001, 1002].map((seed) => ({
    seed,
    validation_accuracy: right + 0.02 * random(),
    test_predictions: labels.map((label) => (random() < right ? label : (label + 1 + Math.floor(3 * random())) % classes)),
  }));
  const dear = strategy === "fine-tune";
  return {
    strategy,
    tuned,
    seeds,
    trials: tuned ? 20 : 1,
    search_seconds: tuned ? 450 : 0,
    run_seconds: dear ? 61 : 4,
    dollars: (tuned ? 0.012 : 0) + (dear ? 0.005 : 0.0004),
    recipe: { strategy, epochs: 6, height: 112, width: 144, learning_rate: tuned ? 0.0346 : 0.01 },
  };
}

// options: trials, and of what else a run may be: isRunning, isFailing, test and classes (numbers).
export function leaveRun(folder, { trials, isRunning = false, isFailing = false, test = 600, classes = 12 }) {
  const random = randomNumbers(trials + 1);
  const names = Array.from({ length: classes }, (_, i) => (i === 0 ? "<b>Maker & Son</b>" : `Maker ${i} Saloon 20${String(i % 100).padStart(2, "0")}`));
  const rows = Array.from({ length: trials }, (_, id) => trial(id + 1, id % 3 === 0 ? "features" : "fine-tune", (1100 * id) / trials, random));
  if (isFailing) for (const row of rows) Object.assign(row, { state: "failed", value: null, history: [], reason: "the loss is not a number at epoch 1" });
  if (isRunning) Object.assign(rows.at(-1), { state: "running", value: null });
  const labels = Array.from({ length: test }, (_, j) => j % classes);
  const isOpen = !isRunning && !isFailing;
  const arms = ["features", "fine-tune"].flatMap((strategy) => [false, true].map((tuned) => arm(strategy, tuned, (strategy === "features" ? 0.55 : 0.66) + (tuned ? 0.1 : 0), labels, classes, random)));
  const result = {
    title: `${trials} trials`,
    finished: !isRunning,
    ended_at_seconds: 1763900000,
    data: { path: "cars", photographs: 6 * test, train: 4 * test, validation: test, test, min_per_class: 24, max_per_class: 68, split_seed: 7, shared_content: 0, split_hash: "a".repeat(64) },
    classes: names,
    network: "resnet18",
    weights: "resnet18.pth",
    command_line: "frugal tune --data cars --weights resnet18.pth --budget 20m",
    budget: "20m",
    machine: "2 cores",
    version: "0.1.0",
    workers: 2,
    spent_seconds: 1187,
    spent_dollars: 0.0281,
    price_per_hour: 0.0852,
    price: "small on demand",
    stages: [
      { name: "checking and splitting photographs", seconds: 41 },
      { name: "search", seconds: 903 },
      { name: "runs on fresh seeds", seconds: 214 },
    ],
    arms: isOpen ? arms : [],
    winner: isOpen ? 3 : null,
    test_labels: isOpen ? labels : [],
    searches: ["features", "fine-tune"].map((strategy) => ({ strategy, space: { parameters: searched }, tasks, seed: 1 })),
    trials: rows,
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "options.json"), "{}\n");
  writeFileSync(join(folder, "result.json"), JSON.stringify(result));
}

// A folder as `frugal compare` leaves it: two close arms and one far away, on three seeds.
export function leaveStudy(folder) {
  const random = randomNumbers(3);
  const classes = Array.from({ length: 12 }, (_, i) => `Maker ${i} Saloon`);
  const labels = Array.from({ length: 600 }, (_, j) => j % 12);
  const arm = (name, tuned, right, seconds) => ({
    name,
    strategy: "fine-tune",
    network: "resnet18",
    tuned,
    recipe: "study",
    augment: "none",
    suggester: tuned ? "multitask" : "",
    spends: "spends its budget",
    note: tuned ? "" : "the weights of resnet50 are missing (resnet50.pth is not there); resnet18 takes its place",
    left_out: false,
    runs: [1, 2, 3].map((seed) => ({
      seed,
      state: "done",
      reason: "",
      seconds,
      trials: 1,
      recipe: { strategy: "fine-tune", epochs: tuned ? 1 : 9, height: 32, width: 48 },
      test_top5: 0.9,
      test_predictions: labels.map((label) => (random() < right ? label : (label + 1) % 12)),
    })),
  });
  const result = {
    kind: "study",
    title: "A study",
    finished: true,
    ended_at_seconds: 1763900000,
    data: { path: "cars", photographs: 3600, train: 2400, validation: 600, test: 600, min_per_class: 24, max_per_class: 68, split_seed: 7, shared_content: 0, split_hash: "a".repeat(64) },
    classes,
    command_line: "frugal compare study.yml --data cars --budget 260s",
    budget: "260s",
    machine: "2 cores",
    version: "0.1.0",
    price_per_hour: 0.05,
    price: "small on demand",
    shared_seconds: 2,
    baseline: 0,
    arms: [arm("untuned", false, 0.5, 30), arm("tuned", true, 0.6, 250), arm("tuned with augmentation", true, 0.605, 251)],
    test_labels: labels,
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "study.json"), "{}\n");
  writeFileSync(join(folder, "result.json"), JSON.stringify(result));
}
