// Puts the packages of package-lock.json into node_modules/, as `npm ci` does, without npm: Debian's
// needs 400 packages. Each is checked against the lock's SHA-512; nothing of them is run.
//
//   node install.mjs
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { skip } from "./test/skip.mjs";

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const registry = (process.env.npm_config_registry ?? "https://registry.npmjs.org").replace(/\/$/, "");
const lock = readFileSync(join(here, "package-lock.json"), "utf8");
const modules = join(here, "node_modules");
const stamp = join(modules, ".installed");
const hash = createHash("sha256").update(lock).digest("hex");

const suits = (wanted, own) => !wanted || (wanted.includes(own) && !wanted.includes(`!${own}`));
const isForThisMachine = (entry) =>
  suits(entry.os, process.platform) && suits(entry.cpu, process.arch) && suits(entry.libc, "glibc");

async function install(path, { version, integrity }) {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const address = `${registry}/${name}/-/${name.split("/").pop()}-${version}.tgz`;
  const folder = join(here, path);
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, ".package.tgz");
  await run("curl", ["--silent", "--show-error", "--fail", "--location", "--retry", "3", "--output", archive, address]);
  const found = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (found !== integrity) throw new Error(`${address} is not what package-lock.json says: ${found}`);
  await run("tar", ["-xzf", archive, "--strip-components=1", "-C", folder]);
  rmSync(archive);
}

if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) process.exit(0);
rmSync(modules, { recursive: true, force: true });
const wanted = Object.entries(JSON.parse(lock).packages).filter(([path, entry]) => path !== "" && isForThisMachine(entry));
try {
  for (let i = 0; i < wanted.length; i += 4)
    await Promise.all(wanted.slice(i, i + 4).map(([path, entry]) => install(path, entry)));
} catch (error) {
  if (/curl/.test(String(error.cmd)) || error.code === "ENOENT") skip(`${registry} cannot be reached: ${error.stderr ?? error.message}`);
  throw error;
}
const compiler = join(modules, "@esbuild", `${process.platform}-${process.arch}`, "bin", "esbuild");
if (existsSync(compiler)) chmodSync(compiler, 0o755);
writeFileSync(stamp, hash);
console.log(`${wanted.length} packages`);
