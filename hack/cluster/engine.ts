// The Docker engine: the machine's own where it can fetch images, else Debian's in a network namespace without a
// way out, so that no container can send a packet off the host.
import { existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installPackages, missingPackages } from "./apt.ts";
import { partFile } from "./build.ts";
import { docker, dockerSocket, lines, tryDocker } from "./docker.ts";
import { cacheFolder, clusterName, ensureFolder, inRun, instanceName, logFile, runFolder } from "./paths.ts";
import { say, step } from "./progress.ts";
import { attempt, background, run, systemPath, until } from "./run.ts";
import { type ClusterState, type Road, writeState } from "./state.ts";

/** The namespace is held by a mount in the run folder, so that it goes with the rest of what is there. */
export const namespacePath = inRun("net");
export const engineData = (cache: string = cacheFolder()): string =>
  join(cache, instanceName() === clusterName ? "engine" : `engine-${instanceName()}`);
export const registryNodeImage = "kindest/node:v1.37.0";

async function dockerFetches(): Promise<string | undefined> {
  const info = await attempt(["docker", "info", "--format", "{{.ServerVersion}}"], { timeoutMs: 8000 });
  if (info.code !== 0) return "no Docker engine answers here";
  const image = await attempt(["docker", "manifest", "inspect", registryNodeImage], { timeoutMs: 20_000 });
  if (image.code !== 0) return `the Docker engine here cannot see ${registryNodeImage} in a registry`;
  return undefined;
}

/** Which road, and why: said aloud, because everything after depends on it. */
export async function chooseRoad(): Promise<Road> {
  const obstacle = await dockerFetches();
  if (!obstacle) {
    say(`road: Docker and its registry answer, so kind's own node image ${registryNodeImage} is used`);
    return "registry";
  }
  const debian = existsSync("/usr/bin/apt-get") && existsSync("/etc/debian_version");
  if (process.platform === "linux" && process.getuid?.() === 0 && debian) {
    say(`road: ${obstacle}; so a Docker engine in a network namespace of its own, and images made from packages`);
    return "isolated";
  }
  throw new Error(
    `a cluster needs one of two things. Either Docker with a registry: ${obstacle}. Or Debian Linux and root, to run an engine of our own: this is ${process.platform}, user ${process.getuid?.() ?? "unknown"}, ${debian ? "Debian" : "no apt-get"}. Start Docker, or run as root on Debian, then try again.`,
  );
}

export function controlGroups(): Record<string, string[]> {
  const root = "/sys/fs/cgroup";
  if (!existsSync(root)) return {};
  const folders = (path: string): string[] =>
    readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  return Object.fromEntries(folders(root).map((name) => [name, folders(join(root, name))]));
}

export async function ensurePackages(): Promise<void> {
  const missing = missingPackages();
  if (missing.length > 0) await step(`install ${missing.join(", ")} from Debian`, () => installPackages(missing));
}

const inotifyLimit = "/proc/sys/fs/inotify/max_user_instances";

/** Every kubelet, containerd and kube-proxy watches files, as one user: the usual 128 do not last for four nodes. */
function raiseInotify(state: ClusterState): void {
  const before = Number(readFileSync(inotifyLimit, "utf8"));
  if (before >= 1024) return;
  state.inotifyBefore = before;
  writeFileSync(inotifyLimit, "1024");
}

export function restoreInotify(state: ClusterState | undefined): void {
  if (state?.inotifyBefore) writeFileSync(inotifyLimit, String(state.inotifyBefore));
}

async function makeNamespace(): Promise<void> {
  ensureFolder(runFolder());
  writeFileSync(namespacePath, "");
  await run(["unshare", `--net=${namespacePath}`, "true"]);
  await run(["nsenter", `--net=${namespacePath}`, "ip", "link", "set", "lo", "up"]);
}

function startDaemon(): number {
  rmSync(inRun("docker.pid"), { force: true });
  const log = openSync(logFile("dockerd"), "a");
  const options = [
    ...["-H", `unix://${dockerSocket()}`, "--data-root", ensureFolder(engineData())],
    ...["--exec-root", ensureFolder(inRun("exec")), "--pidfile", inRun("docker.pid")],
    ...["--storage-driver", "overlay2", "--cgroup-parent", `/${instanceName()}`],
    ...["--add-runtime", `fitted=${partFile("runc-wrapper", "runc-wrapper")}`, "--default-runtime", "fitted"],
  ];
  return background(["nsenter", `--net=${namespacePath}`, "/usr/sbin/dockerd", ...options], log, {
    cwd: "/",
    env: { PATH: systemPath, HOME: "/root", DOCKER_RAMDISK: "" },
  });
}

async function waitForDaemon(pid: number): Promise<void> {
  await until("the Docker engine answers", 45, async () => {
    if (!existsSync(`/proc/${pid}`)) throw new Error(`the Docker engine ended at once; its log: ${logFile("dockerd")}`);
    return (await tryDocker(["info"])).code === 0 ? true : undefined;
  });
}

/** Starts our engine; a data folder it cannot start from is thrown away once, since images can be made again. */
export async function startEngine(state: ClusterState): Promise<void> {
  if (state.road === "registry") return;
  raiseInotify(state);
  await makeNamespace();
  const start = async (): Promise<void> => {
    state.pids.dockerd = startDaemon();
    writeState(state);
    await waitForDaemon(state.pids.dockerd);
  };
  await step("start the Docker engine in its namespace", async () => {
    try {
      await start();
    } catch (error) {
      say(`${error instanceof Error ? error.message : String(error)}: its data folder is thrown away and made anew`);
      rmSync(engineData(), { recursive: true, force: true });
      await start();
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
