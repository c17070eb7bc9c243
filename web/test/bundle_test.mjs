// dist/ is what the source builds, to the byte.
//
//   node bundle_test.mjs OUTPUT
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { skip } from "./skip.mjs";

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const output = process.argv[2];
const tool = (path) => join(web, "node_modules", path);
if (!existsSync(tool("vite"))) skip("web/node_modules is not there: node web/install.mjs needs the npm registry");

const run = (...command) => execFileSync(process.execPath, command, { cwd: web, stdio: "inherit" });
run(tool("typescript/bin/tsc"), "--noEmit");
run(tool("vite/bin/vite.js"), "build", "--outDir", output, "--logLevel", "warn");
for (const part of ["html", "css", "js", "svg"]) {
  const name = `dashboard.${part}`;
  const committed = readFileSync(join(web, "dist", name));
  const built = readFileSync(join(output, name));
  assert.ok(committed.equals(built), `web/dist/${name} is not what web/src builds: node web/install.mjs && (cd web && npm run build)`);
}
