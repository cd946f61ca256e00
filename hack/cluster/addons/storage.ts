// local-path-provisioner as the default StorageClass. kind applies what lies in the node image under this name.
import { localPathImage } from "../baked.ts";
import { type Manifest, onControlPlane, readManifests, template } from "./manifests.ts";

function helperPod(): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "helper-pod" },
    spec: {
      priorityClassName: "system-node-critical",
      tolerations: [{ operator: "Exists" }], // a volume is made on the private node as on any other
      containers: [{ name: "helper-pod", image: localPathImage, imagePullPolicy: "IfNotPresent" }],
    },
  });
}

function changed(manifest: Manifest): Manifest {
  if (manifest.kind === "StorageClass") {
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    return { ...manifest, metadata: { ...manifest.metadata, annotations } };
  }
  if (manifest.kind === "ConfigMap") return { ...manifest, data: { ...manifest.data, "helperPod.yaml": helperPod() } };
  if (manifest.kind === "Deployment") Object.assign(template(manifest).spec, onControlPlane);
  return manifest;
}

export function storageManifest(): Manifest[] {
  const all = readManifests("local-path-provisioner", "deploy/local-path-storage.yaml").map(changed);
  const own = all.find((manifest) => manifest.kind === "StorageClass");
  // "standard" is kind's name for its default class: both names lead to the same provisioner.
  const standard = own ? [{ ...own, metadata: { name: "standard" } }] : [];
  return [...all, ...standard];
}
