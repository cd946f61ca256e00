// MetalLB's controller alone: it assigns public addresses to Services. No speaker announces them, since the
// gateway's routing table sends the whole public range to the nodes.

import { publicRange } from "../addresses.ts";
import { metallbImage } from "../baked.ts";
import { until } from "../run.ts";
import { apply, type Manifest, onControlPlane, readManifests, template } from "./manifests.ts";

const unwanted = new Set([
  ...["DaemonSet/speaker", "ConfigMap/metallb-excludel2", "Secret/metallb-webhook-cert"],
  ...["Service/metallb-webhook-service", "ServiceAccount/speaker", "Role/pod-lister", "RoleBinding/pod-lister"],
  ...["ClusterRole/metallb-system:speaker", "ClusterRoleBinding/metallb-system:speaker"],
]);

function wanted(manifest: Manifest): boolean {
  if (manifest.kind === "ValidatingWebhookConfiguration") return false;
  return !unwanted.has(`${manifest.kind}/${manifest.metadata.name}`);
}

function changed(manifest: Manifest): Manifest {
  if (manifest.kind === "CustomResourceDefinition" && manifest.spec) delete manifest.spec.conversion;
  if (manifest.kind !== "Deployment") return manifest;
  const pod = template(manifest).spec;
  Object.assign(pod, onControlPlane);
  delete pod.volumes;
  for (const container of pod.containers) {
    container.image = metallbImage;
    container.args = [...(container.args ?? []), "--disable-cert-rotation", "--webhook-mode=disabled"];
    delete container.volumeMounts;
  }
  return manifest;
}

const pool: Manifest = {
  apiVersion: "metallb.io/v1beta1",
  kind: "IPAddressPool",
  metadata: { name: "public", namespace: "metallb-system" },
  spec: { addresses: [publicRange] },
};

export async function installMetallb(): Promise<void> {
  await apply(readManifests("metallb", "config/manifests/metallb-native.yaml").filter(wanted).map(changed));
  await until("the pool of public addresses is accepted", 60, () =>
    apply([pool]).then(
      () => true,
      () => undefined, // its CustomResourceDefinition is not served yet
    ),
  );
}
