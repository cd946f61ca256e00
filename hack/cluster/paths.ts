// Where things are: what may be kept (the cache, by version) and what belongs to the cluster that runs now.
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";

export const projectRoot = dirname(dirname(import.meta.dirname));
export const filesFolder = join(import.meta.dirname, "files");
export const clusterName = "webflow";

export function cacheFolder(): string {
  const own = process.env.WEBFLOW_CACHE;
  if (own) return own;
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "webflow");
}

export function inCache(...names: string[]): string {
  return join(cacheFolder(), ...names);
}

/** The state of the cluster that runs: one per machine, since its namespace and its addresses are. */
export function runFolder(): string {
  // A second engine beside the one that runs, for tests of crash and recovery.
  if (process.env.WEBFLOW_RUN) return process.env.WEBFLOW_RUN;
  if (process.getuid?.() === 0) return "/run/webflow";
  return process.env.XDG_RUNTIME_DIR ? join(process.env.XDG_RUNTIME_DIR, "webflow") : inCache("run");
}

/** The name of what we own outside our folders: control groups and the engine's data. */
export function instanceName(): string {
  return basename(runFolder());
}

export function inRun(...names: string[]): string {
  return join(runFolder(), ...names);
}

export function ensureFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function logFile(name: string): string {
  return join(ensureFolder(inCache("logs")), `${name.replaceAll(/[^a-zA-Z0-9.-]+/g, "-")}.log`);
}
