/**
 * Writes everything that is made from something else: CRDs, the chart's roles, the reference, and the plain install.
 * The last needs helm, which `npm run up` leaves in the cache; without it that one file stays as it is, and is told.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inCache } from "./cluster/paths.ts";
import { installFile, plainInstall } from "./generate/install.ts";
import { outputs } from "./generate/outputs.ts";

const root = dirname(import.meta.dirname);

function write(path: string, text: string): void {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${path}\n`);
}

for (const [path, text] of outputs()) write(path, text);
const helm = inCache("bin", "helm");
if (existsSync(helm)) write(installFile, plainInstall(helm));
else
  process.stderr.write(
    `${installFile} was not made anew: there is no ${helm}; run "npm run up" once, then this again\n`,
  );
