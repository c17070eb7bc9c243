// A real `frugal tune` for the tests, of photographs that the browser draws.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { until } from "./browser.mjs";

// Classes of one colour each, with a shape somewhere: base64 of JPEG files by class.
function drawn(classes, perClass) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const paint = canvas.getContext("2d");
  return Array.from({ length: classes }, (_, label) =>
    Array.from({ length: perClass }, (__, i) => {
      paint.fillStyle = `hsl(${(360 * label) / classes} 60% ${30 + ((i * 7) % 40)}%)`;
      paint.fillRect(0, 0, 64, 64);
      paint.fillStyle = `hsl(${i * 47} 80% 70%)`;
      paint.fillRect((i * 13) % 40, (i * 29) % 40, 10 + label * 4, 24 - label * 4);
      return canvas.toDataURL("image/jpeg").split(",")[1];
    }),
  );
}

export class Tune {
  constructor(program, folder) {
    Object.assign(this, { program, folder, process: null, address: "" });
  }

  // Until the first trial is done, which it returns; no other begins. page: of a browser, blank.
  async start(page, more) {
    const photographs = join(this.folder, "photographs");
    for (const [label, files] of (await page.evaluate(`(${drawn})(3, 16)`)).entries()) {
      mkdirSync(join(photographs, `class-${label}`), { recursive: true });
      for (const [i, file] of files.entries()) writeFileSync(join(photographs, `class-${label}`, `${i}.jpg`), Buffer.from(file, "base64"));
    }
    const common = ["--data", photographs, "--resolution", "32", "--quiet"];
    const pretrained = join(this.folder, "pretrained");
    await promisify(execFile)(this.program, ["train", ...common, "--epochs", "1", "--set", "head_start=zero", "--output", pretrained]);
    const run = join(this.folder, "run");
    const options = ["tune", ...common.slice(0, 4), "--weights", join(pretrained, "model", "model.pth"), "--epochs", "2", "--seeds", "1", "--output", run, ...more];
    this.process = spawn(this.program, options, { stdio: ["ignore", "ignore", "pipe"] });
    for await (const line of createInterface({ input: this.process.stderr })) {
      const found = /https?:\/\/[^\s]+/.exec(line);
      if (!found) continue;
      this.address = found[0];
      break;
    }
    if (!this.address) throw new Error("frugal tune ended without an address");
    this.process.stderr.resume();
    this.token = readFileSync(join(run, "token"), "utf8");
    let done;
    await until("a trial is done", async () => {
      done = (await this.ask("GET", "/v1/experiments/1/trials?state=ended")).data?.find((trial) => trial.state === "done");
      return done;
    });
    await this.ask("PUT", "/v1/experiments/1", { search: "paused" });
    return done;
  }

  async ask(method, path, body) {
    const response = await fetch(this.address + path, { method, headers: { Authorization: `Bearer ${this.token}` }, body: body && JSON.stringify(body) });
    return response.json();
  }

  async stop() {
    if (!this.process || this.process.exitCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
  }
}
