// dockerd starts a containerd of its own, unless it sees the machine's socket: then it would hand our containers to the
// machine's, outside of our namespace and beyond our clearing up. There it is given one of ours to talk to.
import { existsSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { engineData, ensureFolder, inRun, logFile, namespacePath } from "./paths.ts";
import { background, systemPath } from "./run.ts";
import type { ClusterState } from "./state.ts";

const machineSocket = "/run/containerd/containerd.sock";

/** The folders dockerd gives the one it starts itself, so that it is the same whoever starts it. */
export function containerdSettings(data: string, exec: string): string {
  const at = (folder: string, name: string): string => JSON.stringify(join(folder, "containerd", name));
  return [
    "version = 2",
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    `root = ${at(data, "daemon")}`,
    `state = ${at(exec, "daemon")}`,
    "[grpc]",
    `address = ${at(exec, "containerd.sock")}`,
    "",
  ].join("\n");
}

/** Options for dockerd; none where it does right by itself. It waits for the socket. */
export function containerdOptions(state: ClusterState): string[] {
  if (!existsSync(machineSocket)) return [];
  const folder = ensureFolder(inRun("exec", "containerd"));
  const settings = join(folder, "own.toml");
  writeFileSync(settings, containerdSettings(engineData(), inRun("exec")));
  const argv = ["nsenter", `--net=${namespacePath}`, "/usr/bin/containerd", "--config", settings];
  const log = openSync(logFile("containerd"), "a");
  state.pids.containerd = background(argv, log, { cwd: "/", env: { PATH: systemPath, HOME: "/root" } });
  return ["--containerd", join(folder, "containerd.sock")];
}
