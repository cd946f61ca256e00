// Finds and clears what a cluster left on this host, whether it was taken down or all its processes were killed:
// processes by their control group, mounts by their folder, the namespace by its name. Nothing else is touched.
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { clearRunFolder, engineData, namespacePath, restoreInotify } from "./engine.ts";
import { inRun, instanceName } from "./paths.ts";
import { attempt, until } from "./run.ts";
import { alive, type ClusterState, readState } from "./state.ts";

const groupsRoot = "/sys/fs/cgroup";

function numbers(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

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

/** The engine, its containerd and its shims: they name our run folder on their command line or live in our namespace. */
function engineProcesses(): number[] {
  const target = existsSync(namespacePath) ? netOf(namespacePath) : undefined;
  return numbers("/proc").filter((pid) => {
    if (pid === process.pid) return false;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const inside = target !== undefined && readlinkSync(`/proc/${pid}/ns/net`) === target;
      const engine = /(^|\/)(dockerd|containerd|containerd-shim\S*|docker-proxy|runc) /.test(command);
      return inside || (engine && command.includes(`${inRun()}/`));
    } catch {
      return false; // it ended while we looked
    }
  });
}

/** The namespace file's identity, in the words of /proc/PID/ns/net. */
function netOf(path: string): string | undefined {
  try {
    const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    const found = mounts.find((line) => line.split(" ")[4] === path);
    return found?.split(" ")[3];
  } catch {
    return undefined;
  }
}

function forwarders(state: ClusterState | undefined): number[] {
  return Object.values(state?.pids ?? {}).filter((pid) => alive(pid, "forward.ts"));
}

function found(state: ClusterState | undefined): number[] {
  return [...new Set([...forwarders(state), ...engineProcesses(), ...ourGroups().flatMap(processesUnder)])];
}

function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // already gone
    }
  }
}

function ourMounts(state: ClusterState | undefined): string[] {
  const roots = [inRun(), engineData(state?.cache)];
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .filter((path) => roots.some((root) => path === root || path.startsWith(`${root}/`)))
    .sort((a, b) => b.length - a.length);
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

/** True when something of an isolated cluster is on this host. */
export function leftoversFound(): boolean {
  const state = readState();
  return existsSync(namespacePath) || ourGroups().length > 0 || found(state).length > 0;
}

/** Ends every process, unmounts, removes the namespace, the control groups and the run folder. */
export async function clearLeftovers(): Promise<void> {
  const state = readState();
  await until("the cluster's processes end", 30, async () => {
    const pids = found(state);
    kill(pids);
    return pids.length === 0 ? true : undefined;
  });
  for (const path of ourMounts(state)) await attempt(["umount", "-l", path]);
  await until("the cluster's control groups are empty", 15, async () => {
    for (const group of [...ourGroups(), ...strayGroups(state)]) removeGroup(group);
    return ourGroups().length === 0 ? true : undefined;
  }).catch(() => undefined);
  restoreInotify(state);
  clearRunFolder();
}
