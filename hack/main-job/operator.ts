// Installs the operator by its Helm chart. Nothing is done when chart, values and image are what the release was made of.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { kubeconfigPath } from "../cluster/access.ts";
import { kubectl } from "../cluster/addons/manifests.ts";
import { nameServerAddress } from "../cluster/addresses.ts";
import { projectRoot } from "../cluster/paths.ts";
import { run } from "../cluster/run.ts";
import { toolPath } from "../cluster/state.ts";
import type { Contents } from "./images.ts";
import type { Trust } from "./trust.ts";

export const operatorNamespace = "webflow-system";
const release = "webflow";
const chart = join(projectRoot, "charts", "webflow-operator");
/** On the operator's pods: what the release was made from. */
const madeFrom = "webflow.dev/made-from";

function values(own: Trust): Record<string, unknown> {
  return {
    prober: { tls: { crt: own.certificate, key: own.key }, token: own.token },
    dns: { service: { type: "LoadBalancer", loadBalancerIP: nameServerAddress } },
  };
}

function hashOf(contents: Contents, settings: Record<string, unknown>): string {
  const hash = createHash("sha256").update(JSON.stringify([contents.operator, settings]));
  const entries = readdirSync(chart, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  for (const file of files) hash.update(relative(chart, file)).update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

const inNamespace = ["-n", operatorNamespace];
const records = (status: string) => ["secrets", "-l", `owner=helm,name=${release},status${status}`];

async function installedFrom(): Promise<string | undefined> {
  const deployed = await kubectl([...inNamespace, "get", ...records("=deployed"), "-o", "name"]);
  if (deployed.trim() === "") return undefined;
  const path = `jsonpath={.spec.template.metadata.annotations.${madeFrom.replaceAll(".", "\\.")}}`;
  return kubectl([...inNamespace, "get", "deployment", "webflow-operator", "--ignore-not-found", "-o", path]);
}

export async function operator(contents: Contents, own: Trust): Promise<void> {
  const settings = values(own);
  const wanted = hashOf(contents, settings);
  if ((await installedFrom()) === wanted) return;
  // A helm that was interrupted leaves a record that stops every later one.
  await kubectl([...inNamespace, "delete", ...records(" in (pending-install,pending-upgrade,pending-rollback)")]);
  await run(
    [
      ...[toolPath("helm"), "upgrade", "--install", release, chart, "--kubeconfig", kubeconfigPath()],
      ...["--namespace", operatorNamespace, "--create-namespace", "--values", "-", "--wait", "--timeout", "4m"],
    ],
    { input: JSON.stringify({ ...settings, podAnnotations: { [madeFrom]: wanted } }) },
  );
}
