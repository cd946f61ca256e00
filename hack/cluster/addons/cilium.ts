// Cilium by its own chart: it gives pods their network and enforces NetworkPolicies.
import { join } from "node:path";
import { podRange } from "../addresses.ts";
import { ciliumImage, ciliumOperatorImage } from "../baked.ts";
import { moduleFolder } from "../build.ts";
import { inRun } from "../paths.ts";
import { run } from "../run.ts";
import { type Road, toolPath } from "../state.ts";

/** The smallest Cilium that enforces policies: kube-proxy keeps the Services, nothing is observed or encrypted. */
const values: Readonly<Record<string, string>> = {
  "operator.replicas": "1",
  "ipam.mode": "kubernetes",
  routingMode: "native",
  ipv4NativeRoutingCIDR: podRange,
  autoDirectNodeRoutes: "true",
  kubeProxyReplacement: "false",
  l7Proxy: "false",
  "envoy.enabled": "false",
  "hubble.enabled": "false",
  healthChecking: "false",
  "endpointHealthChecking.enabled": "false",
  "cni.exclusive": "false",
};

/** What an image of our own and a kernel with everything built in need besides. */
const isolatedValues: Readonly<Record<string, string>> = {
  "image.override": ciliumImage,
  "image.pullPolicy": "Never",
  "operator.image.override": ciliumOperatorImage,
  "operator.image.pullPolicy": "Never",
  "securityContext.privileged": "true",
  "sysctlfix.enabled": "false",
  "cgroup.autoMount.enabled": "false",
  "cgroup.hostRoot": "/run/cilium/cgroupv2",
  bpfClockProbe: "false",
};

export async function installCilium(road: Road): Promise<void> {
  const all = { ...values, ...(road === "isolated" ? isolatedValues : {}) };
  const settings = Object.entries(all).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const chart = join(moduleFolder("cilium"), "install", "kubernetes", "cilium");
  await run([
    ...[toolPath("helm"), "upgrade", "--install", "cilium", chart, "--namespace", "kube-system"],
    ...["--kubeconfig", inRun("kubeconfig"), "--server-side=false", ...settings],
  ]);
}
