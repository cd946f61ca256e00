// `npm test`: every check of this project, one after the other, aloud; the last line says how many passed and failed.
// Nothing is skipped: a test that did not run, and a part that could not start, has failed.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { kubeconfigPath } from "./cluster/access.ts";
import { buildParts } from "./cluster/build.ts";
import { clusterProcesses } from "./cluster/leftovers.ts";
import { partNamed } from "./cluster/parts.ts";
import { projectRoot } from "./cluster/paths.ts";
import { endAll } from "./cluster/processes.ts";
import { say } from "./cluster/progress.ts";
import { endChildren, onStop, passThrough } from "./cluster/run.ts";
import { leftOver, lookAround, type Machine } from "./test/machine.ts";
import { type Score, scoreOf } from "./test/score.ts";

interface Part {
  name: string;
  run(): Promise<Score>;
}

const program = (name: string) => join(projectRoot, "node_modules", ".bin", name);
const reports = join(projectRoot, "dist", "test");
const one = (code: number): Score => (code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });

async function command(...argv: string[]): Promise<Score> {
  return one(await passThrough(argv));
}

async function project(name: string): Promise<Score> {
  const file = join(reports, `${name}.json`);
  mkdirSync(reports, { recursive: true });
  rmSync(file, { force: true });
  const reporters = ["--reporter=tree", "--reporter=json", `--outputFile.json=${file}`];
  const code = await passThrough([process.execPath, program("vitest"), "run", "--project", name, ...reporters]);
  const score = existsSync(file) ? scoreOf(JSON.parse(readFileSync(file, "utf8"))) : { passed: 0, failed: 0 };
  return code !== 0 && score.failed === 0 ? { ...score, failed: 1 } : score;
}

let building: Promise<void> | undefined;

/** The API server that the kernel is tested against, and the helm that gives it the chart, built when not there yet. */
function controlPlane(): Promise<void> {
  building ??= buildParts([partNamed("kubernetes"), partNamed("helm")]);
  return building;
}

async function kernel(): Promise<Score> {
  await controlPlane();
  return project("kernel");
}

let clusterIsUp = false;

async function up(): Promise<Score> {
  const score = await command(process.execPath, join(projectRoot, "hack", "up.ts"));
  clusterIsUp = score.failed === 0;
  return score;
}

async function endToEnd(): Promise<Score> {
  if (clusterIsUp) return project("e2e");
  say("end to end: cannot run, because the cluster is not up: failed");
  return { passed: 0, failed: 1 };
}

const parts: readonly Part[] = [
  { name: "types", run: () => command(program("tsc"), "--noEmit") },
  { name: "lint", run: () => command(program("biome"), "check", ".") },
  { name: "unit", run: () => project("unit") },
  { name: "kernel", run: kernel },
  { name: "up", run: up },
  { name: "e2e", run: endToEnd },
  { name: "down", run: down },
];

let found: Machine | undefined;

/** Takes down what these tests brought up; then the machine is as it was found. */
async function down(): Promise<Score> {
  const code = await passThrough([process.execPath, join(projectRoot, "hack", "down.ts")]);
  const left = found === undefined ? [] : leftOver(found, lookAround());
  for (const each of left) say(`left behind by npm run down: ${each}`);
  return left.length === 0 ? one(code) : { passed: 0, failed: 1 };
}

/** All processes of the cluster are killed; the next `up` finds what they left, clears it and starts again. */
async function crash(): Promise<Score> {
  if (!existsSync(kubeconfigPath())) return { passed: 0, failed: 1 };
  const pids = clusterProcesses();
  say(`killing ${pids.length} processes of the cluster`);
  if (pids.length === 0) return { passed: 0, failed: 1 };
  await endAll("the cluster's processes", 30, clusterProcesses);
  return up();
}

/** By name alone. long: ten idle minutes, three minutes of load, the group's way up and down again. */
const byName: readonly Part[] = [
  {
    name: "long",
    run: () => {
      process.env.WEBFLOW_LONG = "1";
      return project("e2e");
    },
  },
  { name: "crash", run: crash },
];

async function runPart({ name, run }: Part): Promise<Score> {
  say(`test: ${name} ...`);
  const score = await run().catch((error: unknown): Score => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return { passed: 0, failed: 1 };
  });
  say(`test: ${name}: ${score.passed} passed, ${score.failed} failed`);
  return score;
}

const wanted = process.argv.slice(2);
const all = [...parts, ...byName];
const unknown = wanted.find((name) => !all.some((part) => part.name === name));
if (unknown !== undefined) {
  process.stderr.write(
    `no part of the tests is named "${unknown}": use ${all.map(({ name }) => name).join(", ")}, or nothing for all but ${byName.map(({ name }) => name).join(" and ")}\n`,
  );
  process.exit(2);
}
if (wanted.includes("e2e") && !wanted.includes("up")) clusterIsUp = true;

let stopped: number | undefined;
onStop((code) => {
  stopped = code;
  void endChildren();
});

let passed = 0;
let failed = 0;
// A cluster that was up before is somebody's: it is tested and stays.
const stays = wanted.length === 0 && existsSync(kubeconfigPath());
if (stays) say("a cluster is up already: the tests use it and leave it up");
else found = lookAround();
const usual = parts.filter(({ name }) => name !== "down" || !stays);
const chosen = wanted.length === 0 ? usual : wanted.flatMap((name) => all.filter((part) => part.name === name));
// Politely beside what comes before it, which needs little; what comes after it waits, so there is one build at a time.
if (chosen.some(({ name }) => name === "kernel")) controlPlane().catch(() => undefined); // the kernel part tells of it
for (const part of chosen) {
  const score = await runPart(part);
  passed += score.passed;
  failed += score.failed;
  if (stopped !== undefined) process.exit(stopped);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
