// What a cluster could leave on this machine, looked at without the code that takes it down: namespaces, mounts,
// processes, devices and files of the network, and top-level control groups.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Machine {
  namespaces: string[];
  mounts: string[];
  processes: string[];
  devices: string[];
  groups: string[];
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);

/** What could be part of a cluster; other programs come and go on any machine. */
const clusterLike = /docker|containerd|runc|kube|etcd|cilium|coredns|traefik|webflow|shop|postgres|\/pause|forward\.ts/;

function processes(): string[] {
  return namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(join("/proc", pid, "cmdline"), "utf8")
          .replaceAll("\0", " ")
          .trim();
        return command !== "" && clusterLike.test(command) ? [`${pid} ${command.slice(0, 120)}`] : [];
      } catch {
        return []; // it ended while we looked
      }
    });
}

function groups(): string[] {
  const root = "/sys/fs/cgroup";
  // With version 2 there is one tree; below its first level services and sessions of the machine come and go.
  const isUnified = existsSync(join(root, "cgroup.controllers"));
  const controllers = isUnified ? [] : namesIn(root).filter((name) => existsSync(join(root, name, "cgroup.procs")));
  const all = [root, ...controllers.map((name) => join(root, name))];
  return all.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name)),
  );
}

export function lookAround(): Machine {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n");
  return {
    namespaces: namesIn("/run/netns"),
    mounts: mounts.map((line) => line.split(" ")[4] ?? "").sort(),
    processes: processes(),
    devices: namesIn("/sys/class/net"),
    groups: groups(),
  };
}

/** What is there now and was not before, each with its kind. */
export function leftOver(before: Machine, after: Machine): string[] {
  return (Object.keys(before) as (keyof Machine)[]).flatMap((kind) => {
    const known = [...before[kind]];
    return after[kind].flatMap((name) => {
      const at = known.indexOf(name);
      if (at >= 0) known.splice(at, 1);
      return at >= 0 ? [] : [`${kind}: ${name}`];
    });
  });
}
