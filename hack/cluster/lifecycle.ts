// Bringing the cluster up and taking it down, whatever state the last command left it in.
import { existsSync, readdirSync } from "node:fs";
import { installAddons } from "./addons.ts";
import { vpcRange } from "./addresses.ts";
import { ensurePackages, rootfsTar } from "./apt.ts";
import { nodeRuntime } from "./baked.ts";
import { prepareParts } from "./build.ts";
import { lines, tryDocker } from "./docker.ts";
import { clearRunFolder, controlGroups, emptyEngine, startEngine } from "./engine.ts";
import { expectedNodes, somethingRuns, stoppedAround } from "./health.ts";
import { nodeNames } from "./images.ts";
import { raiseInotify, restoreInotify } from "./inotify.ts";
import { approveCertificates, createCluster } from "./kind.ts";
import { clearLeftovers, leftoversFound } from "./leftovers.ts";
import { buildHostImage, createNetworks, startNetwork } from "./network.ts";
import { nodeImage } from "./nodeimage.ts";
import { cacheFolder } from "./paths.ts";
import { say, step } from "./progress.ts";
import { chooseRoad } from "./road.ts";
import { rootfs } from "./rootfs.ts";
import { until } from "./run.ts";
import { alive, type ClusterState, newState, readState, stateExists, writeState } from "./state.ts";

function sayCache(): void {
  const folder = cacheFolder();
  const apart = new Set(["logs", "run", "run.lock"]); // written by every command
  const kept = existsSync(folder) ? readdirSync(folder).filter((name) => !apart.has(name)) : [];
  const what =
    kept.length === 0 ? "empty: a cold start, about 40 minutes on 2 cores" : `holds ${kept.sort().join(", ")}`;
  say(`cache folder ${folder} ${what}`);
}

/** Programs from source in one lane, Debian packages in the other: one waits for the processor, one for the network. */
async function prepare(state: ClusterState): Promise<void> {
  const packages = async (): Promise<void> => {
    if (state.road !== "isolated") return;
    await ensurePackages();
    for (const recipe of Object.values(rootfs)) await rootfsTar(recipe);
  };
  await Promise.all([prepareParts(state.road), packages()]);
}

async function images(state: ClusterState): Promise<string | undefined> {
  await buildHostImage();
  if (state.road === "registry") return undefined;
  await nodeRuntime();
  return nodeImage();
}

async function bringUp(): Promise<void> {
  sayCache();
  const road = await chooseRoad();
  clearRunFolder(); // what a cluster before this one noted, such as that its orders were posted, is not so of this one
  const state = newState(road, controlGroups());
  writeState(state);
  await prepare(state);
  raiseInotify(state);
  await startEngine(state);
  if (state.road === "registry") await emptyEngine();
  const image = await images(state);
  await createNetworks();
  await step("create the kind cluster: control plane, two public workers, one private", () =>
    createCluster(state, image),
  );
  const names = await nodeNames();
  await Promise.all([
    step("approve the kubelets' certificates", () => approveCertificates(names)),
    step(`gateway, browser and resolver around the VPC ${vpcRange}`, () => startNetwork(names)),
    installAddons(state.road),
  ]);
  state.phase = "up";
  writeState(state);
}

/** Another cache folder has other programs, and would find the cluster dead that runs. */
async function requireSameCache(state: ClusterState): Promise<void> {
  if (state.phase !== "up" || state.cache === cacheFolder() || !(await somethingRuns(state))) return;
  throw new Error(
    `a cluster is up already, made from the cache folder ${state.cache}: run \`npm run down\` first, or set WEBFLOW_CACHE to that folder`,
  );
}

async function mendAround(stopped: readonly string[]): Promise<void> {
  if (stopped.length === 0) return;
  await step(`start again what stopped around the cluster: ${stopped.join(", ")}`, async () => {
    await buildHostImage();
    await startNetwork(expectedNodes, stopped);
  });
}

/** Makes sure the cluster is up; returns false when it was already. */
export async function ensureCluster(): Promise<boolean> {
  const state = readState();
  if (state) await requireSameCache(state);
  const stopped = state?.phase === "up" ? await stoppedAround(state) : undefined;
  if (stopped) {
    await mendAround(stopped);
    say("the cluster is up already");
    return false;
  }
  if (stateExists() || leftoversFound()) await step("clear what an earlier cluster left behind", takeDown);
  await bringUp();
  return true;
}

async function stopEngine(state: ClusterState): Promise<void> {
  const pid = state.pids.dockerd ?? 0;
  if (!alive(pid, "dockerd")) return;
  if ((await tryDocker(["info"], { timeoutMs: 10_000 })).code === 0) {
    const all = await lines(["ps", "-aq"]);
    await Promise.all(all.map((id) => tryDocker(["rm", "-fv", id], { timeoutMs: 90_000 })));
    await tryDocker(["network", "prune", "-f"], { timeoutMs: 30_000 });
  }
  process.kill(pid, "SIGTERM");
  await until("the Docker engine stops", 20, async () => (alive(pid, "dockerd") ? undefined : true)).catch(
    () => undefined,
  );
}

async function engineHereAnswers(): Promise<boolean> {
  return (await tryDocker(["info"], { timeoutMs: 8000 })).code === 0;
}

/** Removes everything `up` made but the cache; safe to run at any time and more than once. */
export async function takeDown(): Promise<void> {
  const state = readState();
  if (state?.road === "registry") {
    await emptyEngine();
    restoreInotify(state);
    clearRunFolder();
    return;
  }
  if (state) await stopEngine(state);
  else if (await engineHereAnswers()) await emptyEngine(); // without a state either road may have been taken
  await clearLeftovers();
}
