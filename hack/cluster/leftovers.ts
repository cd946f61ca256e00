// Finds and clears what a cluster left on this host, whether it was taken down or all its processes were killed:
// processes by their control group, mounts by their folder, the namespace by its name. Nothing else is touched.
import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { removeOwnPolicy } from "./apt.ts";
import { clearRunFolder } from "./engine.ts";
import { restoreInotify } from "./inotify.ts";
import { mountsBelow, unmountBelow } from "./mounts.ts";
import { cacheFolder, engineData, instanceName, namespacePath, runFolder } from "./paths.ts";
import { endAll, engineProcesses } from "./processes.ts";
import { say } from "./progress.ts";
import { until } from "./run.ts";
import { type ClusterState, readState } from "./state.ts";

const groupsRoot = "/sys/fs/cgroup";

function subfolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

function processesUnder(group: string): number[] {
  if (!existsSync(group)) return [];
  const own = readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  return [...own, ...subfolders(group).flatMap((name) => processesUnder(join(group, name)))];
}

function ourGroups(): string[] {
  if (!existsSync(groupsRoot)) return [];
  const controllers = ["", ...subfolders(groupsRoot)];
  return controllers.map((name) => join(groupsRoot, name, instanceName())).filter((path) => existsSync(path));
}

/** Everything of an isolated cluster that runs on this host, the nodes' own processes included. */
export function clusterProcesses(): number[] {
  return [...new Set([...engineProcesses(), ...ourGroups().flatMap(processesUnder)])];
}

/** Where something of ours may be mounted: an engine's folders, and root file systems in the making. */
function mountFolders(state: ClusterState | undefined): string[] {
  const cache = state?.cache ?? cacheFolder();
  return [runFolder(), engineData(cache), join(cache, "work")];
}

function removeGroup(path: string): void {
  for (const name of subfolders(path)) removeGroup(join(path, name));
  try {
    rmdirSync(path);
  } catch {
    // a process in it is still on its way out; the caller asks again
  }
}

/** Control groups the engine or a node made at the top level, which were not there before us. */
function strayGroups(state: ClusterState | undefined): string[] {
  const before = state?.cgroupsBefore;
  if (!before) return [];
  return Object.entries(before).flatMap(([controller, names]) =>
    subfolders(join(groupsRoot, controller))
      .filter((name) => ["docker", "k8s.io", "kubelet"].includes(name) && !names.includes(name))
      .map((name) => join(groupsRoot, controller, name)),
  );
}

async function removeGroups(state: ClusterState | undefined): Promise<void> {
  await until("the cluster's control groups are empty", 15, async () => {
    for (const group of [...ourGroups(), ...strayGroups(state)]) removeGroup(group);
    return ourGroups().length === 0 ? true : undefined;
  }).catch(() => say(`control groups that would not go, and are left: ${ourGroups().join(", ")}`));
}

/** True when something of an isolated cluster is on this host. */
export function leftoversFound(): boolean {
  if (existsSync(namespacePath) || ourGroups().length > 0) return true;
  return clusterProcesses().length > 0 || mountsBelow(...mountFolders(readState())).length > 0;
}

/** Ends every process, unmounts, removes the namespace, the control groups and the run folder. */
export async function clearLeftovers(): Promise<void> {
  const state = readState();
  await endAll("the cluster's processes", 30, clusterProcesses);
  await unmountBelow(...mountFolders(state));
  await removeGroups(state);
  restoreInotify(state);
  removeOwnPolicy();
  clearRunFolder();
}
