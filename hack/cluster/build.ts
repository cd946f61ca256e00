// Builds the Go parts, one at a time and politely, into the cache: each under a temporary name, renamed when whole.
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { modulesReadOn, type Part, partNamed, partsOf } from "./parts.ts";
import { ensureFolder, filesFolder, inCache, logFile } from "./paths.ts";
import { step } from "./progress.ts";
import { run } from "./run.ts";
import type { Road } from "./state.ts";

const buildFlags = ["-mod=mod", "-trimpath"];

function goEnvironment(): Record<string, string> {
  return {
    GOMODCACHE: inCache("go", "mod"),
    GOCACHE: inCache("go", "build"),
    GOFLAGS: "-buildvcs=false",
    GOWORK: "off",
    CGO_ENABLED: "0",
  };
}

function sourceFolder(part: Part): string | undefined {
  return part.packages.includes(".") ? join(filesFolder, "go", part.name) : undefined;
}

/** Everything that decides what comes out: the table's line, our own main and the flags. */
function recipe(part: Part): string {
  const hash = createHash("sha256").update(JSON.stringify({ ...part, links: undefined, buildFlags }));
  const folder = sourceFolder(part);
  for (const file of folder ? readdirSync(folder).sort() : []) hash.update(readFileSync(join(folder ?? "", file)));
  return hash.digest("hex").slice(0, 10);
}

/** The folder of one built part; it exists when the part is built. */
export function partPath(name: string): string {
  const part = partNamed(name);
  return inCache("parts", `${part.name}-${part.version}-${recipe(part)}`);
}

/** One file of a built part. */
export function partFile(name: string, file: string): string {
  return join(partPath(name), file);
}

/** As Go writes a module's path in the names of its cache. */
const escaped = (module: string): string => module.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);

/** The module's own files (charts, manifests, Dockerfiles), unpacked and read-only in Go's module cache. */
export function moduleFolder(name: string): string {
  const { module, version } = partNamed(name);
  return join(inCache("go", "mod"), `${escaped(module)}@${version}`);
}

/** Go marks a module that it is unpacking; the mark stays when it is killed. */
function isUnpacked({ name, module, version }: Part): boolean {
  const mark = join(inCache("go", "mod", "cache", "download"), escaped(module), "@v", `${version}.partial`);
  return existsSync(moduleFolder(name)) && !existsSync(mark);
}

const isBuilt = (part: Part): boolean => existsSync(partPath(part.name));

async function stagingReplaces(part: Part): Promise<string[]> {
  if (!part.staging) return [];
  const { version } = part.staging;
  await downloadModule(part);
  const text = readFileSync(join(moduleFolder(part.name), "go.mod"), "utf8");
  return [...text.matchAll(/^\t(\S+) => \.\/staging\//gm)].map(([, name]) => `${name} => ${name} ${version}`);
}

async function goModule(part: Part): Promise<string> {
  const requires = part.module ? [`${part.module} ${part.version}`, ...(part.requires ?? [])] : [];
  const replaces = [...(part.replaces ?? []), ...(await stagingReplaces(part))];
  return [
    `module parts/${part.name}`,
    "go 1.26.0",
    ...requires.map((line) => `require ${line}`),
    ...replaces.map((line) => `replace ${line}`),
    "",
  ].join("\n\n");
}

/** Whole when it returns: Go itself knows what is there already and whether all of it is. */
async function downloadModule(part: Part): Promise<void> {
  const work = ensureFolder(inCache("work", "download"));
  await run(["go", "mod", "download", `${part.module}@${part.version}`], { cwd: work, env: goEnvironment() });
}

async function compile(part: Part, target: string): Promise<void> {
  const work = inCache("work", part.name);
  rmSync(work, { recursive: true, force: true });
  const out = ensureFolder(join(work, "out"));
  writeFileSync(join(work, "go.mod"), await goModule(part));
  const source = sourceFolder(part);
  if (source) cpSync(source, work, { recursive: true });
  const flags = [...buildFlags, "-ldflags", `-s -w ${part.ldflags ?? ""}`.trim(), "-o", `${out}/`];
  await run(["nice", "-n", "10", "go", "build", ...flags, ...part.packages], {
    cwd: work,
    // In the folder that the next attempt removes: a compiler that is stopped leaves gigabytes behind.
    env: { ...goEnvironment(), GOTMPDIR: ensureFolder(join(work, "tmp")) },
    log: logFile(`build-${part.name}`),
  });
  mkdirSync(inCache("parts"), { recursive: true });
  renameSync(out, target);
  rmSync(work, { recursive: true, force: true });
}

function link(part: Part): void {
  for (const [name, file] of Object.entries(part.links)) {
    const path = join(ensureFolder(inCache("bin")), name);
    const fresh = `${path}.new`;
    rmSync(fresh, { force: true });
    symlinkSync(partFile(part.name, file), fresh);
    renameSync(fresh, path);
  }
}

/** Builds what is missing of these parts, in the table's order. */
export async function buildParts(wanted: readonly Part[]): Promise<void> {
  const missing = wanted.filter((part) => !isBuilt(part));
  const obstacle = missing.length > 0 ? await goObstacle() : undefined;
  if (obstacle) throw new Error(`${obstacle}. Then run the same command again: what is built so far is kept.`);
  for (const [index, part] of missing.entries()) {
    const title = `build ${part.name} ${part.version} from source (${index + 1} of ${missing.length})`;
    await step(title, () => compile(part, partPath(part.name)));
  }
  for (const part of wanted) link(part);
}

const modulesLacking = (road: Road): Part[] => modulesReadOn(road).filter((part) => !isUnpacked(part));

/** Builds and fetches all that a road needs. */
export async function prepareParts(road: Road): Promise<void> {
  await buildParts(partsOf(road));
  for (const part of modulesLacking(road)) await downloadModule(part);
  // Once every part is there, what the compiler kept for the next one is only 14 GB of disk.
  rmSync(inCache("go", "build"), { recursive: true, force: true });
}

/** What stands in the way of that, known before anything is begun. */
export async function partsObstacle(road: Road): Promise<string | undefined> {
  return partsOf(road).every(isBuilt) && modulesLacking(road).length === 0 ? undefined : goObstacle();
}

async function goObstacle(): Promise<string | undefined> {
  const found = await run(["go", "version"]).catch(() => "");
  const [, major = "0", minor = "0"] = /go(\d+)\.(\d+)/.exec(found) ?? [];
  if (Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 26)) return undefined;
  return `Go 1.26 or newer is needed to build the cluster's parts: install it (found ${found.trim() || "none on PATH"})`;
}
