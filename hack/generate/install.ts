/** The plain install, manifests/operator.yaml: the chart as Helm renders it, without what only Helm needs. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { header } from "./crds.ts";

const root = join(import.meta.dirname, "..", "..");
export const chart = join(root, "charts", "webflow-operator");
export const installFile = "manifests/operator.yaml";

export function helm(binary: string, args: readonly string[]): string {
  const done = spawnSync(binary, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (done.error !== undefined) throw new Error(`helm could not be run at ${binary}: ${done.error.message}`);
  if (done.status !== 0) throw new Error(`helm ${args[0] ?? ""}: ${done.stderr.trim() || done.stdout.trim()}`);
  return done.stdout;
}

/** CRDs and the Secret come from elsewhere: from manifests/crd, and from files that the user makes. */
export function plainInstall(binary: string): string {
  const values = ["--set", "crds.enabled=false", "--set", "prober.existingSecret=webflow-prober"];
  const text = helm(binary, ["template", "webflow", chart, "--namespace", "webflow-system", "--skip-tests", ...values]);
  const ofHelm =
    /^ *(helm\.sh\/chart|app\.kubernetes\.io\/managed-by|app\.kubernetes\.io\/instance): .*\n|^# Source: .*\n|^ *#.*\n/gm;
  return header.replace("src/webflow", "charts/webflow-operator") + text.replace(ofHelm, "");
}
