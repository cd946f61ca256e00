// Upstream manifests, read from the Go modules at run time and changed where this cluster differs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { moduleFolder } from "../build.ts";
import { inRun } from "../paths.ts";
import { run } from "../run.ts";
import { toolPath } from "../state.ts";

/** A Kubernetes object as it stands in a manifest: only what every change here needs is named. */
export interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string>; labels?: Record<string, string> };
  spec?: Record<string, unknown>;
  data?: Record<string, string>;
  [field: string]: unknown;
}

export interface PodTemplate {
  metadata?: Record<string, unknown>;
  spec: {
    containers: { image: string; args?: string[]; [field: string]: unknown }[];
    volumes?: Record<string, unknown>[];
    [field: string]: unknown;
  };
}

export function readManifests(part: string, path: string): Manifest[] {
  const text = readFileSync(join(moduleFolder(part), path), "utf8");
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as Manifest | null) ?? []);
}

export function template(manifest: Manifest): PodTemplate {
  return manifest.spec?.template as PodTemplate;
}

/** The cluster's own singletons live on the control plane, so that draining a worker moves none of them. */
export const onControlPlane = {
  nodeSelector: { "kubernetes.io/os": "linux", "node-role.kubernetes.io/control-plane": "" },
  tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }],
};

export async function apply(manifests: readonly Manifest[]): Promise<void> {
  const input = manifests.map((manifest) => stringify(manifest, { aliasDuplicateObjects: false })).join("---\n");
  await kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], input);
}

export function kubectl(args: readonly string[], input?: string): Promise<string> {
  const argv = [toolPath("kubectl"), "--kubeconfig", inRun("kubeconfig"), ...args];
  return run(argv, input === undefined ? {} : { input });
}
