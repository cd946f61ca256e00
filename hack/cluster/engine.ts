// The Docker engine. On the isolated road it is Debian's, in a network namespace without a way out, so that no container
// can send a packet off the host.
import { existsSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { partFile } from "./build.ts";
import { containerdOptions } from "./containerd.ts";
import { docker, dockerSocket, lines, tryDocker } from "./docker.ts";
import { unmountBelow } from "./mounts.ts";
import {
  clusterName,
  engineData,
  ensureFolder,
  inRun,
  instanceName,
  logFile,
  namespacePath,
  runFolder,
} from "./paths.ts";
import { endAll, engineProcesses } from "./processes.ts";
import { say, step } from "./progress.ts";
import { background, run, systemPath, until } from "./run.ts";
import { alive, type ClusterState, writeState } from "./state.ts";

/** Control groups by the folder they are in: with the old layout each controller's, with the new one the top alone. */
export function controlGroups(): Record<string, string[]> {
  const root = "/sys/fs/cgroup";
  if (!existsSync(root)) return {};
  const folders = (path: string): string[] =>
    readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  const top = folders(root);
  return { "": top, ...Object.fromEntries(top.map((name) => [name, folders(join(root, name))])) };
}

async function makeNamespace(): Promise<void> {
  ensureFolder(runFolder());
  writeFileSync(namespacePath, "");
  await run(["unshare", `--net=${namespacePath}`, "true"]);
  await run(["nsenter", `--net=${namespacePath}`, "ip", "link", "set", "lo", "up"]);
}

function startDaemon(state: ClusterState): number {
  rmSync(inRun("docker.pid"), { force: true });
  // The machine's /etc/docker/daemon.json is meant for another engine, and dockerd refuses what is said in both places.
  writeFileSync(inRun("docker.json"), "{}\n");
  const log = openSync(logFile("dockerd"), "a");
  const options = [
    ...["-H", `unix://${dockerSocket()}`, "--data-root", ensureFolder(engineData())],
    ...["--exec-root", ensureFolder(inRun("exec")), "--pidfile", inRun("docker.pid")],
    ...["--config-file", inRun("docker.json"), ...containerdOptions(state)],
    // Under systemd and the new control groups it would else choose systemd's driver, which takes no parent of this form.
    ...["--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", `/${instanceName()}`],
    ...["--storage-driver", "overlay2"],
    ...["--add-runtime", `fitted=${partFile("runc-wrapper", "runc-wrapper")}`, "--default-runtime", "fitted"],
  ];
  return background(["nsenter", `--net=${namespacePath}`, "/usr/sbin/dockerd", ...options], log, {
    cwd: "/",
    env: { PATH: systemPath, HOME: "/root", DOCKER_RAMDISK: "" },
  });
}

async function waitForDaemon(pid: number): Promise<void> {
  const log = `its log: ${logFile("dockerd")}`;
  await until(`the Docker engine answers (${log})`, 45, async () => {
    if (!existsSync(`/proc/${pid}`)) throw new Error(`the Docker engine ended at once; ${log}`);
    return (await tryDocker(["info"])).code === 0 ? true : undefined;
  });
}

/** Does this log of an engine that ended say that its data folder is spoiled? A full disk or a missing right is not that. */
export function tellsOfSpoiledData(log: string): boolean {
  const last = log.split("\n").filter((line) => /failed to start (daemon|containerd)|^containerd: /.test(line));
  const spoiled =
    /graphdriver|layer|imagedb|reference store|volume store|invalid database|checksum|file size too small|unexpected (EOF|end of JSON)/i;
  const other = /no space left|read-only file system|not permitted|permission denied|not supported/i;
  return last.some((line) => spoiled.test(line)) && !last.some((line) => other.test(line));
}

async function startDaemonAndWait(state: ClusterState): Promise<void> {
  state.pids.dockerd = startDaemon(state);
  writeState(state);
  await waitForDaemon(state.pids.dockerd);
}

/** Images can be made again; but only what no process uses and nothing is mounted in is thrown away. */
async function throwDataAway(): Promise<void> {
  await endAll("the processes of the first attempt", 20, engineProcesses);
  await unmountBelow(engineData(), inRun("exec"));
  rmSync(engineData(), { recursive: true, force: true });
}

/** Starts our engine; a data folder it cannot start from is thrown away once. */
export async function startEngine(state: ClusterState): Promise<void> {
  if (state.road === "registry") return;
  await makeNamespace();
  await step("start the Docker engine in its namespace", async () => {
    const log = logFile("dockerd");
    const before = existsSync(log) ? statSync(log).size : 0;
    try {
      await startDaemonAndWait(state);
    } catch (error) {
      const said = readFileSync(log).subarray(before).toString();
      if (alive(state.pids.dockerd ?? 0, "dockerd") || !tellsOfSpoiledData(said)) throw error;
      say(`${error instanceof Error ? error.message : String(error)}: its data folder is thrown away and made anew`);
      await throwDataAway();
      await startDaemonAndWait(state);
    }
  });
  await emptyEngine();
}

/** Removes what an earlier cluster left in our own engine; on the registry road only what carries our name. */
export async function emptyEngine(): Promise<void> {
  const filter = ["--filter", `label=${ownLabel}`];
  const kind = ["--filter", `label=io.x-k8s.kind.cluster=${clusterName}`];
  const left = async () => [
    ...new Set([...(await lines(["ps", "-aq", ...filter])), ...(await lines(["ps", "-aq", ...kind]))]),
  ];
  // An engine that was killed may be removing some by itself just now, and refuses to be asked twice.
  await until("containers of an earlier cluster are removed", 90, async () => {
    const ids = await left();
    await Promise.all(ids.map((id) => tryDocker(["rm", "-fv", id], { timeoutMs: 60_000 }))); // one call for all would go one by one
    return (await left()).length === 0 || undefined;
  });
  const networks = await lines(["network", "ls", "-q", ...filter]);
  if (networks.length > 0) await docker(["network", "rm", ...networks]);
}

export const ownLabel = "webflow.dev/cluster";
export const label = ["--label", `${ownLabel}=${clusterName}`] as const;

export function clearRunFolder(): void {
  rmSync(runFolder(), { recursive: true, force: true });
}
