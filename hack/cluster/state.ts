// What runs, and where: one small file per machine, and one lock.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
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

/** Two commands must not bring the cluster up or down at the same time. */
export async function withLock<T>(work: () => Promise<T>): Promise<T> {
  const lock = `${ensureFolder(runFolder())}.lock`;
  const owner = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
  if (owner > 0 && owner !== process.pid && alive(owner, "hack/")) {
    throw new Error(`another up or down is at work (process ${owner}): wait for it, then run this again`);
  }
  rmSync(lock, { force: true });
  writeFileSync(lock, String(process.pid), { flag: "wx" });
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}
