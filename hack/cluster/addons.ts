// The add-ons, applied together and then waited for together: each alone would leave the machine idle.
import { installCilium } from "./addons/cilium.ts";
import { kubectl } from "./addons/manifests.ts";
import { installMetallb } from "./addons/metallb.ts";
import { installMetricsServer } from "./addons/metrics.ts";
import { installTraefik } from "./addons/traefik.ts";
import { resolverAddress } from "./addresses.ts";
import { step } from "./progress.ts";
import { until } from "./run.ts";
import type { Road } from "./state.ts";

/** Names the cluster does not know are asked of the picture's resolver: there is no other name server to reach. */
async function useResolver(): Promise<void> {
  const corefile = await kubectl([
    "-n",
    "kube-system",
    "get",
    "configmap",
    "coredns",
    "-o",
    "jsonpath={.data.Corefile}",
  ]);
  const changed = corefile.replace(/forward \. \S+/, `forward . ${resolverAddress}`);
  if (changed === corefile) return;
  const patch = JSON.stringify({ data: { Corefile: changed } });
  await kubectl(["-n", "kube-system", "patch", "configmap", "coredns", "--type=merge", "-p", patch]);
}

const workloads: readonly (readonly [namespace: string, workload: string])[] = [
  ["kube-system", "daemonset/cilium"],
  ["kube-system", "deployment/cilium-operator"],
  ["kube-system", "deployment/coredns"],
  ["local-path-storage", "deployment/local-path-provisioner"],
  ["metallb-system", "deployment/controller"],
  ["traefik", "deployment/traefik"],
];

async function whatIsWrong(namespace: string): Promise<string> {
  const pods = await kubectl(["-n", namespace, "get", "pods", "-o", "wide"]).catch(() => "");
  const events = await kubectl(["-n", namespace, "get", "events", "--sort-by=.lastTimestamp"]).catch(() => "");
  return `${pods}\nlast events:\n${events.trim().split("\n").slice(-8).join("\n")}`;
}

async function waitFor(namespace: string, workload: string): Promise<void> {
  try {
    await kubectl(["-n", namespace, "rollout", "status", workload, "--timeout=180s"]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${workload} in ${namespace} does not become ready: ${reason}\n${await whatIsWrong(namespace)}`);
  }
}

export async function installAddons(road: Road): Promise<void> {
  await step("apply Cilium, MetalLB, Traefik, metrics-server", async () => {
    await installCilium(road);
    await Promise.all([useResolver(), installTraefik(), installMetricsServer(), installMetallb()]);
  });
  await step("wait until the nodes are Ready", async () => {
    await kubectl(["wait", "node", "--all", "--for=condition=Ready", "--timeout=180s"]);
  });
  await step("wait until the add-ons are ready", async () => {
    for (const [namespace, workload] of workloads) await waitFor(namespace, workload);
  });
}

/** metrics-server has nothing to serve before it has asked every kubelet twice: waited for last, when it is done. */
export async function metricsServed(): Promise<void> {
  await waitFor("kube-system", "deployment/metrics-server");
  await until("metrics of the nodes are served", 90, () =>
    kubectl(["top", "nodes"]).then(
      () => true,
      () => undefined,
    ),
  );
}
