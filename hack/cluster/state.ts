// What runs, and where: one small file per machine.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, ensureFolder, inRun, runFolder } from "./paths.ts";

export type Road = "registry" | "isolated";

export interface ClusterState {
  road: Road;
  /** "up" only when every step of the cluster has passed once. */
  phase: "starting" | "up";
  cache: string;
  /** The API server's port on the host's loopback. */
  apiPort: number;
  /** Processes of ours outside any container: name -> process id. */
  pids: Record<string, number>;
  /** Control groups that were there before us, by controller. */
  cgroupsBefore: Record<string, string[]>;
  /** The host's limit of inotify instances before we raised it. */
  inotifyBefore?: number;
}

const stateFile = (): string => inRun("state.json");

export function readState(): ClusterState | undefined {
  if (!existsSync(stateFile())) return undefined;
  try {
    return JSON.parse(readFileSync(stateFile(), "utf8")) as ClusterState;
  } catch {
    return undefined; // half-written by a crash: leftovers are found without it
  }
}

/** True as well for one that cannot be read: something was begun and not taken down. */
export const stateExists = (): boolean => existsSync(stateFile());

/** kubectl or helm, from the cache that the cluster was made from, whatever WEBFLOW_CACHE says today. */
export function toolPath(name: string): string {
  return join(readState()?.cache ?? cacheFolder(), "bin", name);
}

export function writeState(state: ClusterState): void {
  ensureFolder(runFolder());
  writeFileSync(`${stateFile()}.new`, JSON.stringify(state, undefined, 2));
  renameSync(`${stateFile()}.new`, stateFile());
}

export function newState(road: Road, cgroupsBefore: Record<string, string[]>): ClusterState {
  return { road, phase: "starting", cache: cacheFolder(), apiPort: 0, pids: {}, cgroupsBefore };
}

export function alive(pid: number, word = ""): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").includes(word);
  } catch {
    return false;
  }
}
