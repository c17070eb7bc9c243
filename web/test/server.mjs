// A real `frugal serve` for the tests, and the requests that feed it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export class Server {
  constructor(program, store, token) {
    Object.assign(this, { program, store, token, process: null, address: "" });
  }

  // port: 0 for any.
  async start(port = 0) {
    const options = ["serve", "--port", String(port), "--store", this.store, "--token", this.token];
    this.process = spawn(this.program, options, { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: this.process.stdout });
    for await (const line of lines) {
      const found = /https?:\/\/\S+/.exec(line);
      if (!found) continue;
      this.address = found[0];
      return;
    }
    throw new Error("frugal serve ended without an address");
  }

  async stop() {
    if (!this.process || this.process.exitCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
  }

  async ask(method, path, body) {
    const response = await fetch(this.address + path, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  }

  async need(method, path, body) {
    const answer = await this.ask(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

// The same numbers every time.
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export const space = [
  { name: "learning_rate", type: "double", bounds: { min: 0.0001, max: 0.1 }, transformation: "log" },
  { name: "weight_decay", type: "double", bounds: { min: 0.000001, max: 0.01 }, transformation: "log" },
  { name: "momentum", type: "double", bounds: { min: 0.5, max: 0.99 } },
  { name: "epochs", type: "int", bounds: { min: 2, max: 40 } },
  { name: "augmentation", type: "categorical", categorical_values: ["none", "crop-flip", "trivial", "wide"] },
];

export function draw(random) {
  const log = (low, high) => low * (high / low) ** random();
  return {
    learning_rate: log(0.0001, 0.1),
    weight_decay: log(0.000001, 0.01),
    momentum: 0.5 + 0.49 * random(),
    epochs: 2 + Math.floor(random() * 39),
    augmentation: space[4].categorical_values[Math.floor(random() * 4)],
  };
}

// As an accuracy behaves: best near a learning rate of 0.01 with some augmentation.
export function accuracy(assignments, cost, random) {
  const rate = Math.log10(assignments.learning_rate) + 2;
  const gain = { none: 0, "crop-flip": 0.05, trivial: 0.07, wide: 0.04 }[assignments.augmentation];
  const value = 0.86 - 0.12 * rate * rate + gain - 0.15 * (assignments.momentum - 0.9) ** 2 - 0.1 * (1 - cost);
  return Math.max(0.02, value + 0.015 * (random() - 0.5));
}

// A worker's way with one trial, up to its report. Returns the lease, or null when there was none.
export async function lease(server, experiment, worker) {
  const answer = await server.ask("POST", `/v1/experiments/${experiment}/leases`, { worker });
  return answer.status === 200 ? answer.body.trial : null;
}

export function history(trial, value, epochs = 12) {
  const entries = [];
  for (let epoch = 1; epoch <= epochs; epoch += 1) {
    const share = 1 - Math.exp((-3.2 * epoch) / epochs);
    entries.push({
      epochs: epoch,
      training_loss: 2.1 * (1 - share) + 0.12,
      validation_loss: 2.0 * (1 - share) + 0.3,
      validation_accuracy: value * share,
      learning_rate: trial.assignments.learning_rate * (1 - epoch / (epochs + 1)),
    });
  }
  return entries;
}

// Of four classes, the third one the hardest.
function confusions(value) {
  const wrong = Math.round(100 * (1 - value));
  const mistakes = [[2, 3, Math.ceil(wrong / 2)], [2, 0, Math.floor(wrong / 3)], [1, 0, 1]].filter(([, , count]) => count > 0);
  return { photographs: [25, 25, 60, 25], mistakes, left_out: 0 };
}

export async function heartbeat(server, trial, value, share) {
  const entries = history(trial, value);
  const told = entries.slice(0, Math.max(1, Math.round(entries.length * share)));
  return server.ask("POST", `/v1/trials/${trial.id}/heartbeat`, {
    fence: trial.fence,
    progress: { epochs: told.length, of: entries.length, history: told },
    wall_seconds: 40 * share,
    cpu_seconds: 75 * share,
    device_seconds: 80 * share,
  });
}

export async function finish(server, trial, random) {
  const cost = trial.task?.cost ?? 1;
  const value = accuracy(trial.assignments, cost, random);
  await heartbeat(server, trial, value, 1);
  const seconds = (20 + 60 * cost) * (0.7 + 0.6 * random());
  await server.need("POST", `/v1/trials/${trial.id}/observation`, {
    fence: trial.fence,
    value,
    value_stddev: 0.012,
    metadata: { history: history(trial, value), confusions: confusions(value) },
    wall_seconds: seconds,
    cpu_seconds: seconds * 1.9,
    device_seconds: seconds * 2,
    peak_memory_bytes: 1.2e9,
  });
}
