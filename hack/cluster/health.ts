// Is the cluster that the state tells of alive, and is all of it there? A healthy one must not be taken for dead: what
// it holds would be lost.
import { setTimeout as sleep } from "node:timers/promises";
import { kubectl } from "./access.ts";
import { containers } from "./addresses.ts";
import { tryDocker } from "./docker.ts";
import { clusterName } from "./paths.ts";
import { say } from "./progress.ts";
import { alive, type ClusterState } from "./state.ts";

/** As kind names the nodes of its configuration. */
export const expectedNodes = ["control-plane", "worker", "worker2", "worker3"].map((name) => `${clusterName}-${name}`);

export interface Lacking {
  nodes: string[];
  around: string[];
}

/** Which containers of the picture are not among these; others on the same engine do not count. */
export function lackingIn(running: readonly string[]): Lacking {
  const lacks = (names: readonly string[]): string[] => names.filter((name) => !running.includes(name));
  return { nodes: lacks(expectedNodes), around: lacks(Object.values(containers)) };
}

/** Undefined when the engine does not say. */
async function lacking(): Promise<Lacking | undefined> {
  const asked = await tryDocker(["ps", "--format", "{{.Names}}"], { timeoutMs: 8000 });
  return asked.code === 0 ? lackingIn(asked.stdout.trim().split("\n")) : undefined;
}

const engineAlive = ({ road, pids }: ClusterState): boolean =>
  road === "registry" || alive(pids.dockerd ?? 0, "dockerd");

/** Does any of it run? Asked without the cluster's own programs, which may be in another cache folder. */
export async function somethingRuns(state: ClusterState): Promise<boolean> {
  if (state.road === "isolated") return engineAlive(state);
  const lacks = await lacking();
  return lacks !== undefined && lacks.nodes.length < expectedNodes.length;
}

async function ready(): Promise<boolean> {
  const asked = await kubectl(["get", "--raw", "/readyz", "--request-timeout=5s"], { timeoutMs: 8000 });
  return asked.code === 0;
}

/**
 * What does not run around a cluster that answers; undefined when the cluster is dead. While engine and nodes live it is
 * asked again: a busy machine makes an API server slow.
 */
export async function stoppedAround(state: ClusterState, seconds = 30): Promise<string[] | undefined> {
  const end = Date.now() + seconds * 1000;
  for (let turn = 0; ; turn++) {
    const lacks = engineAlive(state) ? await lacking() : { nodes: expectedNodes, around: [] };
    if (lacks && lacks.nodes.length > 0) return undefined;
    if (lacks && (await ready())) return lacks.around;
    if (Date.now() > end) return undefined;
    if (turn === 0) say(`the cluster does not answer, but its engine lives: asking again for ${seconds} s`);
    await sleep(1000);
  }
}
