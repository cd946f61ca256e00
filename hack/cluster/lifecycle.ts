// Bringing the cluster up and taking it down, whatever state the last command left it in.
import { existsSync, readdirSync } from "node:fs";
import { kubectl } from "./access.ts";
import { installAddons } from "./addons.ts";
import { containers, vpcRange } from "./addresses.ts";
import { rootfsTar } from "./apt.ts";
import { nodeRuntime } from "./baked.ts";
import { buildParts } from "./build.ts";
import { lines, tryDocker } from "./docker.ts";
import { chooseRoad, clearRunFolder, controlGroups, emptyEngine, ensurePackages, startEngine } from "./engine.ts";
import { nodeNames } from "./images.ts";
import { approveCertificates, createCluster } from "./kind.ts";
import { clearLeftovers, leftoversFound } from "./leftovers.ts";
import { buildHostImage, createNetworks, startNetwork } from "./network.ts";
import { nodeImage } from "./nodeimage.ts";
import { cacheFolder } from "./paths.ts";
import { say, step } from "./progress.ts";
import { rootfs } from "./rootfs.ts";
import { until } from "./run.ts";
import { alive, type ClusterState, newState, readState, writeState } from "./state.ts";

const expectedContainers = 4 + Object.keys(containers).length;

/** Does the cluster answer, with everything around it running? */
export async function clusterAnswers(): Promise<boolean> {
  const state = readState();
  if (state?.phase !== "up") return false;
  const ready = await kubectl(["get", "--raw", "/readyz", "--request-timeout=5s"], { timeoutMs: 8000 });
  if (ready.code !== 0) return false;
  const running = await tryDocker(["ps", "-q"], { timeoutMs: 8000 });
  return running.stdout.trim().split("\n").length >= expectedContainers;
}

function sayCache(): void {
  const folder = cacheFolder();
  const kept = existsSync(folder) ? readdirSync(folder).filter((name) => name !== "logs") : [];
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
  await Promise.all([buildParts(), packages()]);
}

async function images(state: ClusterState): Promise<string | undefined> {
  await buildHostImage();
  await nodeRuntime();
  return state.road === "isolated" ? nodeImage() : undefined;
}

async function bringUp(): Promise<void> {
  sayCache();
  const state = newState(await chooseRoad(), controlGroups());
  writeState(state);
  await prepare(state);
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

/** Makes sure the cluster is up; returns false when it was already. */
export async function ensureCluster(): Promise<boolean> {
  const state = readState();
  if (await clusterAnswers()) {
    if (state && state.cache !== cacheFolder()) {
      throw new Error(
        `a cluster is up already, made from the cache folder ${state.cache}: run \`npm run down\` first, or set WEBFLOW_CACHE to that folder`,
      );
    }
    say("the cluster is up already");
    return false;
  }
  if (leftoversFound()) await step("clear what an earlier cluster left behind", takeDown);
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

/** Removes everything `up` made but the cache; safe to run at any time and more than once. */
export async function takeDown(): Promise<void> {
  const state = readState();
  if (state?.road === "registry") {
    await emptyEngine();
    clearRunFolder();
    return;
  }
  if (state) await stopEngine(state);
  await clearLeftovers();
}
