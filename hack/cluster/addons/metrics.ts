// metrics-server, which here checks the kubelets' certificates instead of trusting whoever answers.
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { metricsServerImage } from "../baked.ts";
import { moduleFolder } from "../build.ts";
import { inCache } from "../paths.ts";
import { run } from "../run.ts";
import { kubectl, onControlPlane } from "./manifests.ts";

const clusterAuthority = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

function patches(): Record<string, unknown>[] {
  const container = "/spec/template/spec/containers/0";
  const operations = [
    { op: "replace", path: `${container}/image`, value: metricsServerImage },
    { op: "add", path: `${container}/args/-`, value: `--kubelet-certificate-authority=${clusterAuthority}` },
    { op: "replace", path: `${container}/readinessProbe/initialDelaySeconds`, value: 2 },
    { op: "replace", path: `${container}/readinessProbe/periodSeconds`, value: 2 },
    { op: "replace", path: "/spec/template/spec/nodeSelector", value: onControlPlane.nodeSelector },
    { op: "add", path: "/spec/template/spec/tolerations", value: onControlPlane.tolerations },
  ];
  return [{ target: { kind: "Deployment", name: "metrics-server" }, patch: JSON.stringify(operations) }];
}

export async function installMetricsServer(): Promise<void> {
  const work = inCache("work", "metrics-server-manifests");
  rmSync(work, { recursive: true, force: true });
  cpSync(join(moduleFolder("metrics-server"), "manifests", "base"), join(work, "base"), { recursive: true });
  await run(["chmod", "-R", "u+w", work]);
  writeFileSync(join(work, "kustomization.yaml"), stringify({ resources: ["base"], patches: patches() }));
  await kubectl(["apply", "--server-side", "--force-conflicts", "-k", work]);
  rmSync(work, { recursive: true, force: true });
}
