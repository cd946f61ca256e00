// Claim 8: the chart is right, tests itself, and installs without a single setting.
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { kubeconfigPath } from "../../hack/cluster/access.ts";
import { projectRoot } from "../../hack/cluster/paths.ts";
import { attempt, type Outcome } from "../../hack/cluster/run.ts";
import { toolPath } from "../../hack/cluster/state.ts";
import { childrenOf, conditionOf, eventually, kube, readFlow, shop } from "./cluster.ts";

const chart = join(projectRoot, "charts", "webflow-operator");
const system = "webflow-system";

function helm(args: readonly string[], input?: string): Promise<Outcome> {
  const argv = [toolPath("helm"), ...args, "--kubeconfig", kubeconfigPath(), "--namespace", system];
  return attempt(argv, { timeoutMs: 280_000, ...(input === undefined ? {} : { input }) });
}

async function done(args: readonly string[], input?: string): Promise<string> {
  const outcome = await helm(args, input);
  expect(outcome.code, `helm ${args[0]}: ${outcome.stderr}`).toBe(0);
  return outcome.stdout;
}

test("helm lint finds nothing", async () => {
  const lint = await attempt([toolPath("helm"), "lint", "--strict", chart]);
  expect(lint.code, lint.stdout + lint.stderr).toBe(0);
});

test("a value of a wrong type, and one that is unknown, are refused by name", async () => {
  const wrong = await helm(["template", "webflow", chart, "--set", "operator.replicas=many"]);
  expect(wrong.code).not.toBe(0);
  expect(wrong.stderr).toContain("replicas");
  const unknown = await helm(["template", "webflow", chart, "--set", "operator.replica=2"]);
  expect(unknown.code).not.toBe(0);
  expect(unknown.stderr).toContain("replica");
});

test("helm test passes", async () => {
  await done(["test", "webflow", "--timeout", "3m"]);
});

let values: string | undefined;

afterAll(async () => {
  if (values === undefined) return;
  await done(["upgrade", "--install", "webflow", chart, "--values", "-", "--wait", "--timeout", "4m"], values);
  await eventually(
    "shop is Ready again",
    240,
    async () => conditionOf(await readFlow(shop), "Ready")?.status === "True",
  );
}, 500_000);

test("helm install without a setting becomes Ready, and no flow's child is touched by leaving and coming", async () => {
  const uids = async () =>
    (await childrenOf(shop)).map((child) => `${child.kind} ${child.metadata.name} ${child.metadata.uid}`).sort();
  const before = await uids();
  values = await done(["get", "values", "webflow", "-o", "json"]);
  await done(["uninstall", "webflow", "--wait"]);
  await done(["install", "webflow", chart, "--wait", "--timeout", "4m"]);
  await kube(["-n", system, "rollout", "status", "deployment/webflow-operator", "--timeout=60s"]);
  await eventually("one of the new pods leads", 60, async () => {
    const pods = await kube([
      "-n",
      system,
      "get",
      "pods",
      "-l",
      "app.kubernetes.io/name=webflow-operator",
      "-o",
      "name",
    ]);
    const holder = await kube([
      "-n",
      system,
      "get",
      "lease",
      "webflow-operator",
      "-o",
      "jsonpath={.spec.holderIdentity}",
    ]);
    return pods.split("\n").includes(`pod/${holder.split("_")[0]}`);
  });
  await done(["test", "webflow", "--timeout", "3m"]);
  expect(await uids()).toEqual(before);
});
